"""Sends the chunks of an import to their queue. Sending one again is harmless."""

from collections.abc import Iterator
from typing import Any

from tallybook.imports import queue
from tallybook.imports.mapping import partition
from tallybook.table import query_prefix


def send(import_id: str, job: int) -> int:
    """Send every chunk that the job is not done with; returns how many.

    When it is done with all, the last one: whoever is sent it finishes the import, should the
    worker that did the last have died.
    """
    return queue.send(
        {"import_id": import_id, "job": job, "chunk": number}
        for number in _open_chunks(import_id, job)
    )


def _open_chunks(import_id: str, job: int) -> Iterator[int]:
    last: Any = None
    number, is_done = 0, True
    while True:
        more = {"ExclusiveStartKey": last} if last else {}
        items, last = query_prefix(
            partition(import_id),
            "CHUNK#",
            ProjectionExpression="sk, done",
            ConsistentRead=True,  # they may have been written a moment ago
            **more,
        )
        for item in items:
            number = int(item["sk"]["S"].removeprefix("CHUNK#"))
            if int(item.get("done", {"N": "0"})["N"]) < job:
                is_done = False
                yield number
        if last is None:
            break
    if number and is_done:
        yield number
