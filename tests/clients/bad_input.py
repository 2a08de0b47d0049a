"""What no well-meaning client sends, over raw sockets: the right code, nothing half-stored, and the server goes on."""

import bad_imap
import bad_pop3
import bad_smtp
from kit import need, same_below_trace
from wire import Smtp


def run(kit, report):
    bad_smtp.run(kit, report)
    bad_imap.run(kit, report)
    bad_pop3.run(kit, report)

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


def steps(kit, report, prefix, functions):
    """Run each function as a step named after it."""
    for function in functions:
        report.step(prefix + function.__name__.replace("_", "-"), function, kit)
