"""imapflow, a library for Node.js: `imapflow/session.mjs` speaks, this file judges what it was told."""

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path

from kit import Fail, Skip, need, tail

# Where .ci/run puts it.
PLACE = Path(__file__).resolve().parents[2] / "target/imapflow"
SESSION = Path(__file__).resolve().parent / "imapflow/session.mjs"
BOX = "ct-imapflow"


def run(kit, report):
    if shutil.which("node") is None or not (PLACE / "node_modules/imapflow").is_dir():
        raise (Fail if kit.strict else Skip)("imapflow is not installed")
    kit.drop_mailbox(BOX)
    token, raw = kit.seed("imapflow")
    told = {}

    def session():
        for one in talk(kit, token):
            told[one.pop("step")] = one
        need("end" in told, f"it ended after {list(told)}")
        return f"enabled {', '.join(told['connect']['enabled']) or 'nothing'}"

    if not report.step("session", session):
        return

    def listing():
        names = told["list"]["names"]
        need("INBOX" in names and BOX in names, f"LIST gave {names}")
        need(told["status"]["status"]["messages"] >= 1, f"STATUS gave {told['status']}")
        return f"{len(names)} mailboxes"

    def headers_and_body():
        need(told["select-search"]["exists"] >= 1 and told["select-search"]["uid"], "not found")
        row = told["headers"]
        need(row["subject"] == token and row["size"] == len(raw), f"the row is {row}")
        need(row["parts"] == 2 and "\\Seen" not in row["flags"], f"the row is {row}")
        head = base64.b64decode(row["headers"])
        need(head == raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", "the header differs")
        need(base64.b64decode(told["body"]["octets"]) == raw, "the message differs")
        need(base64.b64decode(told["part"]["octets"]) == kit.blob, "the attachment differs")
        return f"{len(raw)} octets in chunks, the attachment decoded"

    def search():
        uid = told["select-search"]["uid"]
        need(told["search"]["found"] == [uid], f"SEARCH found {told['search']['found']}")
        need(uid in told["search"]["umlaut"], "a search in UTF-8 does not find it")

    def store():
        flags = told["store"]["flags"]
        need("$Phone" in flags and "\\Flagged" not in flags, f"the flags are {flags}")

    def append_copy_move():
        uids = told["append-copy-move"]
        need(uids["appended"] < uids["copied"] < uids["moved"], f"the UIDs are {uids}")
        need(told["expunge"]["before"] == list(uids.values()), f"{told['expunge']} of {uids}")
        kit.wait_gone(token)

    def expunge():
        seen = told["expunge"]
        need(seen["between"] == seen["before"][1:] and not seen["after"], f"{seen}")

    def idle():
        need(told["told"]["count"] == told["told"]["before"] + 1, f"told {told['told']}")
        return f"told {told['told']['after'] * 1000:.0f} ms after the 250"

    for step in (listing, headers_and_body, search, store, append_copy_move, expunge, idle):
        report.step(step.__name__.replace("_", "-"), step)


def talk(kit, token):
    """What the session says, a dictionary a step. While it idles a message is delivered."""
    name, password = kit.server.users[1]
    extra = kit.message(kit.token("imapflow")).decode("latin-1")  # octets do not matter here
    argv = ["node", SESSION, PLACE, kit.server.host, kit.server.ports["imaps"], kit.server.ca, name, BOX, token]
    with subprocess.Popen(
        [str(a) for a in argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(errors := (kit.work / "imapflow.err").open("w+b")),
    ) as p:
        p.stdin.write(f"{password}\0{extra}".encode())
        p.stdin.close()
        sent = None
        for line in p.stdout:
            one = json.loads(line)
            if one["step"] == "idle":
                time.sleep(0.5)  # IDLE is on its way
                letter = kit.message(kit.token("imapflow"))
                kit.server.submit(kit.server.address(0), [kit.server.address(1)], letter)
                sent = time.monotonic()
            if one["step"] == "told":
                one["after"] = time.monotonic() - sent
            yield one
    errors.seek(0)
    need(p.returncode == 0, f"node ended with {p.returncode}: {tail(errors.read(), 600)}")
