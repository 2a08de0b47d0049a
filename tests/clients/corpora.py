"""Real messages to fill mailboxes with: three public test suites, as installed here from their registries.

- CPython's `test/test_email/data` (Debian's libpython3.11-testsuite, or the interpreter that runs this)
- the `resources/eml` folder of the crate mail-parser, from cargo's registry folder
- the bounces in the source distribution of PyPI's flufl.bounce

Line ends: every CRLF, lone CR and lone LF of a file becomes CRLF, the only line end a message has (RFC 5322 §2.1), and
what imaplib makes of a message in any case. Files with NUL are left out: an IMAP literal cannot hold one. Nothing else
is changed.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

from kit import Skip

MAIL_PARSER = "0.11.9"
DOWNLOADS = Path(__file__).resolve().parents[2] / "target/mail-corpora"


def sources():
    """{name: [octets]}, one entry a corpus that is on this machine."""
    found = {
        "test_email": _python(),
        "mail-parser": _mail_parser(),
        "flufl.bounce": _flufl_bounce(),
    }
    return {name: files for name, files in found.items() if files}


def messages(count, strict=False):
    """`count` distinct messages: each corpus file as it is, then again with a Message-ID of its own on top."""
    corpora = sources()
    if len(corpora) < 3 and strict:
        raise AssertionError(f"corpora found: {', '.join(corpora) or 'none'}; three are needed")
    originals = list(
        dict.fromkeys(crlf(x) for files in corpora.values() for x in files if b"\0" not in x)
    )
    if not originals:
        raise Skip("no corpus is installed")
    out = originals[:count]
    while len(out) < count:
        n = len(out)
        out.append(
            f"Message-ID: <copy-{n}@corpora.test>\r\n".encode() + originals[n % len(originals)]
        )
    return out


def described():
    return ", ".join(f"{len(files)} {name}" for name, files in sources().items())


def crlf(octets):
    return re.sub(rb"\r\n|\r|\n", b"\r\n", octets)


def has_header_end(message):
    """mbsync refuses a message without the empty line that ends the header."""
    return b"\r\n\r\n" in message


def _read(folder, *patterns):
    return [
        p.read_bytes() for pattern in patterns for p in sorted(folder.glob(pattern)) if p.is_file()
    ]


def _python():
    folders = [
        Path(sysconfig.get_path("stdlib"), "test/test_email/data"),
        *sorted(Path("/usr/lib").glob("python3*/test/test_email/data")),
    ]
    folder = next((f for f in folders if f.is_dir()), None)
    return _read(folder, "msg_*.txt") if folder else []


def _mail_parser():
    """cargo's registry folder has the crate's sources; a manifest of two lines brings it there if it does not."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    pattern = f"registry/src/*/mail-parser-{MAIL_PARSER}/resources/eml"
    if not list(home.glob(pattern)) and shutil.which("cargo"):
        (DOWNLOADS / "src").mkdir(parents=True, exist_ok=True)
        (DOWNLOADS / "src/lib.rs").write_text("")
        (DOWNLOADS / "Cargo.toml").write_text(
            f'[package]\nname = "corpora"\n[workspace]\n[dependencies]\nmail-parser = "={MAIL_PARSER}"\n'
        )
        _quietly(["cargo", "fetch", "--manifest-path", str(DOWNLOADS / "Cargo.toml")])
    folders = sorted(home.glob(pattern))
    return _read(folders[-1], "**/*.eml", "**/*.txt") if folders else []


def _flufl_bounce():
    """The source distribution lies in target/mail-corpora; pip downloads it there once."""
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    if not list(DOWNLOADS.glob("flufl*bounce-*.tar.gz")):
        _quietly(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--no-deps",
                "--no-binary",
                "flufl.bounce",
                "-d",
                str(DOWNLOADS),
                "flufl.bounce",
            ]
        )
    archives = sorted(DOWNLOADS.glob("flufl*bounce-*.tar.gz"))
    if not archives:
        return []
    with tarfile.open(archives[-1]) as archive:
        members = sorted(
            (m for m in archive.getmembers() if re.search(r"/data/[^/]+\.txt$", m.name)),
            key=lambda m: m.name,
        )
        return [archive.extractfile(m).read() for m in members]


def _quietly(command):
    """A corpus that cannot be had is left out; `strict` says whether that is a failure."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        print(
            f"# {' '.join(command)}: {done.stderr.decode(errors='replace').strip()[-300:]}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    print(described())
    print(f"{len(messages(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))} messages")
