"""Finishing an import when its last chunk is done. Whoever finds it done may finish it."""

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, pairwise
from operator import itemgetter
from pathlib import Path

from tallybook.dates import timestamp
from tallybook.imports import bucket, outcomes, rehearsing, undoing
from tallybook.imports.mapping import columns_of, id_of, number_of, partition, results
from tallybook.imports.outcomes import Left, left_file, rejects_file
from tallybook.imports.records import ChunkRecord, ImportRecord, LayoutRecord
from tallybook.imports.reporting import report
from tallybook.imports.rules import Plan, Reject
from tallybook.imports.store import changed
from tallybook.table import find, query_all, read
from tallybook.versions import VersionChanged

REJECTS, LEFT = "rejects.csv", "left.csv"


def finish_if_done(import_id: str, job: int, *, now: datetime) -> ImportRecord | None:
    """Finish the import if the job is done with every chunk; None when it is not, or was before."""
    record = find(ImportRecord, partition(import_id), "IMPORT")
    if record is None or record.job != job or record.row["status"] != "running":
        return None
    if record.row["done"] < record.row["chunks"]:
        return None
    items = query_all(partition(import_id), "CHUNK#", ConsistentRead=True)
    chunks = [read(ChunkRecord, item) for item in items]
    if record.kind == "undo":
        return _finish_undoing(record, chunks, now)
    layout = find(LayoutRecord, partition(import_id), "LAYOUT")
    if layout is None:
        raise LookupError(f"{import_id} has no layout")
    again = rehearsing.again(record, layout, chunks) if record.kind == "dry_run" else {}
    headings = columns_of(record, layout).headings
    rows = _rejects(record, chunks, again)
    content = rejects_file(headings, layout.layout["delimiter"], rows)
    _keep(results(import_id, f"{job}/{REJECTS}"), content)
    return _conclude(record, "completed", rehearsing.corrections(record, again, chunks), now)


def _finish_undoing(
    record: ImportRecord, chunks: list[ChunkRecord], now: datetime
) -> ImportRecord | None:
    taken = [(each.line, each.client_id) for each in _left(record, chunks) if each.taken]
    again = undoing.again(record, taken)
    left = chain((each for each in _left(record, chunks) if not each.taken), again.left)
    _keep(results(id_of(record), f"{record.job}/{LEFT}"), left_file(left))
    counts = dict(record.undone or {})
    counts["restored"] += again.restored
    counts["left"] += len(again.left) - len(taken)
    return _conclude(record, "undone", {}, now, undone=counts)


def _conclude(
    record: ImportRecord,
    status: str,
    counts: dict[str, int],
    now: datetime,
    *,
    undone: dict[str, int] | None = None,
) -> ImportRecord | None:
    def edit(after: ImportRecord) -> None:
        after.row |= {"status": status, "finished_at": timestamp(now), **counts}
        after.undone = undone

    try:
        return changed(record, edit, report(now))
    except VersionChanged:  # another worker has finished it; or it was started again, and the
        return None  # outbox sends a chunk once more, whose worker finishes it


def _rejects(
    record: ImportRecord, chunks: list[ChunkRecord], again: Mapping[int, Plan]
) -> Iterator[Reject]:
    """Every row that did not go in, in the order of the file."""
    import_id, job = id_of(record), int(record.job)
    later = deque(
        each for _, each in sorted(again.items(), key=itemgetter(0)) if isinstance(each, Reject)
    )
    for chunk, next_line in zip(chunks, _next_lines(chunks), strict=True):
        rejects: list[Reject] = []
        while later and later[0].line < next_line:
            rejects.append(later.popleft())
        if chunk.listed:
            first = outcomes.entered(import_id, job, number_of(chunk)).rejects
            rejects += [reject for reject in first if reject.line not in again]
        yield from sorted(rejects, key=lambda reject: reject.line)


def _next_lines(chunks: list[ChunkRecord]) -> list[float]:
    return [*(int(after.first_line) for _, after in pairwise(chunks)), float("inf")]


def _left(record: ImportRecord, chunks: list[ChunkRecord]) -> Iterator[Left]:
    for chunk in chunks:
        if chunk.listed:
            yield from outcomes.undone(id_of(record), int(record.job), number_of(chunk)).left


def _keep(key: str, content: Iterable[bytes]) -> None:
    """Put a file into the bucket that may be larger than the memory."""
    with tempfile.NamedTemporaryFile() as file:
        for block in content:
            file.write(block)
        file.flush()
        bucket.put_file(key, Path(file.name), "text/csv; charset=utf-8")
