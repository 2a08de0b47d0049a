"""From our users, by our relay, to a peer."""

import smtplib
import subprocess
import time

from kit import need, same_below_trace
from letters import BODIES, letter, mebibyte, short
from ours import reports

# Far fewer than the 52 of a client that waits for each reply to 50 recipients; more than the ten or so of one that does not,
# because a server may answer in several pieces.
MOST_TURNS = 20


def run(kit, peer, report):
    for name, (body, fields) in BODIES.items():
        report.step(f"to.{name}", identical, kit, peer, name, body, fields)
    report.step("to.chunked", chunked, kit, peer)
    peer.outward.target = ("127.0.0.1", peer.mx_data)
    for name, (body, fields) in BODIES.items():
        report.step(f"to.data.{name}", identical, kit, peer, name, body, fields)
    peer.outward.target = ("127.0.0.1", peer.mx)
    report.step("to.data.not-chunked", chunked, kit, peer)
    for step in (
        fifty_recipients,
        all_refused,
        refused_content,
        later,
        cut_off,
        too_large,
        other_name,
        hundred_messages,
        example,
    ):
        report.step(f"to.{step.__name__.replace('_', '-')}", step, kit, peer)


def send(kit, peer, raw, users=("u01",)):
    """Alice submits it to users of the peer."""
    kit.server.submit(kit.server.address(0), [f"{u}@{peer.domain}" for u in users], raw)


def arrived(kit, peer, user, token):
    return kit.until(
        lambda: peer.delivered(user, token), f"{token} has not arrived at {user} of {peer.name}"
    )


def bounced(kit, token, count=1):
    """The reports on this message, when there are as many as that."""
    found = {}

    def look():
        found.update(reports(kit, token))
        return len(found) >= count

    kit.until(look, f"no report on {token}; so far {found}")
    return found


def identical(kit, peer, name, body, fields):
    token = kit.token(name)
    raw = letter(token, body, fields=fields)
    send(kit, peer, raw)
    got = arrived(kit, peer, "u01", token)
    same_below_trace(got[0], raw)
    return f"{len(raw)} octets as sent"


def chunked(kit, peer):
    """What went to the port that offers CHUNKING came by BDAT, and nothing else."""
    kit.until(lambda: peer.chunked() >= len(BODIES), f"{peer.chunked()} messages came by BDAT")
    need(peer.chunked() == len(BODIES), f"{peer.chunked()} messages came by BDAT")
    return f"{len(BODIES)} messages came by BDAT"


def fifty_recipients(kit, peer):
    """Forty are taken, ten are refused: one result each, in few turns, under TLS."""
    token = kit.token("fifty")
    raw = short(token)
    known = [f"u{n:02}" for n in range(1, 41)]
    unknown = [f"no{n:02}" for n in range(1, 11)]
    # A refusal after every four that are taken.
    mixed = [u for n in range(10) for u in (*known[n * 4 : n * 4 + 4], unknown[n])]
    before = len(peer.outward.sessions)
    send(kit, peer, raw, mixed)
    found = bounced(kit, token, len(unknown))
    for user in known:
        got = arrived(kit, peer, user, token)
        need(len(got) == 1, f"{len(got)} copies for {user}")
        same_below_trace(got[0], raw)
    need(set(found) == {f"{u}@{peer.domain}" for u in unknown}, f"reported: {sorted(found)}")
    for to, (action, status, why) in found.items():
        need(action == "failed" and status.startswith("5."), f"{to}: {action} {status}")
        need("550" in why, f"{to}: the peer's reply is not in the report: {why}")
    sessions = peer.outward.sessions[before:]
    need(len(sessions) == 1, f"{len(sessions)} sessions for one message to one domain")
    need(sessions[0].tls, f"no TLS: {sessions[0].said[:200]}")
    need(sessions[0].turns <= MOST_TURNS, f"{sessions[0].turns} turns: it does not pipeline")
    return f"40 delivered, 10 reported, {sessions[0].turns} turns under TLS"


def all_refused(kit, peer):
    token = kit.token("refused")
    users = [f"no{n:02}" for n in range(1, 6)]
    send(kit, peer, short(token), users)
    found = bounced(kit, token, len(users))
    need(set(found) == {f"{u}@{peer.domain}" for u in users}, f"reported: {sorted(found)}")
    need(all("550" in said[2] for said in found.values()), f"the peer's replies: {found}")
    return found[f"no01@{peer.domain}"][2]


def refused_content(kit, peer):
    """Refused when it is whole: that decides every recipient that was taken."""
    token = kit.token("content")
    send(kit, peer, short(token, fields=["X-Refuse: yes"]), ["u01", "no01", "u02"])
    found = bounced(kit, token, 3)
    need(
        "Not such content" in found[f"u01@{peer.domain}"][2]
        and "Not such content" in found[f"u02@{peer.domain}"][2]
        and "Not such content" not in found[f"no01@{peer.domain}"][2],
        f"reported: {found}",
    )
    need(not peer.delivered("u01", token), "delivered all the same")
    return found[f"u01@{peer.domain}"][2]


def later(kit, peer):
    """One recipient is refused for the time being: it gets its copy by a retry, the other gets no second one."""
    token = kit.token("later")
    raw = short(token)
    peer.be_busy(True)
    before = peer.log().count("come again")
    try:
        send(kit, peer, raw, ["u01", "later"])
        kit.until(
            lambda: peer.log().count("come again") > before and peer.delivered("u01", token),
            "no first attempt",
        )
        need(not peer.delivered("later", token), "delivered in spite of 450")
    finally:
        peer.be_busy(False)
    start = time.monotonic()
    got = arrived(kit, peer, "later", token)
    waited = time.monotonic() - start
    same_below_trace(got[0], raw)
    need(len(got) == len(peer.delivered("u01", token)) == 1, "more than one copy")
    need(not reports(kit, token), "reported, though delivered")
    return f"delivered {waited:.1f} s after the peer had time"


def cut_off(kit, peer):
    """The connection breaks in the middle of the message: a retry, one whole copy."""
    token = kit.token("cut")
    raw = letter(token, mebibyte())
    before = len(peer.outward.sessions)
    peer.outward.cut_next(300_000)
    send(kit, peer, raw, ["u01", "u02"])
    for user in ("u01", "u02"):
        got = arrived(kit, peer, user, token)
        same_below_trace(got[0], raw)
        need(len(got) == 1, f"{len(got)} copies")
    sessions = peer.outward.sessions[before:]
    need(len(sessions) == 2, f"{len(sessions)} sessions")
    return f"cut after {sessions[0].octets} octets; one copy each by the second session"


def too_large(kit, peer):
    """Over the SIZE the peer offers and under ours: it is not even tried."""
    token = kit.token("large")
    send(kit, peer, letter(token, mebibyte() + mebibyte()[:400_000]))
    found = bounced(kit, token)
    action, status, why = found[f"u01@{peer.domain}"]
    need(status == "5.3.4", f"status {status}: {why}")
    need(peer.outward.sessions[-1].octets < 10_000, "the message was sent")
    return why


def other_name(kit, peer):
    """Where the certificate is for another name, the message waits; it does not go in the clear."""
    token = kit.token("name")
    before = len(peer.outward.sessions)
    address = f"u01@other-{peer.domain}"
    kit.server.submit(kit.server.address(0), [address], short(token))
    why = []

    def deferred():
        lines = kit.log.read_text(errors="replace").splitlines()
        why[:] = [line for line in lines if "deferred" in line and address in line]
        return len(why) >= 2

    kit.until(deferred, "it was not tried twice")
    need("certificate" in why[0].lower(), f"another reason: {why[0]}")
    for session in peer.outward.sessions[before:]:
        need(session.tls, f"in the clear: {session.said[:200]}")
    need(not peer.delivered("u01", token), "delivered all the same")
    return why[0].partition("error=")[2]


def hundred_messages(kit, peer):
    """In one session to us, as fast as we take them: each arrives once."""
    tokens = [kit.token("hundred") + "x" for _ in range(100)]
    to = f"u40@{peer.domain}"
    with smtplib.SMTP("localhost", kit.server.ports["submission"], timeout=30) as s:
        s.starttls(context=kit.server.context)
        s.login(*kit.server.users[0])
        for token in tokens:
            s.sendmail(kit.server.address(0), [to], short(token))
    copies = {}

    def look():
        copies.update({token: len(peer.delivered("u40", token)) for token in tokens})
        return all(copies.values())

    kit.until(look, f"only {sum(map(bool, copies.values()))} of 100 have arrived")
    need(set(copies.values()) == {1}, f"copies: {copies}")
    return "one copy each"


def example(kit, peer):
    """The example `send` of smtp-proto, straight to the peer."""
    token = kit.token("example")
    raw = letter(token, BODIES["8bit"][0], fields=BODIES["8bit"][1])
    arguments = ["--tls", kit.authority, f"localhost:{peer.mx}", "alice@example.test"]
    arguments += [f"{user}@{peer.domain}" for user in ("u01", "no01", "u02")]
    done = subprocess.run([kit.sender, *arguments], input=raw, capture_output=True, timeout=30)
    lines = done.stdout.decode().splitlines()
    need(done.returncode == 1 and not done.stderr, f"{done.returncode} {done.stderr.decode()}")
    for line, start in zip(lines, ("u01@", "no01@", "u02@"), strict=True):
        code = "550" if start == "no01@" else "250"
        need(line.startswith(f"{start}{peer.domain}: {code}"), f"{lines}")
    for user in ("u01", "u02"):
        same_below_trace(arrived(kit, peer, user, token)[0], raw)
    return lines[0]
