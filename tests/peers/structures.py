"""ENVELOPE, BODYSTRUCTURE and sections of real messages: ours and Dovecot's are equal, but for what `structures.txt` judges.

UPDATE=1 writes the differences that are there into the list, new ones below the headline `unjudged`, which fails until
each has found its reason.
"""

import os
from pathlib import Path

import corpora
from kit import need
from ours import LARGEST
from syntax import Ended, Raw

LIST = Path(__file__).with_name("structures.txt")
LEAST = 300  # distinct messages
MAILBOX = "Structures"
UNJUDGED = "unjudged"
READER = "u16"  # of Dovecot


def run(kit, dovecot, report):
    report.step("structures.equal-or-judged", compare, kit, dovecot)


def compare(kit, dovecot):
    messages = {n: m for n, m in corpora.originals(kit.strict).items() if len(m) <= LARGEST}
    if kit.strict:
        need(len(messages) >= LEAST, f"{len(messages)} messages, {LEAST} are needed")
    found, sections = {}, 0
    with ours(kit) as us, Raw(dovecot.imap_port, f"{READER}@{dovecot.domain}", "secret") as them:
        for session in (us, them):
            session.do(f"CREATE {MAILBOX}")
            for message in messages.values():
                session.do(f"APPEND {MAILBOX}", message)
            session.do(f"EXAMINE {MAILBOX}")
        both = [s.rows("FETCH 1:* (RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)") for s in (us, them)]
        for number, name in enumerate(messages, 1):
            mine, theirs = (rows[number] for rows in both)
            need(mine["BODY"] == without_extensions(mine["BODYSTRUCTURE"]), f"BODY of {name}")
            for item in ("RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE"):
                found |= differences(f"{name} {item}", mine[item], theirs[item])
            here, counted = of_sections(name, number, us, them, theirs["BODYSTRUCTURE"])
            found |= here
            sections += counted
        us.do(f"DELETE {MAILBOX}")
    judged = judge(found)
    return f"{len(messages)} messages, {sections} sections; {len(found)} differences, all judged: {judged}"


def ours(kit):
    return Raw(kit.server.ports["imaps"], *kit.server.users[2], kit.server.context)


def of_sections(name, number, us, them, structure):
    """Every part of a message as Dovecot sees them: its octets, header, and decoded octets."""
    names = ["HEADER", "TEXT", "HEADER.FIELDS (Subject From)", "HEADER.FIELDS.NOT (Received To)"]
    decoded = []
    for path, body in parts(structure):
        names += [path, f"{path}.MIME"]
        if message := is_message(body):
            names += [f"{path}.{x}" for x in ("HEADER", "TEXT", "HEADER.FIELDS (Date)")]
        if not message and not isinstance(body[0], list):
            decoded += [f"BINARY.PEEK[{path}]"]
    octets = [f"BODY.PEEK[{x}]" for x in names]
    octets += [f"BODY.PEEK[{x}]<{at}.{n}>" for x, at, n in (("", 0, 99), ("1", 7, 40), ("TEXT", 1 << 31, 9))]
    found = {}
    check_sizes(name, fetched(us, number, [*decoded, *(x.replace("PEEK", "SIZE") for x in decoded)]))
    for items in (octets, *([item] for item in decoded)):
        mine, theirs = ({k.upper(): v for k, v in fetched(s, number, items).items()} for s in (us, them))
        for item in sorted(mine.keys() | theirs.keys()):
            at = f"{name} {item.replace(' ', '_')}"
            found |= differences(at, mine.get(item, "absent"), theirs.get(item, "absent"))
    return found, len(octets) + len(decoded)


def check_sizes(name, row):
    """Our BINARY.SIZE is that of our BINARY. Dovecot's is not always a size."""
    for item, value in row.items():
        if item.startswith("BINARY.SIZE"):
            octets = row[item.replace(".SIZE", "")]
            need(value == len(octets or b""), f"{item} of {name} is {value}")


def fetched(session, number, items):
    """What a FETCH gives, and the code of its refusal."""
    rows = {}
    try:
        lines = session.do(f"FETCH {number} ({' '.join(items)})", statuses=("OK", "NO"))
    except Ended:  # Dovecot, where base64 is damaged
        session.again()
        session.do(f"EXAMINE {MAILBOX}")
        return {items[0].replace(".PEEK", ""): "disconnected"}
    for line in lines:
        rows.update(session.row(line).get(number, {}))
    if session.status.split()[1] == "NO":
        rows = {items[0].replace(".PEEK", ""): session.status.split("]")[0].split(" ", 1)[1] + "]"}
    return rows


def parts(body, path=""):
    """(part number, body) of each part, those of messages inside included (RFC 3501 §6.4.5)."""
    if isinstance(body[0], list):
        children = [x for x in body if isinstance(x, list)]
        children = children[: next(i for i, x in enumerate(body) if not isinstance(x, list))]
        for n, child in enumerate(children, 1):
            number = f"{path}.{n}" if path else str(n)
            yield number, child
            yield from inside(child, number)
    else:
        number = f"{path}.1" if path else "1"
        yield number, body
        if not path or is_message(body):
            yield from inside(body, number)


def inside(body, number):
    if isinstance(body[0], list):
        yield from parts(body, number)
    elif is_message(body):
        yield from parts(body[8], number)


def is_message(body):
    return not isinstance(body[0], list) and (body[0].lower(), body[1].lower()) == (b"message", b"rfc822")


def without_extensions(body):
    """BODY, of a BODYSTRUCTURE (RFC 3501 §7.4.2)."""
    if isinstance(body[0], list):
        children = [without_extensions(x) for x in body[: body.index(multipart_subtype(body))]]
        return [*children, multipart_subtype(body)]
    if is_message(body):
        return [*body[:8], without_extensions(body[8]), body[9]]
    return body[:8] if body[0].lower() == b"text" else body[:7]


def multipart_subtype(body):
    return next(x for x in body if isinstance(x, bytes))


def differences(at, mine, theirs):
    """{place: (ours, Dovecot's)}, as deep as the lists are of one shape."""
    if isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        found = {}
        for n, (one, other) in enumerate(zip(mine, theirs)):
            found |= differences(f"{at}.{n}", one, other)
        return found
    return {} if mine == theirs else {at: (short(mine), short(theirs))}


def short(value):
    text = shown(value)
    return text if len(text) <= 160 else f"{text[:80]}…{text[-60:]} {len(text)}"


def shown(value):
    if isinstance(value, list):
        return f"({' '.join(map(shown, value))})"
    return "NIL" if value is None else ascii(value)[1:] if isinstance(value, bytes) else str(value)


def read_list():
    """{reason: {place: (ours, Dovecot's)}}"""
    reasons, reason = {}, None
    for line in LIST.read_text().splitlines() if LIST.exists() else []:
        if line.startswith("== "):
            reason = reasons.setdefault(line[3:], {})
        elif line and not line.startswith("#"):
            place, mine, theirs = line.split(" | ")
            reason[place] = (mine, theirs)
    return reasons


def judge(found):
    reasons = read_list()
    listed = {place: values for places in reasons.values() for place, values in places.items()}
    if os.environ.get("UPDATE"):
        update(reasons, listed, found)
    new = sorted(place for place, values in found.items() if listed.get(place) != values)
    gone = sorted(listed.keys() - found.keys())
    need(not new, f"{len(new)} not in {LIST.name}, such as {new[0] if new else ''}: {found[new[0]] if new else ''}")
    need(not gone, f"{len(gone)} in {LIST.name} are no more, such as {gone[0] if gone else ''}")
    need(UNJUDGED not in reasons, f"{len(reasons.get(UNJUDGED, ()))} without a judgement")
    return f"{len(reasons)} reasons"


def update(reasons, listed, found):
    head = [x for x in LIST.read_text().splitlines() if x.startswith("#")] if LIST.exists() else []
    out = list(head)
    kept = {r: {p: found[p] for p in places if listed[p] == found.get(p)} for r, places in reasons.items()}
    known = {p for places in kept.values() for p in places}
    kept.setdefault(UNJUDGED, {}).update({p: v for p, v in found.items() if p not in known})
    for reason, places in kept.items():
        if places:
            out += ["", f"== {reason}"] + [f"{p} | {a} | {b}" for p, (a, b) in places.items()]
    LIST.write_text("\n".join(out) + "\n")
