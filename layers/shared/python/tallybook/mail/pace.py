"""The pace of sending: SES takes so many mails a second, and refuses what comes faster."""

import os
import threading
import time

RATE = float(os.environ["MAIL_RATE"])
WORKERS = 2  # that the queue feeds at once (template.yaml); each has its share of the rate


class Pace:
    """Lets whoever waits go on, at most `rate` times a second, whichever thread waits."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._lock = threading.Lock()
        self._next = time.monotonic()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            mine = max(self._next, now)
            self._next = mine + self._interval
        if mine > now:
            time.sleep(mine - now)

    def rest(self, seconds: float) -> None:
        """Nobody goes on for so long: the other side asked to slow down."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


pace = Pace(RATE / WORKERS)
