"""An IMAP session that knows what it may see, and finds fault with every response that it may not."""

import random
import re
import time

from kit import need
from syntax import value
from wire import Imap, short

# Answers to these may not renumber messages (RFC 9051 §7.5.1, RFC 7162 §3.2.10).
NO_EXPUNGE = ("FETCH", "STORE", "SEARCH")
CONSTANT = ("RFC822.SIZE", "INTERNALDATE")
SUBJECT = "BODY.PEEK[HEADER.FIELDS (SUBJECT)]"
OTHER = "ct-crowd"


def numbers(text):
    """The numbers of a sequence set without `*`."""
    out = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition(":")
        low, high = sorted((int(first), int(last or first)))
        out += range(low, high + 1)
    return out


class View(Imap):
    """`uids` is the mailbox by sequence number as the server has told it; None where the UID is not known yet.

    `mine` holds, by UID, whether the message has this session's own keyword, which nobody else sets: what a FETCH or SEARCH
    says of it must be what the last STORE left.
    """

    def __init__(self, server, ledger, number, seed, qresync=False):
        super().__init__(server)
        self.ledger, self.name, self.keyword = ledger, f"session {number}", f"own{number}"
        self.random, self.qresync = random.Random(seed), qresync
        self.uids, self.mine, self.flags, self.modseq, self.past = [], {}, {}, {}, []
        self.highest, self.selected, self.rows, self.found = 0, False, [], None
        if qresync:
            self.ask("ENABLE QRESYNC")
        self.select()

    # -- commands

    def ask(self, command, literal=None, statuses=("OK",)):
        """One command to its end; every response on the way is checked. Gives the tagged line."""
        tag = self.tag()
        self.past = [*self.past[-15:], command]
        self.rows, self.found, self.listed = [], None, []
        octets = f"{tag} {command}\r\n".encode()
        self.send(octets if literal is None else octets + literal + b"\r\n")
        return self.finish(tag, command, statuses)

    def finish(self, tag, command, statuses=("OK",)):
        while not (line := self.response()).startswith(tag.encode() + b" "):
            need(line, f"the connection ended in {command}")
            self.untagged(line, command)
        answer = line.decode(errors="replace").strip()
        need(answer.split()[1] in statuses, f"{command}: {answer}")
        return answer.partition(" ")[2]

    def response(self):
        out = b""
        while line := self.line():
            out += line
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if not literal:
                break
            out += self.octets(int(literal[1]))
        return out

    # -- responses

    def untagged(self, line, command):
        need(line.startswith(b"* "), f"no untagged response: {line!r}")
        if found := re.match(rb"\* (\d+) (EXISTS|EXPUNGE|FETCH)\b", line):
            number, kind = int(found[1]), found[2].decode()
            if kind == "EXISTS":
                self.exists(number, command)
            elif kind == "EXPUNGE":
                self.may_renumber(command)
                need(not self.qresync, f"EXPUNGE under QRESYNC, in {command}")
                need(1 <= number <= len(self.uids), f"EXPUNGE {number} of {len(self.uids)}")
                self.remove(number - 1)
            else:
                self.row(number, value(line[found.end() + 1 :]), command)
        elif found := re.match(rb"\* VANISHED (\(EARLIER\) )?(\S+)\r\n", line):
            need(self.qresync, f"VANISHED without QRESYNC, in {command}")
            self.vanished(numbers(found[2].decode()), bool(found[1]), command)
        elif found := re.match(rb"\* SEARCH( [0-9 ]*)?(\(MODSEQ \d+\))?\r\n", line):
            self.found = [int(x) for x in (found[1] or b"").split()]
        elif found := re.match(rb"\* ESEARCH (.*)\r\n", line):
            self.listed.append(found[1].decode())
        elif found := re.match(rb"\* OK \[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ|COPYUID) ([^\]]+)\]", line):
            self.code(found[1].decode(), found[2].decode())
        else:
            need(re.match(rb"\* (OK|FLAGS|\d+ RECENT|LIST|ENABLED|STATUS)\b", line), f"{line!r} in {command}")

    def may_renumber(self, command):
        words = command.split(" ")
        need(words[0] not in NO_EXPUNGE, f"{self.name} was told of an expunge in {command}")

    def exists(self, count, command):
        need(count >= len(self.uids), f"EXISTS {count} after {len(self.uids)}, in {command}")
        self.uids += [None] * (count - len(self.uids))

    def remove(self, index):
        uid = self.uids.pop(index)
        if uid is not None:
            self.ledger.gone(uid)
            self.flags.pop(uid, None)

    def vanished(self, uids, earlier, command):
        if not earlier:
            self.may_renumber(command)
        for uid in uids:
            if uid in self.uids:
                self.remove(self.uids.index(uid))
            elif not earlier:
                index = next((i for i, x in enumerate(self.uids) if x is None and self.fits(i, uid)), None)
                need(index is not None, f"VANISHED {uid}, which {self.name} does not see, in {command}")
                self.ledger.gone(uid)
                del self.uids[index]

    def row(self, number, items, command):
        need(1 <= number <= len(self.uids), f"FETCH {number} of {len(self.uids)}, in {command}")
        row = {str(k).upper(): v for k, v in zip(items[::2], items[1::2])}
        if "UID" in row:
            self.bind(number - 1, row["UID"], command)
        uid = self.uids[number - 1]
        if command.startswith("UID "):
            need("UID" in row, f"a row without UID in {command}")
        if uid is not None:
            for item in CONSTANT:
                if item in row:
                    self.ledger.constant(uid, item, row[item])
            for item, octets in row.items():
                if item.startswith("BODY["):
                    self.ledger.constant(uid, item, octets)
                if "SUBJECT" in item:
                    self.ledger.constant(uid, "token", octets.partition(b":")[2].split()[0].decode())
            self.mod_seq(uid, row, command)
            if "FLAGS" in row:
                self.see_flags(uid, row["FLAGS"], command)
        self.rows.append((number, uid, row))

    def bind(self, index, uid, command):
        """This place has this UID: the one it had, and between those of its neighbours (RFC 9051 §2.3.1.1)."""
        need(self.uids[index] in (None, uid), f"message {index + 1} was UID {self.uids[index]}, is {uid}, in {command}")
        need(self.fits(index, uid), f"UID {uid} at {index + 1}, between greater and smaller ones, in {command}")
        self.uids[index] = uid
        self.ledger.seen.add(uid)

    def fits(self, index, uid):
        below = next((x for x in reversed(self.uids[:index]) if x is not None), 0)
        above = next((x for x in self.uids[index + 1 :] if x is not None), 1 << 32)
        return below < uid < above

    def mod_seq(self, uid, row, command):
        if "MODSEQ" in row:
            now, before = row["MODSEQ"][0], self.modseq.get(uid, 0)
            need(now >= before, f"MODSEQ {now} of UID {uid} after {before}, in {command}")
            self.modseq[uid] = now

    def see_flags(self, uid, flags, command):
        flags = {str(f) for f in flags} - {"\\Recent"}
        self.flags[uid] = flags
        has = self.keyword in flags
        known = self.mine.get(uid)
        need(known in (None, has), f"{self.keyword} of UID {uid} is {has}, was left {known}, in {command}")
        self.mine[uid] = has

    def code(self, name, text):
        if name == "UIDVALIDITY":
            with self.ledger.lock:
                self.ledger.valid = self.ledger.valid or text
            need(self.ledger.valid == text, f"UIDVALIDITY {text} after {self.ledger.valid}")
        elif name == "UIDNEXT":
            self.next = int(text)
        elif name == "HIGHESTMODSEQ":
            need(int(text) >= self.highest, f"HIGHESTMODSEQ {text} after {self.highest}")
            self.highest = int(text)
        elif name == "COPYUID":
            self.copied = text

    # -- what is known after a command

    def learn(self):
        """The UIDs and messages of what was told by EXISTS alone."""
        while None in self.uids:
            first = self.uids.index(None) + 1
            answer = self.ask(f"FETCH {first}:{len(self.uids)} (UID FLAGS {SUBJECT})", statuses=("OK", "NO"))
            if answer.startswith("NO"):  # gone before it was seen: the next command says so
                self.ask("NOOP")
            for uid in filter(None, list(self.uids)):
                if self.ledger.token(uid) is None:
                    self.ask(f"UID FETCH {uid} ({SUBJECT})")

    def asked(self, wanted, items, answer):
        """Each of these was answered, with all items, unless the command says that some are gone."""
        if answer.startswith("OK"):
            for number in wanted:
                rows = [row for n, _, row in self.rows if n == number]
                need(any(all(i in row for i in items) for row in rows), f"no row for {number} with {items}")
        else:
            need("EXPUNGEISSUED" in answer, f"a FETCH was refused: {answer}")

    def select(self):
        resync = ""
        if self.qresync and self.selected and self.random.random() < 0.7:
            known = ",".join(map(str, filter(None, self.uids)))
            resync = f" (QRESYNC ({self.ledger.valid} {self.highest} {known}))" if known else ""
        before, self.uids, self.flags = self.uids, [], {}
        self.selected = True
        if resync:
            self.resync(resync, before)
        else:
            self.ask("SELECT INBOX")
            self.learn()
            for uid in set(filter(None, before)) - set(self.uids):
                self.ledger.gone(uid)
        need(all(uid < self.next for uid in self.uids[:1] if uid), "UIDNEXT is not above the UIDs")

    def resync(self, how, before):
        """What QRESYNC tells of the time in between is all there is to tell: the list that results is the mailbox's."""
        gone, changed, count = set(), {}, 0
        tag = self.tag()
        self.send(f"{tag} SELECT INBOX{how}\r\n".encode())
        while not (line := self.response()).startswith(tag.encode() + b" "):
            if found := re.match(rb"\* VANISHED \(EARLIER\) (\S+)", line):
                gone |= set(numbers(found[1].decode()))
            elif found := re.match(rb"\* \d+ FETCH ", line):
                items = value(line[found.end() :])
                row = {str(k).upper(): v for k, v in zip(items[::2], items[1::2])}
                changed[row["UID"]] = row
            elif found := re.match(rb"\* (\d+) EXISTS", line):
                count = int(found[1])
            else:
                self.untagged(line, "SELECT")
        need(b" OK " in line, f"SELECT{how}: {line!r}")
        kept = [uid for uid in before if uid not in gone]
        self.uids = sorted({*kept, *changed})
        need(len(self.uids) == count, f"after QRESYNC {len(self.uids)} messages are known, EXISTS says {count}")
        for uid in set(before) & gone:
            self.ledger.gone(uid)
        for uid, row in changed.items():
            self.mod_seq(uid, row, "SELECT")
            self.see_flags(uid, row["FLAGS"], "SELECT")
        # Said once more, from the beginning.
        self.ask("FETCH 1:* (UID FLAGS)" if count else "NOOP", statuses=("OK", "NO"))
        self.learn()

    def idle(self, seconds):
        tag = self.tag()
        self.rows = []
        self.send(f"{tag} IDLE\r\n".encode())
        while not (line := self.response()).startswith(b"+"):
            self.untagged(line, "IDLE")
        time.sleep(seconds)
        self.send(b"DONE\r\n")
        self.finish(tag, "IDLE")

    def everything(self):
        """{UID: flags}, once all was told."""
        for _ in range(5):
            self.ask("NOOP")
            self.learn()
            answer = self.ask("UID FETCH 1:* (FLAGS)", statuses=("OK", "NO"))
            if answer.startswith("OK") and None not in self.uids:
                break
        return {uid: frozenset(self.flags[uid]) for uid in self.uids}

    def message(self):
        token = f"{self.name.replace(' ', '')}n{self.serial}"
        return token, short(token, "x" * self.random.randrange(400) + "\r\n")
