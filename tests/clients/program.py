"""The program as a newcomer meets it: --help, the first start, accounts, the configuration file, what it refuses."""

import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from crash import second_start
from kit import Fail, Skip, need
from serve import Process
from wire import Ended, Imap


def run(kit, report):
    if kit.start is None:
        raise (Fail if kit.strict else Skip)("needs --start BINARY")
    folder = Path(tempfile.mkdtemp(prefix="mail-program-"))
    for step in (
        help_text,
        first_start,
        accounts,
        configuration_file,
        well_known_passwords_stay_home,
    ):
        report.step(step.__name__.replace("_", "-"), step, kit, folder)
    shutil.rmtree(folder, ignore_errors=True)


def call(kit, *args, stdin="", status=0):
    p = subprocess.run(
        [str(kit.start), *map(str, args)], input=stdin, capture_output=True, text=True, timeout=60
    )
    need(
        p.returncode == status,
        f"{args} ended with {p.returncode}: {p.stdout[-200:]} {p.stderr[-200:]}",
    )
    return p.stdout + p.stderr


def help_text(kit, _):
    text = call(kit, "--help")
    missing = [
        w
        for w in ("--config", "--data", "--smtp-port", "--imaps-port", "demo", "user")
        if w not in text
    ]
    need(not missing, f"--help lacks {missing}")
    return f"{len(text.splitlines())} lines"


def first_start(kit, folder):
    process = Process(kit.start, folder / "first", "example.test")
    start = time.monotonic()
    server = process.start()
    took = time.monotonic() - start
    try:
        expected = (
            [str(p) for p in process.ports.values()]
            + [server.ca]
            + [w for u in server.users for w in u]
        )
        # Its ports answer before it has printed them.
        while (missing := missing_in(process.log, expected)) and time.monotonic() - start < 5:
            time.sleep(0.05)
        need(not missing, f"it does not print {missing}")
        need(process.data.stat().st_mode & 0o077 == 0, "others may read the mail and the keys")
        need(took < 5, f"ready after {took:.1f} s")
        return f"ready in {took:.2f} s; prints every port, user, password and the CA"
    finally:
        process.stop()


def missing_in(log, expected):
    said = log.read_text()
    return [w for w in expected if w not in said]


def accounts(kit, folder):
    process = Process(kit.start, folder / "first", "example.test")
    there = ("--data", process.data)
    call(kit, *there, "user", "add", "dave@example.test", "--password-stdin", stdin="first-word\n")
    need(
        "dave@example.test" in call(kit, *there, "user", "list"), "user list lacks the new account"
    )
    call(
        kit,
        *there,
        "user",
        "add",
        "dave@example.test",
        "--password-stdin",
        stdin="again\n",
        status=1,
    )
    call(
        kit,
        *there,
        "user",
        "passwd",
        "dave@example.test",
        "--password-stdin",
        stdin="second-word\n",
    )
    need(
        "second-word"
        not in "".join(
            p.read_bytes().decode("latin-1") for p in process.data.rglob("*") if p.is_file()
        ),
        "a password lies there in the clear",
    )
    server = process.start()
    try:
        server.users = [("dave@example.test", "first-word"), ("dave@example.test", "second-word")]
        try:
            Imap(server, login=0)
        except Ended:
            raise
        except Fail:
            pass
        else:
            raise Fail("the old password still works")
        Imap(server, login=1).vanish()
    finally:
        process.stop()
    return "added, listed, refused twice, changed; the password is nowhere in the data folder"


def configuration_file(kit, folder):
    process = Process(kit.start, folder / "third", "other.test")
    text = call(kit, *process.arguments, "config")
    path = folder / "mail.toml"
    path.write_text(text)
    process.arguments = ["--config", str(path)]
    server = process.start()
    try:
        Imap(server).vanish()
    finally:
        process.stop()
    path.write_text(text + "\nno-such-setting = 1\n")
    said = call(kit, "--config", path, status=1)
    need(
        "no-such-setting" in said and re.search(r"line \d+", said),
        f"a wrong setting is answered {said!r}",
    )
    return said.splitlines()[0]


def well_known_passwords_stay_home(kit, folder):
    """The store of the first start holds alice, bob and carol: not for a listener that others can reach."""
    process = Process(kit.start, folder / "first", "example.test")
    process.arguments += ["--listen", "0.0.0.0"]
    return second_start(process)
