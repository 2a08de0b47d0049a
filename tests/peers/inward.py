"""From a peer's users to ours: the peer is the client."""

import smtplib

from kit import need, same_below_trace
from letters import BODIES, letter, mebibyte, short
from outward import MOST_TURNS
from peer import reported


def run(kit, peer, report):
    for name, (body, fields) in BODIES.items():
        report.step(f"from.{name}", identical, kit, peer, name, body, fields)
    for step in (
        fifty_recipients,
        unknown_user,
        too_large,
        cut_off,
        null_sender,
        hundred_messages,
    ):
        report.step(f"from.{step.__name__.replace('_', '-')}", step, kit, peer)


def send(peer, raw, users=("bob",), sender=None):
    peer.submit(sender or f"sender@{peer.domain}", [f"{u}@example.test" for u in users], raw)


def bounced(kit, peer, token, users):
    """What the peer's reports to the sender say, when all these users are in them."""
    found = {}

    def look():
        found.clear()
        for octets in peer.delivered("sender", token):
            for to, said in (reported(octets) or {}).items():
                need(to not in found, f"{to} is reported twice")
                found[to] = said
        return len(found) >= len(users)

    kit.until(look, f"{peer.name} reports only {sorted(found)}")
    need(set(found) == {f"{u}@example.test" for u in users}, f"reported: {sorted(found)}")
    return found


def identical(kit, peer, name, body, fields):
    token = kit.token(name)
    raw = letter(token, body, f"sender@{peer.domain}", fields=fields)
    send(peer, raw)
    same_below_trace(kit.wait(token)[0][2], raw)
    return f"{len(raw)} octets as sent"


def fifty_recipients(kit, peer):
    """Twelve exist, thirty-eight do not: one result each, in few turns, under TLS."""
    token = kit.token("fifty")
    raw = short(token, sender=f"sender@{peer.domain}")
    known = [address.partition("@")[0] for address, _ in kit.server.users]
    unknown = [f"no{n:02}" for n in range(1, 39)]
    mixed = [u for n, who in enumerate(known) for u in (*unknown[n * 3 : n * 3 + 3], who)]
    mixed += unknown[len(known) * 3 :]
    need(len(mixed) == 50, f"{len(mixed)} recipients")
    before = len(peer.inward.sessions)
    send(peer, raw, mixed)
    found = bounced(kit, peer, token, unknown)
    need(all("5.1.1" in said[2] for said in found.values()), f"reasons: {found}")
    for n in range(len(known)):
        got = kit.wait(token, n)
        need(len(got) == 1, f"{len(got)} copies for {known[n]}")
        same_below_trace(got[0][2], raw)
    sessions = peer.inward.sessions[before:]
    need(all(s.tls for s in sessions), "no TLS")
    turns = max(s.turns for s in sessions)
    need(turns <= MOST_TURNS, f"{turns} turns: {peer.name} does not pipeline, or we do not let it")
    return f"12 delivered, 38 reported by {peer.name}, {turns} turns under TLS"


def unknown_user(kit, peer):
    token = kit.token("unknown")
    send(peer, short(token, sender=f"sender@{peer.domain}"), ["nobody-here"])
    said = bounced(kit, peer, token, ["nobody-here"])["nobody-here@example.test"]
    need("550" in said[2] and "5.1.1" in said[2], f"reason: {said}")
    return said[2]


def too_large(kit, peer):
    token = kit.token("large")
    send(peer, letter(token, mebibyte() * 2, f"sender@{peer.domain}"))
    said = bounced(kit, peer, token, ["bob"])["bob@example.test"]
    need(not kit.find(token), "delivered all the same")
    need(peer.inward.sessions[-1].octets < 20_000, "SIZE did not keep the message from being sent")
    return said[2]


def cut_off(kit, peer):
    """The connection breaks in the middle of the message: nothing is kept of it, and the retry is the only copy."""
    token = kit.token("cut")
    raw = letter(token, mebibyte(), f"sender@{peer.domain}")
    before = len(peer.inward.sessions)
    peer.inward.cut_next(300_000)
    send(peer, raw, ["bob", "carol"])
    for user in (1, 2):
        got = kit.wait(token, user)
        need(len(got) == 1, f"{len(got)} copies")
        same_below_trace(got[0][2], raw)
    sessions = peer.inward.sessions[before:]
    need(len(sessions) >= 2, f"{len(sessions)} session")
    return f"cut after {sessions[0].octets} octets; one copy each by session {len(sessions)}"


def null_sender(kit, peer):
    """A report by the peer comes in with the null reverse-path, for a user of ours."""
    token = kit.token("null")
    raw = short(token, sender="bob@example.test")
    peer.submit("bob@example.test", [f"no01@{peer.domain}"], raw)

    def look():
        with kit.server.imap(1, "INBOX", readonly=True) as m:
            for uid in m.uid("SEARCH", None, "TEXT", token)[1][0].split():
                octets = m.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1]
                if reported(octets):
                    return octets
        return None

    octets = kit.until(look, "no report")
    need(octets.startswith(b"Return-Path: <>\r\n"), f"starts with {octets[:60]!r}")
    need(f"no01@{peer.domain}" in reported(octets), "it does not name the recipient")
    return "reported to bob with an empty Return-Path"


def hundred_messages(kit, peer):
    """As fast as the peer passes them on, over as many connections as it likes: each arrives once."""
    tokens = [kit.token("hundred") + "x" for _ in range(100)]
    before = len(peer.inward.sessions)
    with smtplib.SMTP("127.0.0.1", peer.submission, timeout=30) as s:
        for token in tokens:
            raw = short(token, sender=f"sender@{peer.domain}")
            s.sendmail(f"sender@{peer.domain}", ["u09@example.test"], raw)
    user = kit.server.users.index(("u09@example.test", "u09-secret"))
    subjects = []

    def look():
        with kit.server.imap(user, "INBOX", readonly=True) as m:
            data = m.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        text = b" ".join(part[1] for part in data if isinstance(part, tuple)).decode()
        subjects[:] = [word for word in text.split() if word in tokens]
        return len(subjects) >= len(tokens)

    kit.until(look, f"only {len(subjects)} of 100 have arrived")
    need(sorted(subjects) == sorted(tokens), "not one copy each")
    return f"one copy each, over {len(peer.inward.sessions) - before} connections"
