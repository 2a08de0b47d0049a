"""A relay of octets between a client and a server that sees how they talk, and can cut them off.

Under TLS the words are hidden, but not whose turn it was: a client that waits for each reply needs a turn for each command.
Octets are passed on a little late, so that what was sent without waiting travels together.
"""

import contextlib
import select
import socket
import threading
import time

DELAY = 0.005
PLAIN = 4096  # octets of the client that are kept


class Session:
    def __init__(self):
        self.turns = 0  # times the client spoke after the server had
        self.octets = 0  # that the client sent
        self.said = b""  # the first of them
        self.last = None
        self.ended = 0  # directions

    @property
    def tls(self):
        """STARTTLS, then a TLS record of a handshake; no envelope before it."""
        plain, found, secret = self.said.partition(b"STARTTLS\r\n")
        return bool(found) and secret.startswith(b"\x16\x03") and b"MAIL" not in plain.upper()


class Tap:
    def __init__(self, listen, target):
        self.target = target
        self.sessions = []
        self.cuts = []  # one for each coming connection: cut it after so many octets of the client
        self.lock = threading.Lock()
        self.listener = socket.create_server(listen, reuse_port=False, backlog=100)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def cut_next(self, octets):
        self.cuts.append(octets)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, 10)
            except OSError:
                client.close()
                continue
            for s in (client, server):
                s.settimeout(60)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            session = Session()
            limit = self.cuts.pop(0) if self.cuts else None
            with self.lock:
                self.sessions.append(session)
            for args in ((client, server, "client", limit), (server, client, "server", None)):
                threading.Thread(target=self._pump, args=(session, *args), daemon=True).start()

    def _pump(self, session, source, sink, who, limit):
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                time.sleep(DELAY)
                if select.select([source], [], [], 0)[0]:
                    chunk += source.recv(1 << 18)
                with self.lock:
                    if who == "client":
                        session.turns += session.last != "client"
                        session.octets += len(chunk)
                        session.said += chunk[: PLAIN - len(session.said)]
                    session.last = who
                if limit is not None and session.octets > limit:
                    # With what was not read the connections end in a reset, as when a cable breaks.
                    close(source, sink)
                    return
                sink.sendall(chunk)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        with self.lock:
            session.ended += 1
            last = session.ended == 2
        if last:
            close(source, sink)


def close(*sockets):
    for s in sockets:
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)
        s.close()
