"""Random commands of a session, each with what its answer must be."""

import re
import time

from kit import need
from view import OTHER, SUBJECT, numbers

FEW, MANY = 20, 60  # messages: below, nothing is removed; above, little is added


def anything(v):
    """One command of a view, picked by chance."""
    count = len(v.uids)
    wanted = ADDING if count < FEW else REMOVING if count > MANY else ALL
    move = v.random.choice(wanted)
    if move in EMPTY or count:
        move(v)
        v.learn()


def span(v):
    """Some messages in a row: sequence numbers and UIDs."""
    first = v.random.randint(1, len(v.uids))
    last = min(len(v.uids), first + v.random.choice((0, 0, 1, 5, 200)))
    return first, last, v.uids[first - 1 : last]


def noop(v):
    v.ask(v.random.choice(("NOOP", "CHECK")))


def fetch(v):
    first, last, _ = span(v)
    items = ["UID", "FLAGS", "RFC822.SIZE", "INTERNALDATE", "MODSEQ"]
    v.asked(range(first, last + 1), items, v.ask(f"FETCH {first}:{last} ({' '.join(items)})", statuses=("OK", "NO")))


def fetch_octets(v):
    first, last, _ = span(v)
    answer = v.ask(f"FETCH {first}:{last} (BODY.PEEK[] {SUBJECT})", statuses=("OK", "NO"))
    v.asked(range(first, last + 1), ["BODY[]"], answer)
    for _, _, row in v.rows:
        if "BODY[]" in row:
            subject = row[SUBJECT.replace(".PEEK", "")].split(b":")[1].split()[0]
            need(b"\r\nSubject: " + subject in row["BODY[]"], "octets of another message")


def uid_fetch(v):
    _, _, uids = span(v)
    before = set(v.uids)
    answer = v.ask(f"UID FETCH {uids[0]}:{uids[-1]} (FLAGS RFC822.SIZE)", statuses=("OK", "NO"))
    rows = {uid for _, uid, row in v.rows if "RFC822.SIZE" in row}
    need(rows <= set(range(uids[0], uids[-1] + 1)), "rows that were not asked for")
    if answer.startswith("OK"):
        need(set(uids) & set(v.uids) <= rows | (set(uids) - before), f"no row for {set(uids) & set(v.uids) - rows}")
    else:
        need("EXPUNGEISSUED" in answer, answer)


def changed_since(v):
    since = v.random.choice((1, max(1, v.highest)))
    v.ask(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since})", statuses=("OK", "NO"))
    for _, uid, row in v.rows:
        need("MODSEQ" in row, f"UID {uid} without MODSEQ")


def store(v):
    """The session's own keyword, which only it sets: no change of it may be lost."""
    first, last, uids = span(v)
    sign, silent = v.random.choice("+-"), v.random.choice(("", ".SILENT"))
    by_uid = v.random.random() < 0.5
    what = f"UID STORE {','.join(map(str, uids))}" if by_uid else f"STORE {first}:{last}"
    for uid in uids:
        v.mine[uid] = None  # as long as it is not answered, both are possible
    extra = v.random.choice(("", " \\Flagged", " \\Seen", " shared"))
    answer = v.ask(f"{what} {sign}FLAGS{silent} ({v.keyword}{extra})", statuses=("OK", "NO"))
    if answer.startswith("OK"):
        for uid in set(uids) & set(v.uids):
            need(v.mine[uid] in (None, sign == "+"), f"{v.keyword} of UID {uid} after {sign}FLAGS is {v.mine[uid]}")
            v.mine[uid] = sign == "+"
    else:
        need("EXPUNGEISSUED" in answer or "NONEXISTENT" in answer, answer)


def store_unchanged_since(v):
    _, _, uids = span(v)
    uid = uids[0]
    if uid not in v.modseq:
        return
    v.mine[uid] = None
    answer = v.ask(f"UID STORE {uid} (UNCHANGEDSINCE {v.modseq[uid]}) +FLAGS ({v.keyword})", statuses=("OK", "NO"))
    if answer.startswith("OK") and "MODIFIED" not in answer and uid in v.uids:
        v.mine[uid] = True


def search_all(v):
    before = list(v.uids)
    v.ask("SEARCH ALL")
    need(v.found == sorted(set(v.found)) and all(1 <= n <= len(v.uids) for n in v.found), f"SEARCH ALL: {v.found}")
    found = {v.uids[n - 1] for n in v.found}
    are_gone(v, set(before) - found, "were not found by SEARCH ALL")


def search_mine(v):
    v.ask(f"UID SEARCH KEYWORD {v.keyword}")
    found = set(v.found)
    here = set(v.uids)
    wrong = {uid for uid in found & here if v.mine.get(uid) is False}
    need(not wrong, f"SEARCH finds {v.keyword} of {wrong}")
    are_gone(v, {uid for uid in here if v.mine.get(uid)} - found, f"have {v.keyword}, SEARCH says no")


def search_count(v):
    before = list(v.uids)
    v.ask("SEARCH RETURN (COUNT MIN MAX ALL) 1:*" if before else "SEARCH RETURN (COUNT ALL) ALL")
    said = v.listed[-1]
    found = numbers(found[1]) if (found := re.search(r"ALL (\S+)", said)) else []
    need(int(re.search(r"COUNT (\d+)", said)[1]) == len(found) == len(set(found)), said)
    need(all(1 <= n <= len(v.uids) for n in found), said)
    if before and found:
        need(f" MIN {min(found)} " in said and f" MAX {max(found)} " in said, said)
    are_gone(v, set(before) - {v.uids[n - 1] for n in found}, "were not found")


def are_gone(v, uids, why):
    """Others have removed these, and the session had not been told (RFC 2180 §4.1): it is within two seconds."""
    end = time.monotonic() + 2
    while uids & set(v.uids):
        need(time.monotonic() < end, f"{uids & set(v.uids)} {why}")
        v.ask("NOOP")


def append(v):
    token, message = v.message()
    v.ledger.begin(token)
    flags = v.random.choice(("", f"({v.keyword}) "))
    answer = v.ask(f"APPEND INBOX {flags}{{{len(message)}+}}", message)
    valid, uid = re.search(r"\[APPENDUID (\d+) (\d+)\]", answer).groups()
    need(valid == v.ledger.valid, answer)
    v.ledger.constant(int(uid), "token", token)
    v.ledger.acknowledged(token)
    if int(uid) not in v.flags:
        v.mine[int(uid)] = bool(flags)


def copy(v):
    """Into the mailbox itself."""
    _, _, uids = span(v)
    uids = [uid for uid in uids[:3] if v.ledger.token(uid)]  # others were gone before they were seen
    if not uids:
        return
    tokens = [v.ledger.token(uid) for uid in uids]
    for token in tokens:
        v.ledger.begin(token)
    answer = v.ask(f"UID COPY {','.join(map(str, uids))} INBOX", statuses=("OK", "NO"))
    code = re.search(r"\[COPYUID (\d+) (\S+) (\S+)\]", answer)
    pairs = dict(zip(numbers(code[2]), numbers(code[3]))) if code else {}
    need(set(pairs) <= set(uids), f"copied what was not asked for: {answer}")
    need(not code or code[1] == v.ledger.valid, answer)
    for uid, token in zip(uids, tokens):
        if uid in pairs:
            v.ledger.constant(pairs[uid], "token", token)
            v.ledger.origin[pairs[uid]] = uid
        v.ledger.acknowledged(token, uid in pairs)


def delete(v):
    _, _, uids = span(v)
    uids = uids[: v.random.choice((1, 1, 4))]
    v.ledger.may_go(uids, v.name)
    answer = v.ask(f"UID STORE {','.join(map(str, uids))} +FLAGS.SILENT (\\Deleted)", statuses=("OK", "NO"))
    deleted = answer.startswith("OK")
    if v.random.random() < 0.6:
        answer = v.ask(f"UID EXPUNGE {','.join(map(str, uids))}")
        if deleted:
            are_gone(v, set(uids) & set(v.uids), "were left by UID EXPUNGE")
    elif v.random.random() < 0.5:
        v.ask("EXPUNGE")
        if deleted:
            are_gone(v, set(uids) & set(v.uids), "were left by EXPUNGE")


def move(v):
    _, _, uids = span(v)
    uids = uids[:2]
    v.ledger.may_go(uids, v.name)
    v.copied = None
    answer = v.ask(f"UID MOVE {','.join(map(str, uids))} {OTHER}", statuses=("OK", "NO"))
    if answer.startswith("OK"):
        are_gone(v, set(uids) & set(v.uids), "were left by MOVE")


def close(v):
    v.ledger.may_go([uid for uid in v.uids if "\\Deleted" in v.flags.get(uid, ())], v.name)
    v.ask("UNSELECT")
    v.select()


def reselect(v):
    v.select()


def idle(v):
    v.idle(v.random.random() * 0.02)


EMPTY = {noop, append, search_all, search_count, idle, reselect}
READING = [noop, fetch, fetch_octets, uid_fetch, changed_since, search_all, search_mine, search_count, idle, close, reselect]
WRITING = [store, store, store_unchanged_since]
ADDING = [*READING, *WRITING, append, append, copy]
REMOVING = [*READING, *WRITING, delete, delete, move, idle]
ALL = [*READING, *WRITING, append, copy, delete, move]
