"""Makes the recurring invoices whose time has come, many in one transaction, each once."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Any

from tallybook import batches
from tallybook.dates import now
from tallybook.recurring import queue, running


def _work(message: dict[str, Any]) -> dict[str, object]:
    refs = [(client_id, recurring_id) for client_id, recurring_id in message["refs"]]
    return {"refs": len(refs), "runs": running.run(refs, at=now())}


handler = batches.of_queue(_work, try_again_in=queue.try_again_in, names=())
