#!/usr/bin/env python3
"""Starts mail servers on free loopback ports for as long as a test lasts.

As a program it starts two servers, example.test and peer.test, runs one command and stops them again; `{host}`, `{ca}`
and `{smtp}`, `{submission}`, `{submissions}`, `{imap}`, `{imaps}`, `{pop3}`, `{pop3s}` in the command become those of
example.test:

    tests/clients/serve.py target/debug/mail-server curl --cacert {ca} imaps://alice%40example.test:alice-secret@{host}:{imaps}/
"""

import contextlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from kit import PORTS, Fail, Server

NAMES = ("alice", "bob", "carol")


def free_ports(count):
    """Ports nobody listens on now, below those the kernel gives to outgoing connections, so that none slips in."""
    found = []
    while len(found) < count:
        port = random.SystemRandom().randint(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                udp.bind(("127.0.0.1", port))
            if port not in found:
                found.append(port)
    return found


class Process:
    """One server: its data folder and ports stay the same when it is stopped and started again."""

    def __init__(self, binary, data, domain, ports=None, dns=None, relay_port=None, extra=()):
        self.binary, self.data, self.domain = binary, Path(data), domain
        self.ports = ports or dict(zip(PORTS, free_ports(len(PORTS))))
        self.log = self.data.parent / f"{self.data.name}.log"
        self.arguments = [
            "--data",
            str(self.data),
            "--hostname",
            f"mx.{domain}",
            "--domain",
            domain,
        ]
        for name, port in self.ports.items():
            self.arguments += [f"--{name}-port", str(port)]
        if dns:
            self.arguments += ["--dns", f"127.0.0.1:{dns}", "--relay-port", str(relay_port)]
        self.arguments += extra
        self.child = None

    def start(self):
        """Returns when it serves; the listeners are bound all at once, so one of them speaks for all."""
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                [str(self.binary), *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.data.parent,
            )
        end = time.monotonic() + 30
        while not self.greets():
            if self.child.poll() is not None or time.monotonic() > end:
                self.stop()
                raise Fail(f"the server did not come up: {self.last_words()}")
            time.sleep(0.02)
        users = [(f"{name}@{self.domain}", f"{name}-secret") for name in NAMES]
        return Server("localhost", self.ports, str(self.data / "ca.pem"), self.domain, users)

    def greets(self):
        try:
            with socket.create_connection(("127.0.0.1", self.ports["smtp"]), timeout=30) as s:
                return s.recv(4) == b"220 "
        except OSError:
            return False

    def last_words(self):
        return self.log.read_text(errors="replace")[-500:]

    def kill(self):
        """SIGKILL: no chance to tidy up."""
        self.child.kill()
        self.child.wait()

    def stop(self):
        """SIGTERM; returns the exit status, and fails when the server does not end."""
        if self.child is None:
            return None
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Fail("SIGTERM did not end the server in 40 s") from None


class Pair:
    """example.test, which can relay to peer.test, and a name server that knows both."""

    def __init__(self, binary):
        self.binary = Path(binary)
        self.folder = Path(tempfile.mkdtemp(prefix="mail-servers-"))
        self.names = NameServer()
        self.main = self.peer = None

    def start(self):
        peer_ports = dict(zip(PORTS, free_ports(len(PORTS))))
        main_ports = dict(zip(PORTS, free_ports(len(PORTS))))
        self.main = Process(
            self.binary,
            self.folder / "main",
            "example.test",
            main_ports,
            self.names.port,
            peer_ports["smtp"],
        )
        self.peer = Process(
            self.binary,
            self.folder / "peer",
            "peer.test",
            peer_ports,
            self.names.port,
            main_ports["smtp"],
        )
        return self.main.start(), self.peer.start()

    def stop(self):
        for process in filter(None, (self.main, self.peer)):
            process.stop()
        self.names.close()
        panics = [
            line
            for log in self.folder.glob("*.log")
            for line in log.read_text(errors="replace").splitlines()
            if "panicked at" in line
        ]
        shutil.rmtree(self.folder, ignore_errors=True)
        return panics


class NameServer:
    """Answers MX and A for the test domains over UDP and TCP on loopback; everything else is NXDOMAIN (RFC 1035 §4.1)."""

    A, MX = 1, 15
    DOMAINS = {"example.test": "127.0.0.1", "peer.test": "127.0.0.1"}  # and the address of its host `mx.`

    def __init__(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.port = free_ports(1)[0]
        self.udp.bind(("127.0.0.1", self.port))
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    def _serve_udp(self):
        while True:
            try:
                query, sender = self.udp.recvfrom(4096)
                self.udp.sendto(self.answer(query), sender)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
                with connection:
                    connection.settimeout(5)
                    size = int.from_bytes(connection.recv(2), "big")
                    reply = self.answer(connection.recv(size))
                    connection.sendall(len(reply).to_bytes(2, "big") + reply)
            except TimeoutError:
                continue
            except OSError:
                return

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1").lower())
            at += query[at] + 1
        name, kind = ".".join(labels), int.from_bytes(query[at + 1 : at + 3], "big")
        question = query[12 : at + 5]
        record = b""
        if kind == self.MX and name in self.DOMAINS:
            record = (
                (10).to_bytes(2, "big")
                + b"".join(bytes([len(x)]) + x.encode() for x in ("mx", *labels))
                + b"\0"
            )
        elif kind == self.A and name.removeprefix("mx.") in self.DOMAINS:
            record = socket.inet_aton(self.DOMAINS[name.removeprefix("mx.")])
        known = any(name == d or name == f"mx.{d}" for d in self.DOMAINS)
        flags = (0x8580 if known else 0x8583).to_bytes(
            2, "big"
        )  # response, authoritative, recursion; NXDOMAIN
        counts = b"\0\1" + bytes([0, bool(record)]) + b"\0\0\0\0"
        out = query[:2] + flags + counts + question
        if record:
            out += (
                b"\xc0\x0c"
                + kind.to_bytes(2, "big")
                + b"\0\1\0\0\0\x3c"
                + len(record).to_bytes(2, "big")
                + record
            )
        return out

    def close(self):
        self.udp.close()
        self.tcp.close()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    pair = Pair(Path(sys.argv[1]).resolve())
    try:
        server, _ = pair.start()
        values = dict(server.ports, host=server.host, ca=server.ca)
        command = [
            re.sub(r"\{(\w+)\}", lambda m: str(values[m.group(1)]), word) for word in sys.argv[2:]
        ]
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    finally:
        pair.stop()


if __name__ == "__main__":
    sys.exit(main())
