"""Reading a file that arrived in the bucket: one pass finds how it is built and where it is cut.

Reading again, because the event came twice or a container died, ends the same.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, chain
from pathlib import Path

from tallybook.dates import timestamp
from tallybook.errors import InvalidField
from tallybook.imports import bucket, spreadsheet, store
from tallybook.imports.bad_file import BadFile
from tallybook.imports.brought import Brought
from tallybook.imports.mapping import (
    chunk_key,
    id_of,
    partition,
    results,
    stored_layout,
    suggested,
)
from tallybook.imports.records import ChunkRecord, ImportRecord, JobRecord, LayoutRecord
from tallybook.imports.rules import dropped_id
from tallybook.imports.splitting import Options, Splitter, split
from tallybook.imports.store import begun, check_mapping, new_record
from tallybook.table import MOST_WRITES, absent, differences, find, put_all, read
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, version_changed

_ATTEMPTS = 3  # of S3's event: Lambda delivers it twice more when reading crashes
_OUR_FAULT = "The file could not be read. That is our fault, and was recorded; try it once more."


@dataclass(frozen=True)
class Arrival:
    """A file that was put into the bucket. `sequencer` is its own, however often it is told of."""

    key: str
    version: str | None
    size: int
    sequencer: str
    at: datetime


@dataclass
class _Found:
    """What reading found out."""

    layout: LayoutRecord
    rows: int
    chunks: int
    object_key: str
    object_version: str | None
    brought: dict[str, int]


def take_in(arrival: Arrival, *, now: datetime) -> ImportRecord | None:
    """Read the file and start its import, if it is to start. Returns the import as it is then.

    None when the file is none of ours, or its import has gone further already.
    """
    try:
        record = _claim(arrival)
        if record is None:
            return None
        try:
            found = _read(id_of(record), record, arrival)
        except BadFile as bad:
            return _failed(record, bad.code, bad.detail, now)
        except Exception:
            if record.attempts == _ATTEMPTS:
                _failed(record, "internal_error", _OUR_FAULT, now)
            raise
        return _finish(record, found, now)
    except VersionChanged:  # the event came twice, and the other one is ahead
        return None


def _claim(arrival: Arrival) -> ImportRecord | None:
    """The import that the file belongs to, now reading it."""
    folder, _, rest = arrival.key.partition("/")
    if folder == "imports":
        if arrival.key.endswith("/"):  # a folder that somebody made
            return None
        return _of_dropped(arrival, rest.rpartition("/")[2])
    record = find(ImportRecord, partition(rest.partition("/")[0]), "IMPORT")
    if record is None or not _is_ours(record, arrival):
        return None
    return _changed(record, lambda after: _begin_reading(after, arrival))


def _of_dropped(arrival: Arrival, filename: str) -> ImportRecord | None:
    import_id = dropped_id(arrival.key, arrival.sequencer, arrival.at)
    record = new_record(import_id, filename=filename, source="bucket", at=arrival.at)
    _begin_reading(record, arrival)
    transaction = Transaction()
    transaction.put(record, absent(ImportRecord), version_changed)
    try:
        transaction.commit()
    except VersionChanged:
        earlier = find(ImportRecord, partition(import_id), "IMPORT")
        if earlier is None or earlier.row["status"] != "reading":
            return None
        return _changed(earlier, lambda after: _begin_reading(after, arrival))
    return record


def _is_ours(record: ImportRecord, arrival: Arrival) -> bool:
    status = record.row["status"]
    again = status == "reading" and (record.object_version == arrival.version)
    return status == "awaiting_upload" or again


def _begin_reading(record: ImportRecord, arrival: Arrival) -> None:
    record.row["status"] = "reading"
    record.object_key, record.object_version = arrival.key, arrival.version
    record.attempts = int(record.attempts or 0) + 1
    record.ttl = None


def _read(import_id: str, record: ImportRecord, arrival: Arrival) -> _Found:
    if arrival.size > bucket.MOST_BYTES:
        most = bucket.MOST_BYTES // 1024**2
        detail = f"The file has {arrival.size // 1024**2:,} MB; {most} MB are the most. Split it."
        raise BadFile("file_too_large", detail)
    content = bucket.blocks(arrival.key, arrival.version)
    first = next(content, b"")
    if spreadsheet.is_spreadsheet(first):
        return _read_spreadsheet(import_id, record, chain([first], content))
    return _cut(import_id, record, chain([first], content), arrival.key, arrival.version)


def _read_spreadsheet(import_id: str, record: ImportRecord, content: Iterable[bytes]) -> _Found:
    """The same, by way of a CSV file made of the first sheet."""
    with tempfile.TemporaryDirectory() as scratch:
        workbook, table = Path(scratch) / "clients.xlsx", Path(scratch) / "rows.csv"
        with workbook.open("wb") as file:
            file.writelines(content)
        key = results(import_id, "rows.csv")
        found = _cut(import_id, record, _copied(spreadsheet.as_csv(workbook), table), key, None)
        bucket.put_file(key, table, "text/csv")
    return found


def _copied(blocks: Iterable[bytes], path: Path) -> Iterator[bytes]:
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)
            yield block


def _cut(
    import_id: str,
    record: ImportRecord,
    content: Iterable[bytes],
    key: str,
    version: str | None,
) -> _Found:
    """Find the chunks and put them into the table, as they come."""
    options = record.options
    is_table = key.startswith("results/")
    brought = Brought(store.number_pattern())
    splitter = split(
        content,
        Options(
            delimiter="," if is_table else options.get("delimiter", "auto"),
            first_row=options.get("first_row", "auto"),
            encoding="utf-8" if is_table else options.get("encoding", "auto"),
        ),
        watch=brought.see,
        by_record=is_table,
    )
    chunks = 0
    for batch in batched(_chunks(import_id, splitter), MOST_WRITES, strict=False):
        put_all(batch)
        chunks += len(batch)
    layout = LayoutRecord(partition(import_id), "LAYOUT", layout=stored_layout(splitter.layout))
    put_all([layout])
    _keep_preview(import_id, splitter)
    return _Found(layout, splitter.rows, chunks, key, version, brought.highest)


def _chunks(import_id: str, splitter: Splitter) -> Iterator[ChunkRecord]:
    for chunk in splitter:
        yield ChunkRecord(
            *chunk_key(import_id, chunk.number),
            start=chunk.start,
            end=chunk.end,
            first_line=chunk.first_line,
            encoding=chunk.encoding,
        )


def _keep_preview(import_id: str, splitter: Splitter) -> None:
    rows = [{"line": row.line, "cells": row.cells} for row in splitter.preview]
    content = json.dumps(rows, ensure_ascii=False).encode("utf-8", "replace")
    bucket.put(results(import_id, "preview.json"), content, "application/json")


def _finish(record: ImportRecord, found: _Found, now: datetime) -> ImportRecord:
    """Start the import if it is to start, or say what it waits for."""

    def edit(after: ImportRecord) -> JobRecord | None:
        after.row |= {"rows": found.rows, "chunks": found.chunks}
        after.object_key, after.object_version = found.object_key, found.object_version
        after.brought = found.brought
        after.update_existing = int(after.options.get("update_existing", False))
        mapping = after.options.get("mapping") or suggested(found.layout.layout)
        try:
            check_mapping(mapping, found.layout)
        except InvalidField as error:
            problem = error.errors[0]["msg"]
            after.row |= {"status": "needs_mapping"}
            after.row["error"] = {"code": "needs_mapping", "detail": problem}
            return None
        after.mapping = dict(mapping)
        if not after.start:
            after.row["status"] = "ready"
            return None
        kind = "dry_run" if after.row["dry_run"] else "import"
        return begun(after, kind, by=after.row.get("by"), at=now)

    return _changed(record, edit)


def _failed(record: ImportRecord, code: str, detail: str, now: datetime) -> ImportRecord:
    def edit(after: ImportRecord) -> None:
        after.row |= {"status": "failed", "finished_at": timestamp(now)}
        after.row["error"] = {"code": code, "detail": detail}

    return _changed(record, edit)


def _changed(
    record: ImportRecord, edit: Callable[[ImportRecord], JobRecord | None]
) -> ImportRecord:
    """Write what `edit` changes. Raises `VersionChanged` when others were quicker."""
    after = read(ImportRecord, record.serialize())
    job = edit(after)
    after.version = int(record.version) + 1
    transaction = Transaction()
    is_unchanged = ImportRecord.version == record.version
    transaction.update(record, differences(record, after), is_unchanged, version_changed)
    if job:
        transaction.put(job, absent(JobRecord))
    transaction.commit()
    return after
