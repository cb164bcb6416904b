"""Sends the chunks of an import to their queue. Sending one again is harmless."""

from collections.abc import Iterator
from typing import Any

from tallybook.imports import queue
from tallybook.imports.mapping import partition
from tallybook.table import query_prefix


def send(import_id: str, job: int) -> int:
    """Send every chunk that the job is not done with; returns how many."""
    return queue.send(
        {"import_id": import_id, "job": job, "chunk": number}
        for number in _open_chunks(import_id, job)
    )


def _open_chunks(import_id: str, job: int) -> Iterator[int]:
    last: Any = None
    while True:
        more = {"ExclusiveStartKey": last} if last else {}
        items, last = query_prefix(
            partition(import_id), "CHUNK#", ProjectionExpression="sk, done", **more
        )
        for item in items:
            if int(item.get("done", {"N": "0"})["N"]) < job:
                yield int(item["sk"]["S"].removeprefix("CHUNK#"))
        if last is None:
            return
