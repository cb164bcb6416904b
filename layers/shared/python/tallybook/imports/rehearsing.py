"""A dry run: what importing would do with each row, from the same rules, with nothing written.

Rows of other chunks are not in the table as they would be by then. What they claim is compared at
the end, when every chunk is done.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from tallybook.clients import imported
from tallybook.errors import InvalidFields
from tallybook.imports import outcomes
from tallybook.imports.entering import judge_all
from tallybook.imports.mapping import columns_of, id_of, number_of
from tallybook.imports.outcomes import Entered
from tallybook.imports.records import ChunkRecord, ImportRecord, LayoutRecord
from tallybook.imports.rules import (
    Change,
    Columns,
    Create,
    Entry,
    Plan,
    Reject,
    client_id,
    plan,
    refused,
)

_MARKS = 1 << 27  # bits: 16 MB, however many rows there are


def rehearse(record: ImportRecord, layout: LayoutRecord, chunk: ChunkRecord) -> Entered:
    """What importing the chunk would do, as far as the table and the chunk itself can tell."""
    outcome = Entered()
    entries: list[Entry] = []
    for each in judge_all(record, layout, chunk):
        if isinstance(each, Entry):
            entries.append(each)
        else:
            outcome.rejects.append(each)
    claims = {entry.line: imported.claims(entry.new.number, entry.new.emails) for entry in entries}
    wanted = (claim for each in claims.values() for claim in each.values())
    owners = imported.owners(wanted, consistent=False)
    clients = imported.records(owners.values()) if record.update_existing else {}
    columns = columns_of(record, layout)
    for entry in entries:
        own = claims[entry.line]
        known = {name: owners[claim] for name, claim in own.items() if claim in owners}
        match found := _planned(record, entry, known, columns):
            case Create():
                owner = _own_id(record, entry.line)
                outcome.created.append((entry.line, owner))
                outcome.claimed += [(_mark(claim), entry.line) for claim in own.values()]
            case Change(owner) if reject := _refusal(entry, clients.get(owner), columns):
                outcome.rejects.append(reject)
                continue
            case Change(owner):
                outcome.updated.append((entry.line, owner))
            case Reject():
                outcome.rejects.append(found)
                continue
        owners |= dict.fromkeys(own.values(), owner)
    outcome.rejects.sort(key=lambda reject: reject.line)
    return outcome


def duplicates(
    record: ImportRecord, layout: LayoutRecord, chunks: Sequence[ChunkRecord]
) -> dict[int, Plan]:
    """What becomes of rows that claim what a row of an earlier chunk claims, by line.

    Of all rows 16 bytes a claim are held, and a fixed table of bits that finds repetitions.
    """
    marks, lines = array("Q"), array("Q")
    for chunk in chunks:
        for mark, line in outcomes.entered(
            id_of(record), int(record.job), number_of(chunk)
        ).claimed:
            marks.append(mark)
            lines.append(line)
    repeated = _repeated(marks)
    doubtful = {line for mark, line in zip(marks, lines, strict=True) if mark in repeated}
    columns = columns_of(record, layout)
    first: dict[str, int] = {}
    found: dict[int, Plan] = {}
    for chunk in _with(doubtful, chunks):
        for entry in judge_all(record, layout, chunk):
            if entry.line not in doubtful or isinstance(entry, Reject):
                continue
            own = imported.claims(entry.new.number, entry.new.emails)
            known = {
                name: _own_id(record, first[claim]) for name, claim in own.items() if claim in first
            }
            planned = _planned(record, entry, known, columns)
            if isinstance(planned, Create):
                first |= dict.fromkeys(own.values(), entry.line)
            else:
                found[entry.line] = planned
    return found


def corrections(record: ImportRecord, found: Mapping[int, Plan]) -> dict[str, int]:
    """The counts of a dry run, given what became of its duplicates."""
    updated = sum(isinstance(each, Change) for each in found.values())
    changes = {"created": -len(found), "updated": updated, "skipped": len(found) - updated}
    return {name: int(record.row[name]) + change for name, change in changes.items() if change}


def _planned(
    record: ImportRecord, entry: Entry, known: Mapping[str, str], columns: Columns
) -> Plan:
    own_id, update_existing = _own_id(record, entry.line), bool(record.update_existing)
    return plan(entry, own_id, known, columns, update_existing=update_existing)


def _refusal(entry: Entry, client: imported.Known | None, columns: Columns) -> Reject | None:
    """Why a client cannot be changed as the row says; one of this very file cannot be told yet."""
    if client is None:
        return None
    try:
        imported.change(client, entry.document, at="", by="")
    except InvalidFields as error:
        return refused(entry, error.errors, columns)
    return None


def _own_id(record: ImportRecord, line: int) -> str:
    return client_id(id_of(record), line, datetime.fromisoformat(str(record.started_at)))


def _mark(claim: str) -> int:
    return int.from_bytes(hashlib.blake2b(claim.encode(), digest_size=8).digest())


def _repeated(marks: Sequence[int]) -> set[int]:
    """The marks that may be there more than once; all that are, and by chance a few others."""
    bits = bytearray(_MARKS // 8)
    repeated = set()
    for mark in marks:
        byte, bit = divmod(mark % _MARKS, 8)
        if bits[byte] >> bit & 1:
            repeated.add(mark)
        bits[byte] |= 1 << bit
    return repeated


def _with(lines: Iterable[int], chunks: Sequence[ChunkRecord]) -> Iterator[ChunkRecord]:
    """The chunks that hold these lines, in order."""
    starts = [int(chunk.first_line) for chunk in chunks]
    for place in sorted({bisect_right(starts, line) - 1 for line in lines}):
        yield chunks[place]
