"""The example `send` of smtp-proto delivers into Dovecot by LMTP: one result for each recipient, read back by IMAP. And our server
does, by a route."""

import subprocess

from dovecot import FULL, USERS
from kit import need, same_below_trace
from letters import BODIES, letter, short
from ours import reports
from serve import free_ports
from tap import Tap

# A client that waits for each reply needs 28 turns for 20 recipients.
MOST_TURNS = 14


def run(kit, dovecot, report):
    for name, (body, fields) in BODIES.items():
        report.step(f"lmtp.{name}", identical, kit, dovecot, name, body, fields)
    for step in (per_recipient, one_is_full, all_refused, under_tls, by_route):
        report.step(f"lmtp.{step.__name__.replace('_', '-')}", step, kit, dovecot)


def send(kit, dovecot, raw, users, options=(), port=None):
    """{user: reply}, and the exit status."""
    done = subprocess.run(
        [kit.sender, "--lmtp", *options, f"localhost:{port or dovecot.lmtp_port}"]
        + ["alice@example.test", *(f"{u}@{dovecot.domain}" for u in users)],
        input=raw,
        capture_output=True,
        timeout=30,
        check=False,
    )
    need(not done.stderr, f"send: {done.stderr.decode()}")
    lines = [line.partition(": ") for line in done.stdout.decode().splitlines()]
    need([to.partition("@")[0] for to, _, _ in lines] == list(users), f"results: {lines}")
    return {to.partition("@")[0]: reply for to, _, reply in lines}, done.returncode


def identical(kit, dovecot, name, body, fields):
    token = kit.token(name)
    raw = letter(token, body, fields=fields)
    replies, status = send(kit, dovecot, raw, ["u01"])
    need(status == 0 and replies["u01"].startswith("250 2.0.0"), f"{replies}")
    got = dovecot.delivered("u01", token)
    need(len(got) == 1, f"{len(got)} copies")
    same_below_trace(got[0], raw)
    return f"{len(raw)} octets as sent"


def per_recipient(kit, dovecot):
    """Unknown users among known ones, the first and the last among them."""
    token = kit.token("mixed")
    raw = short(token)
    users = ["no01", "u01", "no02", "u02", "u03", "u04", "u05", "no03"]
    replies, status = send(kit, dovecot, raw, users)
    need(status == 1, f"exit status {status}")
    for user in users:
        known = user.startswith("u")
        need(replies[user].startswith("250 " if known else "550 5.1.1"), f"{user}: {replies}")
        if known:
            need(f"<{user}@{dovecot.domain}>" in replies[user], f"another's reply: {replies}")
            got = dovecot.delivered(user, token)
            need(len(got) == 1, f"{len(got)} copies for {user}")
            same_below_trace(got[0], raw)
    return f"5 delivered, 3 refused: {replies['no01']}"


def one_is_full(kit, dovecot):
    """What LMTP is for: taken for one recipient and refused for another when the message is there."""
    token = kit.token("full")
    raw = letter(token, b"some more\r\n" * 1000)
    users = ["u01", FULL, "no01", "u02"]
    replies, status = send(kit, dovecot, raw, users)
    need(status == 1, f"exit status {status}")
    for user, reply in zip(users, ("250 2.0.0", "552 5.2.2", "550 5.1.1", "250 2.0.0"), strict=True):
        need(replies[user].startswith(reply), f"{user}: {replies}")
        need(f"<{user}@{dovecot.domain}>" in replies[user], f"another's reply: {replies}")
    for user in ("u01", "u02"):
        same_below_trace(dovecot.delivered(user, token)[0], raw)
    need(not dovecot.delivered(FULL, token), "delivered all the same")
    return replies[FULL]


def all_refused(kit, dovecot):
    replies, status = send(kit, dovecot, short(kit.token("none")), ["no01", "no02"])
    need(status == 1 and all(r.startswith("550 5.1.1") for r in replies.values()), f"{replies}")
    return replies["no02"]


def under_tls(kit, dovecot):
    """With STARTTLS, and in few turns."""
    token = kit.token("tls")
    raw = short(token)
    port = free_ports(1)[0]
    tap = Tap(("127.0.0.1", port), ("127.0.0.1", dovecot.lmtp_port))
    try:
        replies, status = send(kit, dovecot, raw, USERS, ["--tls", kit.authority], port)
        need(status == 0, f"{replies}")
        session = tap.sessions[0]
        need(session.tls, f"no TLS: {session.said[:200]}")
        need(session.turns <= MOST_TURNS, f"{session.turns} turns: it does not pipeline")
    finally:
        tap.close()
    for user in USERS:
        same_below_trace(dovecot.delivered(user, token)[0], raw)
    return f"{len(USERS)} delivered in {session.turns} turns"


def by_route(kit, dovecot):
    """What our users submit goes by LMTP, under TLS; each recipient has a result of its own."""
    token = kit.token("route")
    raw = letter(token, b"some more\r\n" * 1000)
    users = ["u01", FULL, "no01", "u02"]
    kit.server.submit(kit.server.address(0), [f"{u}@{dovecot.domain}" for u in users], raw)
    found = {}

    def reported():
        found.update(reports(kit, token))
        return len(found) >= 2

    kit.until(reported, f"reported: {found}")
    for user in ("u01", "u02"):
        got = kit.until(lambda: dovecot.delivered(user, token), f"nothing for {user}")
        need(len(got) == 1, f"{len(got)} copies for {user}")
        same_below_trace(got[0], raw)
    need(set(found) == {f"{u}@{dovecot.domain}" for u in (FULL, "no01")}, f"reported: {found}")
    for user, status in ((FULL, "5.2.2"), ("no01", "5.1.1")):
        action, code, _ = found[f"{user}@{dovecot.domain}"]
        need((action, code) == ("failed", status), f"{user}: {action} {code}")
    need(not dovecot.delivered(FULL, token), "delivered all the same")
    return "2 delivered, 2 reported"
