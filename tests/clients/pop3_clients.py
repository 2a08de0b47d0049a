"""getmail6 and mpop: programs that fetch by POP3 and know messages again by UIDL."""

import re

from kit import need, tail


def getmail(kit, report):
    kit.missing("getmail")
    home = kit.work / "getmail"
    home.mkdir(mode=0o700)

    def fetch(name, retriever, port, delete):
        """One run. What it delivered."""
        # Into a Maildir it does not deliver as root.
        maildir = home / name
        maildir.mkdir(exist_ok=True)
        rc = kit.secret_file(
            f"getmail/{name}.rc",
            f"""[retriever]
type = {retriever}
server = {kit.server.host}
port = {kit.server.ports[port]}
username = {kit.server.users[1][0]}
password = {kit.server.users[1][1]}
ca_certs = {kit.server.ca}
ssl_cert_hostname = {kit.server.host}
timeout = 60
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > {maildir}/$$")
allow_root_commands = true
[options]
read_all = false
delete = {str(delete).lower()}
delivered_to = false
received = false
""",
        )
        kit.sh(["getmail", "--getmaildir", home, "--rcfile", rc])
        return taken(maildir)

    once(kit, report, fetch, "SimplePOP3SSLRetriever")


def mpop(kit, report):
    kit.missing("mpop")
    home = kit.work / "mpop"
    home.mkdir(mode=0o700)

    def fetch(name, how, port, delete):
        maildir = home / name
        for folder in ("tmp", "new", "cur"):
            (maildir / folder).mkdir(parents=True, exist_ok=True)
        starttls, auth = how
        rc = kit.secret_file(
            f"mpop/{name}.rc",
            f"""account default
host {kit.server.host}
port {kit.server.ports[port]}
user {kit.server.users[1][0]}
password {kit.server.users[1][1]}
auth {auth}
tls on
tls_starttls {starttls}
tls_trust_file {kit.server.ca}
uidls_file {home}/{name}.uidls
keep {"off" if delete else "on"}
received_header off
delivery maildir {maildir}
""",
        )
        kit.sh(["mpop", "-C", rc, "--half-quiet"])
        return taken(maildir / "new")

    once(kit, report, fetch, ("off", "plain"))

    def log_in(auth, port, starttls):
        kit.clean()
        token, raw = kit.seed("mpop")
        new = fetch(f"{auth}-{port}", (starttls, auth), port, True)
        same(new, raw)
        kit.wait_gone(token)
        return "fetched and deleted"

    for auth in ("user", "scram-sha-256"):
        report.step(f"pop3-stls-{auth}", log_in, auth, "pop3", "on")


def once(kit, report, fetch, how):
    """With and without deleting; the second run fetches what is new and nothing else."""

    def keep():
        kit.clean()
        token, raw = kit.seed("keep")
        new = fetch("keep", how, "pop3s", False)
        same(new, raw)
        new = fetch("keep", how, "pop3s", False)
        need(not new, f"the second run fetched it again: {tail(b''.join(new))}")
        _, second = kit.seed("keep")
        new = fetch("keep", how, "pop3s", False)
        same(new, second)
        need(kit.find(token), "the message is gone")
        return "kept, and each fetched once"

    def delete():
        kit.clean()
        token, raw = kit.seed("delete")
        new = fetch("delete", how, "pop3s", True)
        same(new, raw)
        kit.wait_gone(token)
        return "deleted"

    report.step("pop3s-keep", keep)
    report.step("pop3s-delete", delete)


def taken(folder):
    """The messages in it, which are then removed."""
    found = []
    for path in sorted(folder.iterdir()):
        found.append(path.read_bytes())
        path.unlink()
    return found


def same(new, raw):
    need(len(new) == 1, f"{len(new)} messages")
    # Files have LF line ends. getmail may put its own fields on top.
    got, want = (re.sub(rb"\r\n", b"\n", octets) for octets in (new[0], raw))
    need(got.endswith(want) or got.endswith(want + b"\n"), f"the octets differ: {tail(got)}")
