"""A certificate from an authority nobody here wrote: Pebble from Debian, with its own name server."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

from kit import Fail, Skip, need
from serve import Process, free_ports


def run(kit, report):
    if kit.start is None:
        raise (Fail if kit.strict else Skip)("needs --start BINARY")
    if shutil.which("pebble") is None:
        raise (Fail if kit.strict else Skip)("pebble is not installed")
    folder = Path(tempfile.mkdtemp(prefix="mail-acme-"))
    world = World(kit.start, folder)
    try:
        for step in (certificate_is_obtained, names_are_all_there, it_is_kept, a_refusal_is_told):
            report.step(step.__name__.replace("_", "-"), step, world)
    finally:
        world.stop()
        shutil.rmtree(folder, ignore_errors=True)


class World:
    """The authority with its name server, for which every name is 127.0.0.1; and our server."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.dns, manage, self.acme, admin, self.https, plain = free_ports(6)
        # Its own certificate is one that a server of ours made for itself.
        maker = Process(binary, folder / "maker", "example.test")
        maker.start()
        maker.stop()
        shutil.copy(maker.data / "ca.pem", folder / "root.pem")
        config = folder / "pebble.json"
        config.write_text(
            f"""{{"pebble": {{
                "listenAddress": "127.0.0.1:{self.acme}", "managementListenAddress": "127.0.0.1:{admin}",
                "certificate": "{maker.data}/server.pem", "privateKey": "{maker.data}/server.key",
                "httpPort": {plain}, "tlsPort": {self.https}, "ocspResponderURL": "",
                "externalAccountBindingRequired": false}}}}"""
        )
        self.admin = admin
        self.children = [
            start(
                folder / "names.log",
                "pebble-challtestsrv",
                *("-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""),
                *("-dns01", f":{self.dns}", "-management", f":{manage}"),
                *("-http01", "", "-https01", "", "-tlsalpn01", ""),
            ),
            start(
                folder / "pebble.log",
                *("pebble", "-strict", "-config", str(config)),
                *("-dnsserver", f"127.0.0.1:{self.dns}"),
            ),
        ]
        # Our server asks at once when it starts, and then not soon again.
        for port in (self.acme, self.dns):
            wait_for_port(port)
        self.server = None

    def serve(self, **more):
        settings = self.folder / "settings.toml"
        settings.write_text(
            f"""[relay]\nname-server = '127.0.0.1:{self.dns}'
            [acme]\naccept-terms = true\ncontact = 'you@example.test'
            directory = 'https://localhost:{more.get("acme", self.acme)}/dir'
            ca = '{self.folder}/root.pem'\n"""
        )
        extra = ["--config", str(settings), "--https-port", str(self.https)]
        self.server = Process(self.binary, self.folder / more.get("data", "data"), "example.test", extra=extra)
        self.server.start()
        return self.server

    def root(self):
        """Pebble makes a root at each start, and gives it away here."""
        context = ssl.create_default_context(cafile=self.folder / "root.pem")
        with socket.create_connection(("127.0.0.1", self.admin), timeout=20) as tcp:
            with context.wrap_socket(tcp, server_hostname="localhost") as tls:
                tls.sendall(b"GET /roots/0 HTTP/1.0\r\n\r\n")
                answer = b""
                while piece := tls.recv(65536):
                    answer += piece
        return answer.partition(b"\r\n\r\n")[2].decode()

    def shown(self, name, port):
        """The certificate that is shown for a name, which must lead to Pebble's root."""
        context = ssl.create_default_context(cadata=self.root())
        with socket.create_connection(("127.0.0.1", port), timeout=20) as tcp:
            with context.wrap_socket(tcp, server_hostname=name) as tls:
                return tls.getpeercert()

    def wait_for_log(self, words, seconds=90):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if words in self.server.log.read_text(errors="replace"):
                return
            time.sleep(0.05)
        raise Fail(f"no {words!r} in {self.server.last_words()}")

    def stop(self):
        if self.server:
            self.server.stop()
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def wait_for_port(port, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise Fail(f"nothing listens at port {port}")


def start(log, *words):
    environment = dict(os.environ, PEBBLE_VA_NOSLEEP="1")
    with log.open("wb") as out:
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )


def certificate_is_obtained(world):
    world.serve()
    world.wait_for_log("a certificate was obtained")
    imaps = world.server.ports["imaps"]
    need(world.shown("mx.example.test", imaps), "no certificate")
    return "by tls-alpn-01, shown by IMAPS without a restart"


def names_are_all_there(world):
    for name in ("mx", "mta-sts", "autoconfig", "autodiscover"):
        world.shown(f"{name}.example.test", world.https)
    mode = (world.server.data / "acme.pem").stat().st_mode & 0o777
    need(mode == 0o600, f"others may read the key: {mode:o}")
    return "host, mta-sts, autoconfig, autodiscover"


def it_is_kept(world):
    before = world.shown("mx.example.test", world.https)["serialNumber"]
    world.server.stop()
    world.server.log.write_text("")
    world.serve()
    after = world.shown("mx.example.test", world.https)["serialNumber"]
    need(before == after, "another certificate after a restart")
    need("obtained" not in world.server.log.read_text(), "it was obtained once more")
    return "over a restart"


def a_refusal_is_told(world):
    """Nobody answers where the authority looks: another server's port."""
    world.server.stop()
    (away,) = free_ports(1)
    world.https, there = away, world.https
    world.serve(data="other")
    world.https = there
    world.wait_for_log("no certificate could be obtained")
    need("Failed to connect" in world.server.log.read_text(), world.server.last_words())
    return "and what the authority says"
