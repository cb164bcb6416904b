"""Works on chunks of imports: their rows become clients, are rehearsed, or are undone again."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Any

from tallybook import batches
from tallybook.dates import now
from tallybook.imports import chunks, queue


def _work(message: dict[str, Any]) -> dict[str, object]:
    finished = chunks.work(message["import_id"], message["job"], message["chunk"], now=now())
    return {"finished": finished is not None}


handler = batches.of_queue(
    _work, try_again_in=queue.try_again_in, names=("import_id", "job", "chunk")
)
