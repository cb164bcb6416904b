"""Looks at the clients of the queue: does what is due for each, and plans the next look."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Any

from tallybook import batches
from tallybook.chasing import looking, queue
from tallybook.dates import now


def _work(message: dict[str, Any]) -> dict[str, object]:
    return {"things": looking.look(message["client_id"], now())}


handler = batches.of_queue(_work, try_again_in=queue.try_again_in, names=("client_id",))
