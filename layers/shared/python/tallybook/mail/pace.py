"""The pace of sending: SES takes so many mails a second, and refuses what comes faster."""

import os
import threading
import time

RATE = float(os.environ["MAIL_RATE"])
WORKERS = 2  # that the queue feeds at once (template.yaml); each has its share of the rate
# Between two batches a worker reads and writes, and waits for the mail service's last answers. It
# makes up for that time, or half of the rate would be lost at a hundred mails a second.
_MADE_UP = 0.5  # seconds, no more: whoever was idle must not send all at once


class Pace:
    """Lets whoever waits go on, `rate` times a second in the long run, whichever thread waits."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._lock = threading.Lock()
        self._next = time.monotonic()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            mine = max(self._next, now - _MADE_UP)
            self._next = mine + self._interval
        if mine > now:
            time.sleep(mine - now)


pace = Pace(RATE / WORKERS)
