"""Cutting a file into chunks: what is found of it goes into the table and the bucket on the way."""

import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, chain
from pathlib import Path

from tallybook.imports import bucket, spreadsheet, store
from tallybook.imports.bad_file import BadFile
from tallybook.imports.brought import Brought
from tallybook.imports.mapping import chunk_key, partition, results, stored_layout
from tallybook.imports.records import ChunkRecord, ImportRecord, LayoutRecord
from tallybook.imports.splitting import Options, Splitter, split
from tallybook.table import MOST_WRITES, put_all


@dataclass(frozen=True)
class Arrival:
    """A file that was put into the bucket. `sequencer` is its own, however often it is told of."""

    key: str
    version: str | None
    size: int
    sequencer: str
    at: datetime
    until: float  # of time.monotonic: the function ends a little later


@dataclass
class Found:
    """What reading found out."""

    layout: LayoutRecord
    rows: int
    chunks: int
    object_key: str
    object_version: str | None
    brought: dict[str, int]


def cut(import_id: str, record: ImportRecord, arrival: Arrival) -> Found:
    """Read the file once. Raises `BadFile`."""
    if arrival.size > bucket.MOST_BYTES:
        most = bucket.MOST_BYTES // 1024**2
        detail = f"The file has {arrival.size // 1024**2:,} MB; {most} MB are the most. Split it."
        raise BadFile("file_too_large", detail)
    content = bucket.blocks(arrival.key, arrival.version)
    first = next(content, b"")
    if spreadsheet.is_spreadsheet(first):
        return _read_spreadsheet(import_id, record, arrival, chain([first], content))
    place = arrival.key, arrival.version
    return _cut(import_id, record, arrival, chain([first], content), place)


def _read_spreadsheet(
    import_id: str, record: ImportRecord, arrival: Arrival, content: Iterable[bytes]
) -> Found:
    """The same, by way of a CSV file made of the first sheet."""
    with tempfile.TemporaryDirectory() as scratch:
        workbook, table = Path(scratch) / "clients.xlsx", Path(scratch) / "rows.csv"
        with workbook.open("wb") as file:
            file.writelines(content)
        key = results(import_id, "rows.csv")
        rows = _copied(spreadsheet.as_csv(workbook), table)
        found = _cut(import_id, record, arrival, rows, (key, None))
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
    arrival: Arrival,
    content: Iterable[bytes],
    place: tuple[str, str | None],
) -> Found:
    """Find the chunks and put them into the table, as they come.

    `place` is the key and the version of the object that holds the content.
    """
    key, version = place
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
    for batch in batched(_chunks(import_id, splitter, arrival), MOST_WRITES, strict=False):
        put_all(batch)
        chunks += len(batch)
    layout = LayoutRecord(
        partition(import_id),
        "LAYOUT",
        layout=stored_layout(splitter.layout),
        ttl=_forgotten_at(arrival),
    )
    put_all([layout])
    _keep_preview(import_id, splitter)
    return Found(layout, splitter.rows, chunks, key, version, brought.highest)


def _chunks(import_id: str, splitter: Splitter, arrival: Arrival) -> Iterator[ChunkRecord]:
    for chunk in splitter:
        if time.monotonic() > arrival.until:
            raise BadFile("file_too_large", "The file takes too long to read. Split it.")
        yield ChunkRecord(
            *chunk_key(import_id, chunk.number),
            start=chunk.start,
            end=chunk.end,
            first_line=chunk.first_line,
            encoding=chunk.encoding,
            ttl=_forgotten_at(arrival),
        )


def _forgotten_at(arrival: Arrival) -> int:
    """When what was found of the file goes, as the file itself does: people are named in it."""
    return int((arrival.at + store.KEPT).timestamp())


def _keep_preview(import_id: str, splitter: Splitter) -> None:
    rows = [{"line": row.line, "cells": row.cells} for row in splitter.preview]
    content = json.dumps(rows, ensure_ascii=False).encode()
    bucket.put(results(import_id, "preview.json"), content, "application/json")
