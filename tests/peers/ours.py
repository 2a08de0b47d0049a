"""Our server: example.test, with the three users of every test and nine more."""

from kit import PORTS, Kit, need
from peer import reported
from serve import NAMES, Process, free_ports

MORE = [f"u{n:02}" for n in range(1, 10)]
LARGEST = 2_000_000  # octets of a message it takes

CONFIGURATION = """\
[relay]
port = {relay_port}
tls = "verified"
ca = "{ca}"
first-retry-seconds = 1
# Each message has a session of its own, which the taps can tell apart.
keep-seconds = 0
[[relay.routes]]
domains = ["dovecot.test"]
host = "localhost"
protocol = "lmtp"
port = {lmtp}
[limits]
message-size = {largest}
"""


class Ours:
    def __init__(self, stage, binary):
        self.stage, self.binary = stage, binary
        self.relay_port, self.lmtp = free_ports(2)
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))
        self.configuration = stage.folder / "ours.toml"
        self.configuration.write_text(
            CONFIGURATION.format(
                relay_port=self.relay_port, ca=stage.ca, largest=LARGEST, lmtp=self.lmtp
            )
        )
        self.process = Process(
            binary,
            stage.folder / "ours",
            "example.test",
            self.ports,
            stage.names.port,
            self.relay_port,
            ["--config", str(self.configuration)],
        )

    def start(self, strict):
        for name in (*NAMES, *MORE):
            self.stage.run(
                [self.binary, "--data", self.process.data, "user", "add", "--password-stdin"]
                + [f"{name}@example.test"],
                f"{name}-secret\n".encode(),
            )
        server = self.process.start()
        self.stage.guard(self.process.child.pid)
        server.users += [(f"{name}@example.test", f"{name}-secret") for name in MORE]
        self.kit = Kit(server, strict=strict, timeout=10)
        self.kit.log = self.process.log
        return self.kit

    def close(self):
        """Returns what the server should not have written."""
        if self.process.child is None:
            return []
        self.process.stop()
        self.stage.guard(self.process.child.pid, "-")
        log = self.process.log.read_text(errors="replace")
        return [line for line in log.splitlines() if "panicked at" in line or " ERROR " in line]


def reports(kit, token, user=0):
    """What the delivery reports in a user's INBOX say of the message with this token: {recipient: (action, …)}."""
    found = {}
    with kit.server.imap(user, "INBOX", readonly=True) as m:
        for uid in m.uid("SEARCH", None, "TEXT", token)[1][0].split():
            octets = m.uid("FETCH", uid, "(BODY.PEEK[])")[1][0][1]
            for to, said in (reported(octets) or {}).items():
                need(to not in found, f"{to} is reported twice")
                found[to] = said
    return found
