"""Sends the chunks of an import to their queue. Sending one again is harmless."""

from collections.abc import Iterator

from tallybook.imports import queue
from tallybook.imports.mapping import partition
from tallybook.table import query_all


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
    number, is_done = 0, True
    # Read consistently: they may have been written a moment ago.
    for item in query_all(
        partition(import_id), "CHUNK#", ProjectionExpression="sk, done", ConsistentRead=True
    ):
        number = int(item["sk"]["S"].removeprefix("CHUNK#"))
        if int(item.get("done", {"N": "0"})["N"]) < job:
            is_done = False
            yield number
    if number and is_done:
        yield number
