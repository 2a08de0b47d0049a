"""What is known of one mailbox by everybody who works on it: which message each UID is, who may have removed it."""

import threading
from collections import Counter

from kit import need


class Ledger:
    """Shared by sessions on threads of their own. A token is the Subject of a message; copies have the same."""

    def __init__(self):
        self.lock = threading.Lock()
        self.constants = {}  # UID: {item: value}, of items that never change
        self.created = Counter()  # token: acknowledged messages with it, in this mailbox
        self.unacknowledged = Counter()  # begun, and not yet answered
        self.removable = {}  # UID: who has begun to remove it
        self.popped = Counter()  # token: DELEs begun by POP3
        self.seen = set()  # UIDs that some session has had in its view
        self.told_gone = set()  # UIDs that some session was told are gone
        self.origin = {}  # UID of a copy: UID of what was copied, whose \\Deleted it may have
        self.valid = None

    def constant(self, uid, item, value):
        """An item that never changes is the same each time, for everyone (RFC 9051 §2.3.1.1)."""
        with self.lock:
            known = self.constants.setdefault(uid, {}).setdefault(item, value)
        need(known == value, f"{item} of UID {uid} was {known!r} and is {value!r}")

    def token(self, uid):
        with self.lock:
            return self.constants.get(uid, {}).get("token")

    def begin(self, token):
        with self.lock:
            self.unacknowledged[token] += 1

    def acknowledged(self, token, done=True):
        with self.lock:
            self.unacknowledged[token] -= 1
            self.created[token] += done

    def may_go(self, uids, who):
        with self.lock:
            for uid in uids:
                self.removable.setdefault(uid, who)

    def pop(self, token):
        with self.lock:
            self.popped[token] += 1

    def gone(self, uid):
        """A session was told so. That somebody has removed it may come out later, so `settle` asks for the reason."""
        with self.lock:
            self.told_gone.add(uid)

    def removed(self, uid):
        """Whether IMAP may have removed it: it, or what it is a copy of, was marked or moved."""
        while uid is not None:
            if uid in self.removable:
                return True
            uid = self.origin.get(uid)
        return False

    def settle(self, present):
        """At the end: every acknowledged message is there or was removed, none more often than was acknowledged."""
        there = Counter(self.token(uid) for uid in present)
        explained, by_pop = Counter(there), Counter()
        for uid, known in self.constants.items():
            if uid not in present and "token" in known:
                explained[known["token"]] += 1
                if not self.removed(uid):
                    by_pop[known["token"]] += 1
                    unseen = uid not in self.seen
                    need(unseen or uid in self.told_gone, f"UID {uid} is gone and no session was told")
        for token, count in self.created.items():
            # One that POP3 removed before anybody saw it has no UID here.
            least = count - max(0, self.popped[token] - by_pop[token])
            need(
                least <= explained[token] <= count,
                f"{token}: {count} acknowledged, {there[token]} there, {explained[token] - there[token]} known to be removed",
            )
            need(by_pop[token] <= self.popped[token], f"{token}: lost")
        strangers = set(explained) - set(self.created)
        need(not strangers, f"messages nobody has put there: {sorted(map(str, strangers))[:3]}")
        return len(self.created), sum(by_pop.values())
