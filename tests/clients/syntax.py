"""IMAP responses as values, and a session that gives them: lists, strings as octets, atoms as text, NIL as None."""

import re
import socket

from kit import Fail, need


class Ended(Fail):
    """The peer ended the connection."""


class Raw:
    """A session with either server, under TLS if there is a context for it. A command gives its untagged responses."""

    def __init__(self, port, user, password, tls=None):
        self.arguments = (port, user, password, tls)
        self.connect(*self.arguments)

    def again(self):
        self.socket.close()
        self.connect(*self.arguments)

    def connect(self, port, user, password, tls):
        self.socket = socket.create_connection(("localhost", port), timeout=60)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.reader = self.socket.makefile("rb")
        self.serial = 0
        self.reader.readline()
        self.do(f'LOGIN "{user}" "{password}"')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def do(self, command, literal=None, statuses=("OK",)):
        """The untagged responses of a command, parsed; its last argument may be a literal."""
        self.serial += 1
        tag = f"t{self.serial}"
        if literal is not None:
            command += f" {{{len(literal)}}}"
        self.said = command
        self.socket.sendall(f"{tag} {command}\r\n".encode())
        if literal is not None:
            line = self.reader.readline()
            need(line.startswith(b"+"), f"{command}: {line!r}")
            self.socket.sendall(literal + b"\r\n")
        found = []
        while True:
            line = self.response()
            if line.startswith(tag.encode() + b" "):
                self.status = line.decode(errors="replace").strip()
                need(self.status.split()[1] in statuses, f"{command}: {self.status}")
                return found
            found.append(line)

    def response(self):
        """A response with its literals."""
        out = b""
        while True:
            line = self.reader.readline()
            if not line.endswith(b"\r\n"):
                raise Ended(f"the connection ended after {self.said!r}: {out + line!r}")
            out += line
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if not literal:
                return out
            out += self.reader.read(int(literal[1]))

    def rows(self, command):
        """{sequence number: {item: value}} of a FETCH."""
        found = {}
        for line in self.do(command):
            for number, items in self.row(line).items():
                found.setdefault(number, {}).update(items)
        return found

    @staticmethod
    def row(line):
        """{sequence number: {item: value}} of a FETCH response; nothing of another."""
        if row := re.match(rb"\* (\d+) FETCH ", line):
            items = value(line[row.end() :])
            return {int(row[1]): dict(zip(items[::2], items[1::2]))}
        return {}


TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|~?\{(\d+)\}\r\n|([()])|((?:[^\s()"\[]|\[[^\]]*\])+)')


def value(octets):
    """The first value in the octets."""
    stack, at = [[]], 0
    while True:
        while octets[at : at + 1] == b" ":
            at += 1
        token = TOKEN.match(octets, at)
        need(token, f"no value at {octets[at : at + 40]!r}")
        at = token.end()
        quoted, literal, bracket, atom = token.groups()
        if bracket == b"(":
            stack.append([])
            continue
        if bracket == b")":
            inner = stack.pop()
        elif quoted is not None:
            inner = re.sub(rb"\\(.)", rb"\1", quoted)
        elif literal is not None:
            inner = octets[at : at + int(literal)]
            at += int(literal)
        else:
            text = atom.decode()
            inner = None if text.upper() == "NIL" else int(text) if text.isdigit() else text
        stack[-1].append(inner)
        if len(stack) == 1:
            return stack[0][0]
