"""A dry run: what importing would do with each row, from the same rules, with nothing written.

Rows of other chunks are not in the table as they would be by then. Rows of different chunks that
touch the same number or address are rehearsed once more at the end, when every chunk is done.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import batched

from tallybook.clients import imported
from tallybook.errors import InvalidFields
from tallybook.imports import outcomes
from tallybook.imports.entering import judge_all
from tallybook.imports.mapping import columns_of, id_of, number_of
from tallybook.imports.outcomes import Entered
from tallybook.imports.records import ChunkRecord, ImportRecord, LayoutRecord
from tallybook.imports.rules import (
    Change,
    Create,
    Entry,
    Plan,
    Reject,
    client_id,
    plan,
    refused,
)

_AT_ONCE = 8
_MARKS = 1 << 27  # bits: 16 MB, however many rows there are


class _Rehearsal:
    """The clients as they would be after the rows that were rehearsed."""

    def __init__(self, record: ImportRecord, layout: LayoutRecord) -> None:
        self._record, self._columns = record, columns_of(record, layout)
        self._began = datetime.fromisoformat(str(record.started_at))
        self._owners: dict[str, str | None] = {}
        self._clients: dict[str, imported.Known] = {}

    def look_up(self, entries: Sequence[Entry]) -> None:
        """Read what the table knows of the rows' claims, where no row has changed it."""
        wanted = {claim for entry in entries for claim in _claims(entry).values()}
        unknown = sorted(wanted - self._owners.keys())
        self._owners |= dict.fromkeys(unknown) | imported.owners(unknown, consistent=False)
        if self._record.update_existing:
            owners = {owner for claim in unknown if (owner := self._owners[claim])}
            self._clients = imported.records(owners - self._clients.keys()) | self._clients

    def do(self, entry: Entry) -> tuple[Plan, set[str]]:
        """What becomes of a row, and every claim that has to do with it."""
        own, own_id = _claims(entry), client_id(id_of(self._record), entry.line, self._began)
        known = {name: owner for name, it in own.items() if (owner := self._owners[it])}
        update_existing = bool(self._record.update_existing)
        found = plan(entry, own_id, known, self._columns, update_existing=update_existing)
        before: set[str] = set()
        match found:
            case Create():
                self._make(entry, own_id)
            case Change(owner) if owner in self._clients:
                before = imported.claims_of(self._clients[owner])
                found = self._change(entry, owner) or found
        return found, before | set(own.values())

    def _make(self, entry: Entry, own_id: str) -> None:
        for claim in _claims(entry).values():
            self._owners[claim] = own_id
        if self._record.update_existing:
            # Its number, whichever it will be, is nobody else's.
            new = entry.completed(f"line {entry.line}", self._record.currency)
            self._clients[own_id] = imported.made(new, own_id, at=str(self._record.started_at))

    def _change(self, entry: Entry, owner: str) -> Reject | None:
        client = self._clients[owner]
        try:
            after = imported.changed(client, entry.document)
        except InvalidFields as error:
            return refused(entry, error.errors, self._columns)
        self._owners |= dict.fromkeys(imported.claims_of(client))
        self._owners |= dict.fromkeys(imported.claims_of(after), owner)
        self._clients[owner] = after
        return None


def rehearse(record: ImportRecord, layout: LayoutRecord, chunk: ChunkRecord) -> Entered:
    """What importing the chunk would do, as far as the table and the chunk itself can tell."""
    outcome = Entered()
    entries: list[Entry] = []
    for each in judge_all(record, layout, chunk):
        if isinstance(each, Entry):
            entries.append(each)
        else:
            outcome.rejects.append(each)
    rehearsal = _Rehearsal(record, layout)
    rehearsal.look_up(entries)
    for entry in entries:
        found, touched = rehearsal.do(entry)
        outcome.claimed += [(_mark(claim), entry.line) for claim in sorted(touched)]
        match found:
            case Reject():
                outcome.rejects.append(found)
            case Change(owner):
                outcome.updated.append((entry.line, owner))
            case _:
                outcome.created.append((entry.line, ""))
    return outcome.sorted()


def again(
    record: ImportRecord, layout: LayoutRecord, chunks: Sequence[ChunkRecord]
) -> dict[int, Plan]:
    """What becomes of the rows that have to do with the same claim as other rows, by line.

    Of all rows 16 bytes a claim are held, and a fixed table of bits that finds repetitions.
    """
    marks, lines = array("Q"), array("Q")
    for mark, line in _claimed(record, chunks):
        marks.append(mark)
        lines.append(line)
    repeated = _repeated(marks)
    doubtful = {line for mark, line in zip(marks, lines, strict=True) if mark in repeated}
    rehearsal = _Rehearsal(record, layout)
    found: dict[int, Plan] = {}
    for chunk in holding(doubtful, chunks):
        judged = judge_all(record, layout, chunk)
        entries = [e for e in judged if isinstance(e, Entry) and e.line in doubtful]
        rehearsal.look_up(entries)
        found |= {entry.line: rehearsal.do(entry)[0] for entry in entries}
    return found


def _claimed(record: ImportRecord, chunks: Sequence[ChunkRecord]) -> Iterator[tuple[int, int]]:
    """The marks and lines of every chunk, some of them fetched at once."""

    def fetch(chunk: ChunkRecord) -> list[tuple[int, int]]:
        return outcomes.entered(id_of(record), int(record.job), number_of(chunk)).claimed

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for some in batched(chunks, 4 * _AT_ONCE, strict=False):
            for claimed in pool.map(fetch, some):
                yield from claimed


def corrections(
    record: ImportRecord, found: Mapping[int, Plan], chunks: Sequence[ChunkRecord]
) -> dict[str, int]:
    """The counts of a dry run, given what became of the rows that were rehearsed again."""
    changes = Counter(_kind(each) for each in found.values())
    for chunk in holding(found, chunks):
        first = outcomes.entered(id_of(record), int(record.job), number_of(chunk))
        changes.subtract(kind for line, kind in first.kinds() if line in found)
    return {name: int(record.row[name]) + change for name, change in changes.items() if change}


def holding(lines: Iterable[int], chunks: Sequence[ChunkRecord]) -> Iterator[ChunkRecord]:
    """The chunks that hold these lines, in order."""
    starts = [int(chunk.first_line) for chunk in chunks]
    for place in sorted({bisect_right(starts, line) - 1 for line in lines}):
        yield chunks[place]


def _kind(found: Plan) -> str:
    match found:
        case Reject():
            return found.kind
        case Change():
            return "updated"
        case _:
            return "created"


def _claims(entry: Entry) -> dict[str, str]:
    return imported.claims(entry.new.number, entry.new.emails)


def _mark(claim: str) -> int:
    return int.from_bytes(hashlib.blake2b(claim.encode(), digest_size=8).digest())


def _repeated(marks: Sequence[int]) -> set[int]:
    """The marks that are there more than once."""
    bits = bytearray(_MARKS // 8)
    maybe = set()
    for mark in marks:
        byte, bit = divmod(mark % _MARKS, 8)
        if bits[byte] >> bit & 1:
            maybe.add(mark)
        bits[byte] |= 1 << bit
    times = Counter(mark for mark in marks if mark in maybe)  # others share their bit by chance
    return {mark for mark, count in times.items() if count > 1}
