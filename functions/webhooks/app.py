"""Sends the webhooks of the queue's services, those of each in their order."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Any

from tallybook import batches
from tallybook.dates import now
from tallybook.services import queue, sending


def _work(message: dict[str, Any]) -> sending.Said:
    return sending.work(message["client_id"], message["service_id"], now)


handler = batches.of_queue(
    _work, try_again_in=queue.try_again_in, names=("client_id", "service_id")
)
