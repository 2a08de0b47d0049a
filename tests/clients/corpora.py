"""Real messages to fill mailboxes with: public test suites, as installed here from their registries.

- CPython's `test/test_email/data` (Debian's libpython3.11-testsuite, or the interpreter that runs this)
- the `resources/eml` folder of the crate mail-parser, from cargo's registry folder
- messages in the source distributions of packages on PyPI (`SDISTS`), downloaded by pip

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
# Package, version, and which of its files are messages.
SDISTS = (
    ("flufl.bounce", "6.0.0", r"/data/[^/]+\.txt$"),
    ("mail-parser", "4.8.0", r"/tests/mails/mail_(test|malformed)_\d+$"),
    ("django-mailbox", "4.10.1", r"/tests/messages/[^/]+\.eml$"),
    ("hyperkitty", "1.3.12", r"/tests/testdata/[^/]+\.txt$"),
    ("talon", "1.4.4", r"/fixtures/([^/]+/)*[^/]+\.eml$"),
    ("pymap", "0.36.7", r"/demo/[^/]+/message-\d+\.txt$"),
)
DOWNLOADS = Path(__file__).resolve().parents[2] / "target/mail-corpora"


def sources(strict=False):
    """{corpus: {file: octets}}, one entry a corpus that is on this machine; with `strict` all must be."""
    found = {"test_email": _python(), "mail-parser.rs": _mail_parser()}
    found |= {package: _sdist(package, version, wanted) for package, version, wanted in SDISTS}
    if strict and (missing := [name for name, files in found.items() if not files]):
        raise AssertionError(f"these corpora could not be had: {', '.join(missing)}")
    return {name: files for name, files in found.items() if files}


def originals(strict=False):
    """{corpus/file: message}, each message once."""
    found = {}
    for corpus, files in sources(strict).items():
        for name, octets in files.items():
            if b"\0" not in octets:
                found.setdefault(crlf(octets), f"{corpus}/{name}")
    if not found:
        raise Skip("no corpus is installed")
    return {name: message for message, name in found.items()}


def messages(count, strict=False):
    """`count` distinct messages: each corpus file as it is, then again with a Message-ID of its own on top."""
    real = list(originals(strict).values())
    out = real[:count]
    while len(out) < count:
        n = len(out)
        out.append(f"Message-ID: <copy-{n}@corpora.test>\r\n".encode() + real[n % len(real)])
    return out


def described():
    return ", ".join(f"{len(files)} {name}" for name, files in sources().items())


def crlf(octets):
    return re.sub(rb"\r\n|\r|\n", b"\r\n", octets)


def has_header_end(message):
    """mbsync refuses a message without the empty line that ends the header."""
    return b"\r\n\r\n" in message


def _read(folder, *patterns):
    """{file name: octets}, in the order of their names."""
    found = {p for pattern in patterns for p in folder.glob(pattern) if p.is_file()}
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(found)}


def _python():
    folders = [
        *sorted(Path("/usr/lib").glob("python3*/test/test_email/data")),
        Path(sysconfig.get_path("stdlib"), "test/test_email/data"),
    ]
    folder = next((f for f in folders if f.is_dir()), None)
    return _read(folder, "msg_*.txt") if folder else {}


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
    return _read(folders[-1], "**/*.eml", "**/*.txt") if folders else {}


def _sdist(package, version, wanted):
    """The source distribution lies in target/mail-corpora; pip downloads it there once."""
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    pattern = f"{re.sub('[-._]', '?', package)}-{version}.tar.gz"
    if not list(DOWNLOADS.glob(pattern)):
        only = ["--no-deps", "--no-binary", package, f"{package}=={version}"]
        _quietly([sys.executable, "-m", "pip", "download", *only, "-d", str(DOWNLOADS)])
    archive = next(DOWNLOADS.glob(pattern), None)
    if archive is None:
        return {}
    with tarfile.open(archive) as tar:
        members = [m for m in tar.getmembers() if m.isfile() and re.search(wanted, "/" + m.name)]
        members.sort(key=lambda m: m.name)
        return {m.name.partition("/")[2]: tar.extractfile(m).read() for m in members}


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
    print(f"{len(originals())} of them distinct")
