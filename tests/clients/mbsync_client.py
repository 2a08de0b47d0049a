"""mbsync (isync): two-way synchronisation, and a mailbox of 1,000 real messages."""

import hashlib
import re

import corpora
from kit import Fail, need, ok, tail

COUNT = 1000


def run(kit, report):
    kit.missing("mbsync")
    everyday(kit, report)
    thousand(kit, report)


class Local:
    """A Maildir tree and the configuration that ties it to user 1's mailboxes."""

    def __init__(self, kit, name, patterns):
        self.kit, self.root, self.patterns = kit, kit.work / name, patterns
        self.root.mkdir()

    def sync(self, tls="IMAPS"):
        kit, server = self.kit, self.kit.server
        name, password = server.users[1]
        config = kit.secret_file(
            f"{self.root.name}.mbsyncrc",
            f"""IMAPAccount test
Host {server.host}
Port {server.ports["imaps" if tls == "IMAPS" else "imap"]}
User "{name}"
Pass "{password}"
SSLType {tls}
SystemCertificates no
CertificateFile {server.ca}
Timeout 120

IMAPStore far
Account test

MaildirStore near
Path {self.root}/
Inbox {self.root}/INBOX
SubFolders Verbatim

Channel test
Far :far:
Near :near:
Patterns {self.patterns}
Create Both
Remove Both
Expunge Both
SyncState *
""",
        )
        return kit.sh(["mbsync", "-V", "-c", config, "-a"], timeout=300)

    def files(self, mailbox="INBOX"):
        return [f for s in ("new", "cur") for f in sorted((self.root / mailbox / s).glob("*"))]

    def holding(self, token, mailbox="INBOX"):
        return [f for f in self.files(mailbox) if token.encode() in f.read_bytes()]


def plain(octets):
    """A message with CRLF line ends and without X-TUID, the field by which mbsync finds its own uploads again."""
    return re.sub(rb"(?im)^X-TUID: \S+\r\n", b"", corpora.crlf(octets))


def everyday(kit, report):
    local = Local(kit, "maildir", "INBOX ct-mbsync")
    token, raw = kit.seed("mbsync")
    uploaded = kit.token("mbsync")

    def pull():
        local.sync()
        files = local.holding(token)
        need(len(files) == 1, f"{len(files)} local copies")
        need(plain(files[0].read_bytes()) == raw, "octets differ")
        return f"{len(raw)} octets"

    if not report.step("pull", pull):
        return

    def flags_out():
        file = local.holding(token)[0]
        file.rename(local.root / "INBOX/cur" / (file.name.split(":2,")[0] + ":2,FS"))
        local.sync()
        kit.wait_flag(token, "\\Flagged")
        kit.wait_flag(token, "\\Seen")

    report.step("flags-local-to-server", flags_out)

    def flags_in():
        with kit.server.imap(1, "INBOX") as m:
            ok(m.uid("STORE", kit.find(token)[0][0], "+FLAGS", "(\\Answered)"), "STORE")
            ok(m.uid("STORE", kit.find(token)[0][0], "-FLAGS", "(\\Flagged)"), "STORE")
        local.sync()
        name = local.holding(token)[0].name
        need(name.endswith(":2,RS"), name)
        return name[-5:]

    report.step("flags-server-to-local", flags_in)

    def new_folder():
        kit.drop_mailbox("ct-mbsync")
        for s in ("new", "cur", "tmp"):
            (local.root / "ct-mbsync" / s).mkdir(parents=True)
        message = kit.message(uploaded)
        (local.root / "ct-mbsync/cur/1.a:2,S").write_bytes(message.replace(b"\r\n", b"\n"))
        local.sync()
        found = kit.wait(uploaded, mailbox="ct-mbsync")
        need(plain(found[0][2]) == message, "the uploaded message differs")
        need("\\Seen" in found[0][1], f"flags {found[0][1]}")

    report.step("create-folder-upload", new_folder)

    def delete():
        file = local.holding(token)[0]
        file.rename(str(file) + "T")
        local.sync()
        kit.wait_gone(token)
        with kit.server.imap(1, "ct-mbsync") as m:
            ok(m.store("1", "+FLAGS", "(\\Deleted)"), "STORE")
            ok(m.expunge(), "EXPUNGE")
        local.sync()
        need(not local.holding(uploaded, "ct-mbsync"), "deleted on the server, still here")
        return "both ways"

    report.step("delete", delete)

    def starttls():
        token, raw = kit.seed("mbsync")
        local.sync("STARTTLS")
        need(local.holding(token), "not pulled")

    report.step("starttls", starttls)


def thousand(kit, report):
    """APPEND 1,000 messages, FETCH them, pull them with mbsync, sync again, upload them to another folder."""
    corpus = [x for x in corpora.messages(COUNT + 100, kit.strict) if corpora.has_header_end(x)][
        :COUNT
    ]
    refused = [x for x in corpora.messages(COUNT // 2) if not corpora.has_header_end(x)]
    for box in ("ct-corpus", "ct-upload"):
        kit.drop_mailbox(box)

    def append():
        with kit.server.imap(1) as m:
            ok(m.create("ct-corpus"), "CREATE")
            for n, message in enumerate(corpus):
                ok(m.append("ct-corpus", None, None, message), f"APPEND of message {n}")
        return f"{len(corpus)} messages, {sum(map(len, corpus))} octets, from {corpora.described()}"

    if not report.step("append-1000", append):
        return

    def fetch():
        compare(contents(kit, "ct-corpus"), corpus)
        return "octets equal, in order"

    report.step("fetch-1000", fetch)

    def headless():
        # Messages without an empty line after the header; mbsync leaves them alone, IMAP does not.
        with kit.server.imap(1) as m:
            kit.drop_mailbox("ct-headless")
            ok(m.create("ct-headless"), "CREATE")
            for n, message in enumerate(refused):
                ok(m.append("ct-headless", None, None, message), f"APPEND of message {n}")
        compare(contents(kit, "ct-headless"), refused)
        kit.drop_mailbox("ct-headless")
        return f"{len(refused)} messages without an end of the header"

    report.step("append-fetch-headless", headless)

    local = Local(kit, "corpus", "ct-corpus ct-upload")

    def pull():
        local.sync()
        compare(
            sorted(plain(f.read_bytes()) for f in local.files("ct-corpus")),
            sorted(map(plain, corpus)),
        )
        return f"{len(local.files('ct-corpus'))} files, octets equal"

    if not report.step("pull-1000", pull):
        return

    def again():
        before = state(local)
        out = local.sync()
        need(state(local) == before, "the second sync changed local files")
        totals = re.findall(rb"(?:Far|Near|F|N): \+(\d+) \*(\d+) #(\d+)", out)
        need(
            not any(int(n) for t in totals for n in t), f"the second sync transferred: {tail(out)}"
        )
        return "nothing transferred"

    report.step("sync-again", again)

    def upload():
        for s in ("new", "cur", "tmp"):
            (local.root / "ct-upload" / s).mkdir(parents=True)
        for n, message in enumerate(corpus):
            (local.root / f"ct-upload/cur/{n}.a:2,{'S' if n % 2 else ''}").write_bytes(
                message.replace(b"\r\n", b"\n")
            )
        local.sync()
        compare(sorted(map(plain, contents(kit, "ct-upload"))), sorted(map(plain, corpus)))
        with kit.server.imap(1, "ct-upload", readonly=True) as m:
            seen = len(ok(m.search(None, "SEEN"), "SEARCH")[0].split())
        need(seen == COUNT // 2, f"{seen} are \\Seen, {COUNT // 2} were")
        return f"{COUNT} uploaded, octets equal, {seen} \\Seen"

    report.step("upload-1000", upload)

    def upload_again():
        before = state(local)
        local.sync()
        need(state(local) == before, "a sync after the upload changed local files")
        need(len(contents(kit, "ct-upload")) == COUNT, "a sync after the upload changed the server")
        return "nothing transferred"

    report.step("sync-again-after-upload", upload_again)
    for box in ("ct-corpus", "ct-upload"):
        kit.drop_mailbox(box)


def contents(kit, mailbox):
    """The octets of every message of a mailbox, in order; RFC822.SIZE must agree with each."""
    with kit.server.imap(1, mailbox, readonly=True, timeout=120) as m:
        data = ok(m.fetch("1:*", "(UID RFC822.SIZE BODY.PEEK[])"), "FETCH")
    out = []
    for part in data:
        if isinstance(part, tuple):
            size = re.search(rb"RFC822.SIZE (\d+)", part[0])
            need(
                size is None or int(size.group(1)) == len(part[1]),
                f"{part[0]!r} announces another size than {len(part[1])}",
            )
            out.append(part[1])
    return out


def compare(got, expected):
    need(len(got) == len(expected), f"{len(got)} messages, {len(expected)} expected")
    for n, (a, b) in enumerate(zip(got, expected)):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            raise Fail(
                f"message {n} differs at octet {at}: {a[at : at + 40]!r}, expected {b[at : at + 40]!r}"
            )


def state(local):
    return {
        str(f): hashlib.sha256(f.read_bytes()).digest()
        for f in local.root.rglob("*")
        if f.parent.name in ("new", "cur")
    }
