"""Sends what has fallen due to its worker: every hour, and whenever somebody invokes it.

What was due while nothing ran is due still, so catching up takes nothing else.
"""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from collections.abc import Mapping

from tallybook import batches
from tallybook.dates import now
from tallybook.outbox import due


def _send() -> Mapping[str, object]:
    return due.send(now())


handler = batches.of_schedule(_send)
