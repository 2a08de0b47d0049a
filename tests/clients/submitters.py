"""swaks and msmtp: programs that only submit."""

import re

from kit import Skip, need, same_below_trace, tail, without_bcc


def swaks(kit, report):
    kit.missing("swaks")
    server = kit.server

    def go(token, raw, mechanism, implicit_tls, recipients, allow=(0,)):
        path = data_file(kit, raw)
        port = server.ports["submissions" if implicit_tls else "submission"]
        name, password = server.users[0]
        return kit.sh(
            [
                "swaks",
                "--server",
                server.host,
                "--port",
                port,
                "--tls-on-connect" if implicit_tls else "--tls",
                "--tls-verify",
                "--tls-ca-path",
                server.ca,
                "--tls-sni",
                server.host,
                "--auth",
                mechanism,
                "--auth-user",
                name,
                "--auth-password",
                password,
                "--from",
                name,
                "--to",
                ",".join(recipients),
                "--data",
                f"@{path}",
                "--timeout",
                "60",
            ],
            allow=allow,
        )

    everyone = [server.address(n) for n in (1, 2, 0)]
    for step, mechanism, implicit_tls in (
        ("submit-plain", "PLAIN", False),
        ("submit-login", "LOGIN", False),
        ("submit-tls", "PLAIN", True),
    ):
        token = kit.token("swaks")
        raw = kit.message(token, bcc=True)
        if report.step(step, go_quietly(go), token, raw, mechanism, implicit_tls, everyone):
            kit.check_submitted(report, step, token, raw)

    def relay():
        token = kit.token("swaks")
        raw = kit.message(token, to=kit.peer.address(0))
        go(token, raw, "PLAIN", False, [kit.peer.address(0)])
        same_below_trace(kit.wait(token, user=0, server=kit.peer)[0][2], raw)
        return "read at the other domain, octets as sent"

    if kit.peer is not None:
        report.step("relay", relay)

    def pipelined():
        token = kit.token("swaks")
        raw = kit.message(token)
        path = data_file(kit, raw)
        out = kit.sh(
            [
                "swaks",
                "--server",
                server.host,
                "--port",
                server.ports["smtp"],
                "--pipeline",
                "--from",
                "someone@elsewhere.test",
                "--to",
                f"{server.address(1)},{server.address(2)}",
                "--data",
                f"@{path}",
                "--timeout",
                "60",
            ]
        )
        need(b"250" in out, tail(out))
        same_below_trace(kit.wait(token)[0][2], raw)
        need(kit.wait(token, user=2), "the second recipient lacks it")
        return "MAIL, RCPT, RCPT and DATA in one write"

    report.step("mx-pipelined", pipelined)

    def unknown_recipient():
        out = kit.sh(
            [
                "swaks",
                "--server",
                server.host,
                "--port",
                server.ports["smtp"],
                "--from",
                "someone@elsewhere.test",
                "--to",
                f"nobody-here@{server.domain}",
                "--quit-after",
                "RCPT",
            ],
            allow=(24,),
        )
        need(re.search(rb"<\*\* +550 5\.1\.1", out), tail(out))
        return "550 5.1.1"

    report.step("unknown-recipient", unknown_recipient)

    def wrong_password():
        out = kit.sh(
            [
                "swaks",
                "--server",
                server.host,
                "--port",
                server.ports["submission"],
                "--tls",
                "--auth",
                "PLAIN",
                "--auth-user",
                server.address(0),
                "--auth-password",
                "wrong",
                "--tls-verify",
                "--tls-ca-path",
                server.ca,
                "--tls-sni",
                server.host,
                "--to",
                server.address(1),
                "--quit-after",
                "AUTH",
            ],
            allow=(28,),
        )
        need(re.search(rb"<~\* +535 5\.7\.8", out), tail(out))
        return "535 5.7.8"

    report.step("wrong-password", wrong_password)

    def no_password_before_tls():
        out = kit.sh(
            [
                "swaks",
                "--server",
                server.host,
                "--port",
                server.ports["submission"],
                "--quit-after",
                "EHLO",
            ]
        )
        if not re.search(rb"250.STARTTLS", out):
            raise Skip("STARTTLS is not offered")
        need(
            not re.search(rb"(?i)250.AUTH.*\b(PLAIN|LOGIN)\b", out),
            "a password may be sent before TLS",
        )

    report.step("no-password-before-tls", no_password_before_tls)


def data_file(kit, raw):
    """swaks adds one line end of its own to the file it is given."""
    path = kit.work / "swaks.eml"
    path.write_bytes(raw.removesuffix(b"\r\n"))
    return path


def go_quietly(go):
    """The step's detail is empty: swaks prints the whole session."""
    return lambda *args: go(*args) and None


def msmtp(kit, report):
    kit.missing("msmtp")
    server = kit.server

    def config(implicit_tls, password=None):
        return kit.secret_file(
            "msmtprc",
            f"""account test
tls on
tls_starttls {"off" if implicit_tls else "on"}
tls_trust_file {server.ca}
auth on
timeout 60
host {server.host}
port {server.ports["submissions" if implicit_tls else "submission"]}
from {server.address(0)}
user {server.address(0)}
password {password or server.users[0][1]}
""",
        )

    def go(raw, implicit_tls):
        # msmtp takes To, Cc and Bcc from the header with -t, and takes the Bcc field out itself.
        kit.sh(
            ["msmtp", "-C", config(implicit_tls), "-a", "test", "-t"],
            stdin=raw.replace(b"\r\n", b"\n"),
        )

    for step, implicit_tls in (("submit-starttls", False), ("submit-tls", True)):
        token = kit.token("msmtp")
        raw = kit.message(token, bcc=True)
        if report.step(step, go, raw, implicit_tls):
            kit.check_submitted(report, step, token, raw)

    def mechanism(name):
        offered = kit.sh(["msmtp", "-C", config(False), "-a", "test", "--serverinfo"])
        if not re.search(rb"methods:[^:]*\b" + name.encode() + rb"(\s|$)", offered):
            raise Skip("not offered")
        token = kit.token("msmtp")
        raw = kit.message(token)
        kit.sh(
            [
                "msmtp",
                "-C",
                config(False),
                "-a",
                "test",
                f"--auth={name.lower()}",
                server.address(1),
            ],
            stdin=raw.replace(b"\r\n", b"\n"),
        )
        same_below_trace(kit.wait(token)[0][2], raw)
        kit.sh(
            [
                "msmtp",
                "-C",
                config(False, "wrong"),
                "-a",
                "test",
                f"--auth={name.lower()}",
                server.address(1),
            ],
            stdin=b"Subject: x\n\nx\n",
            allow=(77,),
        )
        return "taken with the right password, refused with a wrong one"

    for name in ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256"):
        report.step(f"auth-{name.lower()}", mechanism, name)

    def bcc_left_in():
        token = kit.token("msmtp")
        raw = kit.message(token, bcc=True)
        recipients = [server.address(n) for n in (1, 2, 0)]
        kit.sh(
            [
                "msmtp",
                "-C",
                config(False),
                "-a",
                "test",
                "--remove-bcc-headers=off",
                "--",
                *recipients,
            ],
            stdin=raw.replace(b"\r\n", b"\n"),
        )
        for user in (0, 1, 2):
            same_below_trace(kit.wait(token, user)[0][2], without_bcc(raw))
        return "the server took the Bcc field out"

    report.step("bcc-field-left-in", bcc_left_in)

    def wrong_password():
        out = kit.sh(
            ["msmtp", "-C", config(False, "wrong"), "-a", "test", server.address(1)],
            stdin=b"Subject: x\n\nx\n",
            allow=(77,),
        )
        need(b"535" in out, tail(out))
        return "535"

    report.step("wrong-password", wrong_password)

    def offered():
        out = kit.sh(["msmtp", "-C", config(False), "-a", "test", "--serverinfo"])
        need(b"SIZE" in out and b"AUTH" in out and b"PIPELINING" in out, tail(out))
        return tail(out[out.find(b"Capabilities") :], 200)

    report.step("serverinfo", offered)
