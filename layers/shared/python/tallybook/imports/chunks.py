"""Working on one chunk of an import, whatever is to be done: import it, rehearse it, undo it.

A chunk may be worked on twice, and a worker may die anywhere: what it does to clients is claimed
row by row, and it is counted by one conditional write.
"""

from datetime import datetime

from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from tallybook.imports import entering, finishing, outcomes, rehearsing, undoing
from tallybook.imports.mapping import chunk_key, partition
from tallybook.imports.outcomes import Entered, Undone
from tallybook.imports.records import ChunkRecord, ImportRecord, LayoutRecord
from tallybook.table import find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, until_unchanged, version_changed


def work(import_id: str, job: int, number: int, *, now: datetime) -> ImportRecord | None:
    """Do the job with the chunk, unless it is done; returns the import if that finished it.

    A message of an earlier job is not for us any more. Raises `Busy` when others never let some
    of its rows through.
    """
    # Another worker may be at the same chunk: what it has kept on it counts.
    return until_unchanged(lambda: _work(import_id, job, number, now))


def _work(import_id: str, job: int, number: int, now: datetime) -> ImportRecord | None:
    keys = [
        (partition(import_id), "IMPORT"),
        (partition(import_id), "LAYOUT"),
        chunk_key(import_id, number),
    ]
    items = find_all(keys, consistent=True)
    if len(items) < len(keys):
        return None
    record, layout = read(ImportRecord, items[0]), read(LayoutRecord, items[1])
    chunk = read(ChunkRecord, items[2])
    if record.job != job or record.row["status"] != "running":
        return None
    if chunk.done != job:
        outcome = _do(record, layout, chunk)
        outcomes.keep(import_id, job, number, outcome)
        _count(record, chunk, outcome)
    return finishing.finish_if_done(import_id, job, now=now)


def _do(record: ImportRecord, layout: LayoutRecord, chunk: ChunkRecord) -> Entered | Undone:
    match record.kind:
        case "undo":
            return undoing.undo(record, chunk)
        case "dry_run":
            return rehearsing.rehearse(record, layout, chunk)
        case _:
            return entering.enter(record, layout, chunk)


def _count(record: ImportRecord, chunk: ChunkRecord, outcome: Entered | Undone) -> None:
    """Mark the chunk done and add up what became of its rows, once."""
    counters = {("row", "done"): 1}
    where = "undone" if isinstance(outcome, Undone) else "row"
    counters |= {(where, name): count for name, count in outcome.counts().items() if count}
    adding = [_add(Path(list(place)), count) for place, count in counters.items()]
    transaction = Transaction()
    transaction.update(
        chunk,
        [ChunkRecord.done.set(record.job), ChunkRecord.listed.set(outcome.listed)],
        ChunkRecord.done.does_not_exist() | (ChunkRecord.done < record.job),
        version_changed,
    )
    transaction.update(record, adding, ImportRecord.job == record.job, version_changed)
    try:
        transaction.commit()
    except VersionChanged:  # the chunk was delivered twice, and the other worker was quicker
        return


def _add(place: Path, count: int) -> Action:
    return place.set(place + {"N": str(count)})
