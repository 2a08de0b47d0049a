"""What must happen in the network."""

import os
import re
import subprocess
import time
import uuid

from hosts import Greylist, PolicyHost
from kit import need
from peer import reported

PATIENCE = 30  # seconds
WAITING = int(os.environ.get("MESSAGES", "300"))  # messages that wait for a host that is down


POLICY = "version: STSv1\r\nmode: enforce\r\nmx: {mx}\r\nmax_age: 86400\r\n"


def until(look, why):
    end = time.monotonic() + PATIENCE
    while not (found := look()):
        need(time.monotonic() < end, why)
        time.sleep(0.1)
    return found


def letter(sender, to):
    token = uuid.uuid4().hex
    text = f"From: {sender}\r\nTo: {to}\r\nSubject: {token}\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
    return token, f"{text}Message-ID: <{token}@network.test>\r\n\r\nHello \r\n".encode()


def arrived(host, token, mailbox="INBOX"):
    return until(lambda: host.delivered(token, mailbox), f"it did not reach {host.name}")


def travelled(source, target):
    """A message goes from one to the other by MX and under TLS, and what it says of itself is believed."""
    token, raw = letter(source.user, target.user)
    source.submit([target.user], raw)
    found = arrived(target, token)
    need(len(found) == 1, f"it arrived {len(found)} times")
    text = found[0].decode()
    trace = re.search(rf"Received: from [^;]*mx\.{source.domain}[^;]*;", text)
    need(trace and re.search(r"ESMTPS|esmtps|TLS", trace[0]), f"no TLS: {text[:900]}")
    ours = {"a", "b"}
    if target.name in ours:
        for word in ("spf=pass", "dmarc=pass"):
            need(word in text, f"{word} is missing: {text[:900]}")
        if source.name in ours:
            passed = text.count("dkim=pass")
            need(passed == 2, f"{passed} of two signatures, Ed25519 and RSA: {text[:1500]}")
            return "our reader believes both signatures, Ed25519 and RSA"
    elif source.name in ours:
        return signed(text)


def signed(text):
    """OpenDKIM believes each of our signatures, alone, and not once the message is changed."""
    fields = re.split(r"\r\n(?![ \t])", text[text.index("DKIM-Signature:") :], maxsplit=2)
    rest = fields.pop()
    need(len(fields) == 2, f"{fields}")
    said = {}
    for field in fields:
        algorithm = re.search(r"\ba=([\w-]+)", field)[1]
        mail = (field + "\r\n" + rest).encode()
        wrong = mail.replace(b"Hello", b"Hullo")
        said[algorithm] = [
            subprocess.run(
                ["opendkim-testmsg"], input=m, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
            )
            for m in (mail, wrong)
        ]
    need(set(said) == {"rsa-sha256", "ed25519-sha256"}, f"{set(said)}")
    for algorithm, (done, changed) in said.items():
        need(done.returncode == 0, f"{algorithm}: {done.stdout.decode()}")
        need(changed.returncode != 0, f"{algorithm}: a message that was changed is believed, too")
    return "OpenDKIM believes " + " and ".join(sorted(said))


def returned(source, recipient, status):
    """The sender hears that there is no such recipient."""
    token, raw = letter(source.user, recipient)
    source.submit([recipient], raw)

    def look():
        for octets in source.delivered(token):
            said = reported(octets)
            if said and recipient in said:
                return said[recipient]
        return None

    action, code, _ = until(look, f"{source.name} was not told")
    need(action == "failed" and code.startswith(status), f"{action} {code}")


def bring(target, sender, author):
    """A stranger at another address brings a message; the reply to it."""
    import smtplib

    token, raw = letter(author, target.user)
    with smtplib.SMTP(target.address, 25, timeout=20, source_address=("127.0.1.77", 0)) as s:
        s.ehlo("stranger.test")
        s.mail(sender)
        need(s.rcpt(target.user)[0] == 250, "the recipient is refused")
        return token, s.data(raw)


def survives(a, b):
    """The next host is down while messages come, and the server is killed: meanwhile, and while it sends. None may be lost; one
    may come twice only where a kill broke its connection between the last dot and the record of its answer."""
    b.kill()
    batch = uuid.uuid4().hex
    for part in range(3):
        with a.session() as s:
            for number in range(part * WAITING // 3, (part + 1) * WAITING // 3):
                raw = f"From: {a.user}\r\nTo: {b.user}\r\nSubject: {batch}-{number}\r\n\r\nx\r\n"
                s.sendmail(a.user, [b.user], raw)
        a.kill()
        a.start()
    waiting = a.command("queue", "list").count("to <")
    need(waiting == WAITING, f"{waiting} of {WAITING} wait")
    b.start()
    a.command("queue", "flush")
    kills = []
    end = time.monotonic() + PATIENCE + WAITING / 50
    while "the queue is empty" not in a.command("queue", "list"):
        need(time.monotonic() < end, "the queue does not empty")
        if len(kills) < 2:
            kills.append(time.time())
            a.kill()
            a.start()
        a.command("queue", "flush")
        time.sleep(0.3)
    arrivals = b.arrivals(batch)
    need(len(arrivals) == WAITING, f"{WAITING - len(arrivals)} of {WAITING} are lost")
    doubled = {subject: times for subject, times in arrivals.items() if len(times) > 1}
    for subject, times in doubled.items():
        # Each copy too many was on its way when a kill broke the connection: it came just before, the next one after.
        broke = [k for k in kills if times[0] - 1 <= k <= times[-1] + 1 and k - times[0] < 3]
        need(len(times) <= 1 + len(broke), f"{subject} came at {times}, kills at {kills}")
    # A connection carries one message at a time, and there are eight of them to one destination.
    need(len(doubled) <= 8 * len(kills), f"{len(doubled)} came twice")
    return f"{WAITING} messages, {3 + len(kills)} kills, {len(doubled)} twice, each over a connection that a kill broke"


def run(report, stage, a, b, postfix, exim):
    hosts = (a, b, postfix, exim)
    for source in hosts:
        for target in hosts:
            if source is not target:
                report.step(f"{source.name} to-{target.name}", lambda: travelled(source, target))

    grey = None

    def refused():
        _, (code, words) = bring(b, "x@strict.test", "x@strict.test")
        need(code == 550 and b"DMARC" in words, words)

    def junk():
        token, (code, words) = bring(b, "x@soft.test", "x@soft.test")
        need(code == 250, words)
        text = arrived(b, token, "Junk")[0].decode()
        need("spf=fail" in text and "dmarc=fail" in text, text[:600])

    def forged():
        _, (code, words) = bring(b, "x@elsewhere.test", a.user)
        need(code == 550 and b"DMARC" in words, words)

    def failover():
        b.command("domain", "add", "failover.test")
        b.command("alias", "set", "alice@failover.test", b.user)
        token, raw = letter(a.user, "alice@failover.test")
        a.submit(["alice@failover.test"], raw)
        arrived(b, token)

    def greylisted():
        nonlocal grey
        grey = host = Greylist()
        stage.closing.append(host.listener.close)
        token, raw = letter(a.user, "x@grey.test")
        a.submit(["x@grey.test"], raw)
        message = until(lambda: host.messages, "it was not tried again")[0]
        need(token.encode() in message and len(host.tries) == 2, f"{len(host.tries)} attempts")

    def smarthost():
        b.command("domain", "add", "smart.test")
        b.command("alias", "set", "alice@smart.test", b.user)
        token, raw = letter(a.user, "alice@smart.test")
        a.submit(["alice@smart.test"], raw)
        text = arrived(b, token)[0].decode()
        trace = re.search(r"by mx\.exim\.test with (\w+)", text)
        need(trace and trace[1].upper() == "ESMTPSA", f"not by Exim, logged in and under TLS: {text[:900]}")
        need("by mx.b.test" in text, text[:900])

    def shared():
        """What waits for one domain goes out together, over few connections, also to servers that are not ours."""
        a.command("queue", "pause")
        tokens = []
        with a.session() as s:
            for _ in range(20):
                token, raw = letter(a.user, exim.user)
                s.sendmail(a.user, [exim.user], raw)
                tokens.append(token)
        before = exim.connections(a.address)
        a.command("queue", "resume")
        for token in tokens:
            need(len(arrived(exim, token)) == 1, "it came twice")
        connections = exim.connections(a.address) - before
        need(1 <= connections <= 5, f"{connections} connections")
        return f"20 messages over {connections} connections"

    def sts():
        """A policy is fetched once, kept to, and outlives its host and our server."""
        host = PolicyHost(stage, "127.0.1.6", ["sts.test"], POLICY.format(mx="*.b.test"))
        b.command("domain", "add", "sts.test")
        b.command("alias", "set", "alice@sts.test", b.user)
        for _ in range(2):
            token, raw = letter(a.user, "alice@sts.test")
            a.submit(["alice@sts.test"], raw)
            arrived(b, token)
        need(host.asked == 1, f"the policy was asked for {host.asked} times")
        host.close()
        a.kill()
        a.start()
        before = len(a.output.read_bytes())
        token, raw = letter(a.user, "alice@sts.test")
        a.submit(["alice@sts.test"], raw)
        arrived(b, token)
        said = a.output.read_bytes()[before:].decode()
        need("MTA-STS policy" not in said, "the policy was asked for again")

    def sts_refusals():
        """A host without TLS, and one that the policy does not name, get nothing."""
        host = PolicyHost(
            stage, "127.0.1.7", ["sts-clear.test", "sts-other.test"], POLICY.format(mx="mx.grey.test")
        )
        stage.closing.append(host.close)
        for domain, why in (
            ("sts-clear.test", "offers no TLS"),
            ("sts-other.test", "none of its MX is in its MTA-STS policy"),
        ):
            _, raw = letter(a.user, f"x@{domain}")
            a.submit([f"x@{domain}"], raw)
            until(
                lambda: any(f"x@{domain}" in line and why in line for line in a.lines("deferred")),
                f"{domain}: no {why}",
            )
            if domain == "sts-clear.test":
                # RFC 8689 §4.2.2: a message may do without what the domain demands.
                token, raw = letter(a.user, f"y@{domain}")
                a.submit([f"y@{domain}"], b"TLS-Required: No\r\n" + raw)
                until(lambda: any(token.encode() in m for m in grey.messages), "it does not go without TLS")
            for number in re.findall(r"^(\d+) ", a.command("queue", "list"), re.MULTILINE):
                a.command("queue", "remove", number)

    report.step("mta-sts kept-to", sts)
    report.step("route smarthost", smarthost)
    report.step("connections shared", shared)
    report.step("dmarc reject", refused)
    report.step("dmarc quarantine", junk)
    report.step("dmarc forged-author", forged)
    report.step("mx failover", failover)
    report.step("mx null", lambda: returned(a, "x@null.test", "5.1.10"))
    report.step("retry greylisting", greylisted)
    report.step("mta-sts refusals", sts_refusals)
    for source, target, status in (
        (a, postfix, "5.1.1"),
        (a, exim, "5."),
        (a, b, "5.1.1"),
        (postfix, a, "5.1.1"),
        (exim, b, "5."),
    ):
        report.step(
            f"bounce {source.name}-{target.name}",
            lambda: returned(source, f"nobody@{target.domain}", status),
        )
    report.step("queue survives", lambda: survives(a, b))
