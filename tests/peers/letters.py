"""Messages that relays like to damage. None has what a relay may rightly change: bare CR or LF, NUL, lines over 998 octets."""

import random


def letter(token, body, sender="alice@example.test", to="bob@example.test", fields=()):
    head = [
        f"From: <{sender}>",
        f"To: <{to}>",
        f"Subject: {token}",
        "Date: Tue, 24 Nov 2026 08:00:00 +0000",
        f"Message-ID: <{token}@peers.test>",
        *fields,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def short(token, **more):
    return letter(token, b"Hello.\r\n", **more)


EIGHT_BIT = ("MIME-Version: 1.0", "Content-Type: text/plain; charset=x-unknown",
             "Content-Transfer-Encoding: 8bit")  # fmt: skip
OCTETS = bytes(n for n in range(1, 256) if n not in b"\r\n")
# Wherever these are cut, no octet of them may go missing.
DOTS = (
    b".\r\n..\r\n...\r\n.leading\r\n..leading\r\n \r\n. \r\n\r\n.\r\n\r\nmiddle . dot\r\nend.\r\n"
    b"MAIL FROM:<x@example.test>\r\n.\r\nRCPT TO:<y@example.test>\r\nDATA\r\n..\r\n.\r\n"
)
SPACE = b"trailing \r\ntab\t\r\n \tonly\r\n\t\r\n\r\n\r\nFrom here\r\n>From there\r\n\r\n\r\n\r\n"


def mebibyte():
    noise = random.Random(20261124)
    line = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/."
    lines = ["".join(noise.choices(line, k=76)) for _ in range((1 << 20) // 78 + 1)]
    return "\r\n".join(lines).encode() + b"\r\n"


BODIES = {
    "plain": (b"Hello.\r\n", ()),
    "empty": (b"", ()),
    "dots": (DOTS, ()),
    "8bit": ((OCTETS + b"\r\n") * 3 + "Grüße aus Köln\r\n".encode(), EIGHT_BIT),
    "space": (SPACE, ()),
    "long-lines": ((b"x" * 998 + b"\r\n") * 5 + b"." * 997 + b"\r\n", ()),
    "folded": (
        b"Hello.\r\n",
        ("X-Folded: one\r\n two\r\n\tthree  ", "X-Empty:", "x-CASE:no space"),
    ),
    "10000-lines": (b"".join(b"%d\r\n" % n for n in range(10_000)), ()),
    "1-MiB": (mebibyte(), ()),
}
