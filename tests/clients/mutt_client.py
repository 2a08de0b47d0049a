"""mutt in a terminal of its own: keys in, mail checked from outside."""

import contextlib
import os
import pty
import re
import select
import signal
import time

from kit import Fail, need, ok, tail

BOX = "ct-mutt"


def run(kit, report):
    kit.missing("mutt")
    kit.drop_mailbox(BOX)
    with kit.server.imap(1) as m:
        ok(m.create(BOX), "CREATE")
    token, raw = kit.seed("mutt")
    out = kit.work / "mutt.out"

    def settings(more=""):
        name, password = kit.server.users[1]
        user = name.replace("@", "%40")
        url = f"imaps://{user}@{kit.server.host}:{kit.server.ports['imaps']}/"
        return kit.secret_file(
            "muttrc",
            f"""set folder="{url}" spoolfile="{url}INBOX" record="{url}{BOX}" postponed=""
set imap_pass="{password}" ssl_force_tls=yes ssl_starttls=yes
set certificate_file="{kit.server.ca}" ssl_ca_certificates_file="{kit.server.ca}"
set from="{name}" realname="Bob" sendmail="/bin/true" copy=yes use_envelope_from=no
set confirmappend=no confirmcreate=no delete=yes quit=yes move=no wait_key=no mark_old=no
set header_cache="" message_cachedir="" abort_noattach=no abort_nosubject=no include=no
set fast_reply=yes edit_headers=no editor="/bin/true" read_inc=0 net_inc=0 pipe_decode=no
set imap_list_subscribed=no imap_check_subscribed=no timeout=2 mail_check=1
{more}
""",
        )

    def keys(push, more="", until=None):
        """One session: these keys, then quit; or until something has come true."""
        command = ["mutt", "-n", "-d", "3", "-F", str(settings(more)), "-e", f'push "{push}"']
        with terminal(kit, command) as screen:
            end = time.monotonic() + 30
            while screen.is_running() and not (until and until()):
                screen.read()
                if time.monotonic() > end:
                    raise Fail(f"mutt stays: {tail(log())}")
        return log()

    def log():
        return (kit.work / ".muttdebug0").read_bytes()

    quit_now = "<sync-mailbox><quit>"
    at = f"<limit>~s {token}<enter><first-entry>"

    def select_headers_body():
        said = keys(f"{at}<pipe-message>cat > {out}<enter>{quit_now}")
        need(b"SELECT" in said and b"HEADER.FIELDS" in said, f"the log lacks them: {tail(said)}")
        need(out.read_bytes().replace(b"\r\n", b"\n") == raw.replace(b"\r\n", b"\n"), "differs")
        return f"{len(raw)} octets"

    def listing():
        said = keys("<change-folder>?<toggle-mailboxes><exit><exit><exit><quit>")
        need(re.search(rb"LIST \"\" ", said), f"no LIST: {tail(said)}")

    def search():
        out.unlink(missing_ok=True)
        said = keys(f"<limit>=b leading<enter><first-entry><pipe-message>cat > {out}<enter><quit>")
        need(b"UID SEARCH" in said, f"no SEARCH: {tail(said)}")
        need(token.encode() in out.read_bytes(), "not found")
        return "the body, by the server"

    def store():
        keys(f"{at}<flag-message>{quit_now}")
        kit.wait_flag(token, "\\Flagged")
        keys(f"{at}<flag-message>{quit_now}")
        kit.wait_flag(token, "\\Flagged", present=False)

    def copy():
        said = keys(f"{at}<copy-message>={BOX}<enter>{quit_now}")
        need(b"UID COPY" in said, f"no COPY: {tail(said)}")
        need(kit.wait(token, mailbox=BOX)[0][2] == raw, "the copy differs")

    def save_expunge():
        said = keys(f"{at}<save-message>={BOX}<enter>{quit_now}")
        need(b"EXPUNGE" in said, f"no EXPUNGE: {tail(said)}")
        kit.wait_gone(token)
        kit.wait(token, mailbox=BOX, count=2)
        return "COPY, STORE and EXPUNGE"

    def append():
        extra = kit.token("mutt")
        kit.sh(["mutt", "-n", "-F", settings(), "-s", extra, kit.server.address(0)], stdin="Grüße\n".encode())
        text = kit.wait(extra, mailbox=BOX)[0][2]
        need(b"Gr" in text, f"the body is gone: {tail(text)}")
        return "the copy of a message sent"

    def idle():
        woken = kit.work / "mutt.woken"
        sent = []

        def look():
            if not sent and re.search(rb"\+ idling", log()):
                sent.append(kit.seed("mutt")[0])
                sent.append(time.monotonic())
            return woken.exists()

        keys("", more=f'set imap_idle=yes new_mail_command="touch {woken}"', until=look)
        need(sent, "mutt was not in IDLE")
        return f"told {time.monotonic() - sent[1]:.1f} s after the delivery"

    if not report.step("select-headers-body", select_headers_body):
        return
    for step in (listing, search, store, copy, save_expunge, append, idle):
        report.step(step.__name__.replace("_", "-"), step)
    kit.drop_mailbox(BOX)


class Screen:
    def __init__(self, pid, fd):
        self.pid, self.fd, self.text, self.ended = pid, fd, b"", False

    def read(self, wait=0.1):
        if select.select([self.fd], [], [], wait)[0]:
            with contextlib.suppress(OSError):
                self.text += os.read(self.fd, 65536)

    def is_running(self):
        if not self.ended:
            self.ended = os.waitpid(self.pid, os.WNOHANG)[0] != 0
        return not self.ended


@contextlib.contextmanager
def terminal(kit, argv):
    """A program in a pseudo-terminal of 24 lines; it is ended at the end."""
    (kit.work / ".muttdebug0").write_bytes(b"")
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(kit.work)
        keep = {"PATH": os.environ["PATH"], "HOME": str(kit.work), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        os.execvpe(argv[0], argv, {**keep, "LINES": "24", "COLUMNS": "120"})
    screen = Screen(pid, fd)
    try:
        yield screen
    finally:
        if screen.is_running():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(fd)
