"""Where the peers stand: a temporary folder, a certificate authority, a name server, and processes that end with the test."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kit import Fail, Skip, need
from serve import NameServer


class Names(NameServer):
    """Each domain has a host `mx.` of its own, at an address of its own, so that all can have the same port."""

    DOMAINS = {
        "example.test": "127.0.0.1",
        "postfix.test": "127.0.0.2",
        "exim.test": "127.0.0.3",
        # The same hosts by names that are not in their certificates.
        "other-postfix.test": "127.0.0.2",
        "other-exim.test": "127.0.0.3",
    }


class Stage:
    def __init__(self, strict):
        self.strict = strict
        self.folder = Path(tempfile.mkdtemp(prefix="mail-peers-"))
        self.folder.chmod(0o755)  # the peers work as users of their own
        guardian = [sys.executable, Path(__file__).with_name("guardian.py"), self.folder]
        self.guardian = subprocess.Popen(guardian, stdin=subprocess.PIPE, start_new_session=True)
        self.children = []
        self.closing = []
        self.names = Names()
        self.closing.append(self.names.close)
        self.ca = self._authority()

    def missing(self, why):
        raise (Fail if self.strict else Skip)(why)

    def close(self):
        """Ends whatever was started, newest first, by process id."""
        for child in reversed(self.children):
            end(child)
            self.guard(child.pid, "-")
        self.guardian.stdin.close()
        self.guardian.wait(10)
        for close in self.closing:
            with contextlib.suppress(OSError):
                close()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def guard(self, pid, sign="+"):
        """Should the test be killed, so is this process."""
        self.guardian.stdin.write(f"{sign}{pid}\n".encode())
        self.guardian.stdin.flush()

    def spawn(self, argv, log, **more):
        """A process in a group of its own, which ends with the test."""
        with Path(log).open("ab") as out:
            child = subprocess.Popen(
                [str(a) for a in argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
                **more,
            )
        self.guard(child.pid)
        self.children.append(child)
        return child

    def await_greeting(self, child, port, log, address="127.0.0.1"):
        """Returns when the peer greets on the port."""
        end_of_patience = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection((address, port), 5) as s:
                if s.recv(3) in (b"220", b"* O", b"+OK"):
                    return
            gone = child.poll() is not None
            if gone or time.monotonic() > end_of_patience:
                words = Path(log).read_text(errors="replace")[-600:]
                raise Fail(f"{child.args[0]} {'ended' if gone else 'does not greet'}: {words}")
            time.sleep(0.05)

    def run(self, argv, stdin=b"", timeout=30):
        done = subprocess.run(
            [str(a) for a in argv],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            cwd=self.folder,
            check=False,
        )
        words = done.stdout.decode("utf-8", "replace")
        need(done.returncode == 0, f"{argv[0]} ended with {done.returncode}: {words[-400:]}")
        return words

    # -- certificates

    def _authority(self):
        key, certificate = self.folder / "ca.key", self.folder / "ca.pem"
        if shutil.which("openssl") is None:
            self.missing("openssl is not installed")
        self.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            + ["-nodes", "-keyout", key, "-out", certificate, "-days", "2"]
            + ["-subj", "/CN=Peers CA", "-addext", "basicConstraints=critical,CA:TRUE"]
            + ["-addext", "keyUsage=critical,keyCertSign"]
        )
        return certificate

    def certificate(self, host, folder, owner="root"):
        """A certificate of that name in the folder; returns the paths of certificate and key."""
        key, request, certificate = (folder / f"tls.{x}" for x in ("key", "csr", "pem"))
        extensions = folder / "tls.ext"
        extensions.write_text(
            f"subjectAltName=DNS:{host},DNS:localhost\nextendedKeyUsage=serverAuth\n"
        )
        self.run(
            ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request]
            + ["-subj", f"/CN={host}"]
        )
        self.run(
            ["openssl", "x509", "-req", "-in", request, "-CA", self.ca, "-days", "2"]
            + ["-CAkey", self.ca.with_suffix(".key"), "-CAcreateserial", "-out", certificate]
            + ["-extfile", extensions]
        )
        key.chmod(0o600)
        shutil.chown(key, owner)
        return certificate, key


def end(child):
    """SIGTERM, and what of its group is left after five seconds is killed."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(5)
