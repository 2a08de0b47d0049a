"""Raw sessions: octets go out exactly as given, replies come back parsed. For what no real client would send."""

import re
import socket
import ssl

from kit import Fail, need


class Ended(Fail):
    """The connection ended where an answer was due."""


class Wire:
    """A TCP or TLS connection that reads lines and notices an orderly end."""

    def __init__(self, server, port, tls=False, timeout=20):
        self.server = server
        self.sock = socket.create_connection((server.host, server.ports[port]), timeout=timeout)
        self.buffer = b""
        if tls:
            self.start_tls()

    def start_tls(self):
        if self.buffer.startswith(b"\x15\x03"):
            raise ConnectionError("a TLS alert before the handshake")
        need(not self.buffer, f"octets before the TLS handshake: {self.buffer!r}")
        self.sock = self.server.context.wrap_socket(self.sock, server_hostname=self.server.host)

    def send(self, octets):
        self.sock.sendall(octets)

    def line(self):
        """The next line with its end, or what there is of it at the end of the stream."""
        while b"\n" not in self.buffer:
            try:
                more = self.sock.recv(65536)
            except TimeoutError:
                raise Fail(f"no answer in {self.sock.gettimeout()} s") from None
            except OSError:  # reset, or TLS cut off: the end, if not an orderly one
                more = b""
            if not more:
                rest, self.buffer = self.buffer, b""
                return rest
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line + b"\n"

    def rest(self):
        """Everything until the peer closes."""
        out = b""
        while line := self.line():
            out += line
        return out

    def vanish(self):
        """End the connection without a word."""
        self.sock.close()

    def quiet(self, seconds=0.3):
        """True when nothing comes within the time and the connection stays open."""
        before, got = self.sock.gettimeout(), None
        self.sock.settimeout(seconds)
        try:
            got = self.buffer or self.sock.recv(65536)
            self.buffer = self.buffer or got
        except TimeoutError:
            return True
        finally:
            self.sock.settimeout(before)
        return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


class Reply(str):
    """An SMTP reply: its text in one line, its code, and its enhanced status code or ''."""

    def __new__(cls, lines):
        text = b" / ".join(lines).decode("utf-8", "replace")
        self = super().__new__(cls, text)
        self.code = int(text[:3]) if text[:3].isdigit() else 0
        found = re.match(r"\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b", text)
        self.enhanced = found.group(1) if found else ""
        return self


class Smtp(Wire):
    """An SMTP session past its greeting."""

    def __init__(self, server, port="smtp", tls=False, ehlo=True, **more):
        super().__init__(server, port, tls, **more)
        self.greeting = self.expect(220)
        self.features = self.ehlo() if ehlo else ""

    def reply(self):
        lines = []
        while line := self.line():
            lines.append(line.rstrip(b"\r\n"))
            if line[3:4] != b"-":
                need(line.endswith(b"\r\n"), f"reply line without CRLF: {line!r}")
                return Reply(lines)
        raise Ended(f"the connection ended instead of a reply (got {lines})")

    def expect(self, codes, enhanced=""):
        """The next reply, which must have one of the codes and an enhanced code that begins as given."""
        reply = self.reply()
        codes = (codes,) if isinstance(codes, int) else codes
        need(
            reply.code in codes and reply.enhanced.startswith(enhanced),
            f"expected {'/'.join(map(str, codes))} {enhanced}, got: {reply}",
        )
        return reply

    def command(self, text, codes, enhanced=""):
        self.send(text.encode() + b"\r\n")
        return self.expect(codes, enhanced)

    def ehlo(self):
        return self.command("EHLO client.test", 250)

    def starttls(self):
        self.command("STARTTLS", 220)
        self.start_tls()
        self.features = self.ehlo()

    def envelope(self, sender, *recipients):
        self.command(f"MAIL FROM:<{sender}>", 250, "2.")
        for r in recipients:
            self.command(f"RCPT TO:<{r}>", 250, "2.")

    def goes_on(self):
        """The session still answers, in step: one NOOP, one 250."""
        self.command("NOOP", 250, "2.")


class Imap(Wire):
    """An IMAP session past its greeting, logged in as user `login` unless that is None."""

    def __init__(self, server, port="imaps", tls=True, login=1, **more):
        super().__init__(server, port, tls, **more)
        self.serial = 0
        self.greeting = self.line()
        need(self.greeting.startswith(b"* OK"), f"greeting {self.greeting!r}")
        if login is not None:
            name, password = server.users[login]
            self.command(f'LOGIN "{name}" "{password}"', "OK")

    def tag(self):
        self.serial += 1
        return f"a{self.serial}"

    def answer(self, tag, statuses):
        """The untagged lines and the tagged one; fails unless its status is among the given."""
        lines, got = [], b""
        while got := self.line():
            lines.append(got)
            literal = re.search(rb"\{(\d+)\}\r\n$", got)
            if literal:
                lines.append(self.octets(int(literal.group(1))))
            elif got.startswith(tag.encode() + b" "):
                break
            elif got.startswith(b"+"):
                raise Fail(f"a continuation instead of a tagged answer: {got!r}")
        if not got:
            raise Ended(b"".join(lines[-3:]) or b"the connection ended instead of an answer")
        status = got.split(b" ")[1].decode()
        statuses = (statuses,) if isinstance(statuses, str) else statuses
        need(status in statuses, f"expected {'/'.join(statuses)}, got {got!r}")
        return b"".join(lines)

    def octets(self, n):
        while len(self.buffer) < n:
            more = self.sock.recv(65536)
            need(more, "the connection ended in a literal")
            self.buffer += more
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def command(self, text, statuses):
        tag = self.tag()
        self.send(
            f"{tag} ".encode() + (text if isinstance(text, bytes) else text.encode()) + b"\r\n"
        )
        return self.answer(tag, statuses)

    def goes_on(self):
        self.command("NOOP", "OK")


class Pop3(Wire):
    """A POP3 session past its greeting, logged in as user `login` unless that is None."""

    def __init__(self, server, port="pop3s", tls=True, login=1, **more):
        super().__init__(server, port, tls, **more)
        self.expect("+OK")
        if login is not None:
            self.command(f"USER {server.users[login][0]}", "+OK")
            self.command(f"PASS {server.users[login][1]}", "+OK")

    def expect(self, status):
        line = self.line()
        if not line:
            raise Ended("the connection ended instead of an answer")
        need(line.startswith(status.encode()), f"expected {status}, got {line!r}")
        return line.decode("utf-8", "replace").strip()

    def command(self, text, status):
        self.send((text if isinstance(text, bytes) else text.encode()) + b"\r\n")
        return self.expect(status)

    def multiline(self):
        """The lines after a +OK, un-stuffed, to the dot."""
        out = []
        while (line := self.line()) != b".\r\n":
            need(line, "the connection ended in a multi-line answer")
            out.append(line[1:] if line.startswith(b".") else line)
        return out

    def goes_on(self):
        self.command("NOOP", "+OK")


def short(token, body="hello\r\n"):
    return f"From: someone@elsewhere.test\r\nSubject: {token}\r\n\r\n{body}".encode()


def client_hello():
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(into, out, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def deliver(server, token, body="hello\r\n"):
    """One message from outside to user 1; returns at the 250."""
    with Smtp(server) as s:
        s.envelope("someone@elsewhere.test", server.address(1))
        s.command("DATA", 354)
        s.send(short(token, body) + b".\r\n")
        return s.expect(250, "2.")
