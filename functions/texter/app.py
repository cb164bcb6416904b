"""Gives the SMS of the queue to the telephone network, each once at most."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Any

from tallybook import batches
from tallybook.sms import queue, sending


def _work(message: dict[str, Any]) -> dict[str, object]:
    return {"state": sending.work(message["client_id"], message["sms_id"])}


handler = batches.of_queue(_work, try_again_in=queue.try_again_in, names=("client_id", "sms_id"))
