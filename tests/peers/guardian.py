"""Outlives the test, to end what it started, should it be killed.

Each line of standard input is `+` or `-` and a process id: started, ended. When the input ends, the test is gone.
"""

import contextlib
import os
import shutil
import signal
import sys
import time

started = set()
for line in sys.stdin:
    (started.add if line.startswith("+") else started.discard)(int(line[1:]))
for send, target in ((signal.SIGTERM, 1), (signal.SIGKILL, -1), (signal.SIGKILL, 1)):
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(target * pid, send)  # a negative one is that process's group
    if started and send == signal.SIGTERM:
        time.sleep(2)
if started:
    shutil.rmtree(sys.argv[1], ignore_errors=True)
