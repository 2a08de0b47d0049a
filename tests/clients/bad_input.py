"""What no well-meaning client sends, over raw sockets: the right code, nothing half-stored, and the server goes on."""

import socket

import bad_imap
import bad_pop3
import bad_smtp
import bad_smtp_commands
import bad_smtp_data
from kit import need, same_below_trace
from wire import Smtp


def run(kit, report):
    for part in (bad_smtp, bad_smtp_commands, bad_smtp_data, bad_imap, bad_pop3):
        part.run(kit, report)

    def silent_connections():
        """Clients that connect and say nothing, more at once than any real one opens."""
        silent = [
            socket.create_connection((kit.server.host, port), timeout=20)
            for port in kit.server.ports.values()
            for _ in range(60)
        ]
        try:
            kit.seed("bad")
        finally:
            for s in silent:
                s.close()
        return f"{len(silent)} of them, and mail is delivered meanwhile"

    report.step("silent-connections", silent_connections)

    def still_serves():
        token = kit.token("bad")
        raw = kit.message(token)
        kit.server.submit(kit.server.address(0), [kit.server.address(1)], raw)
        same_below_trace(kit.wait(token)[0][2], raw)
        with Smtp(kit.server) as s:
            need(s.greeting.code == 220, s.greeting)
            s.goes_on()
        return "submitted and read after all of the above"

    report.step("still-serves", still_serves)
