"""Importing a chunk: each of its rows makes a client, changes one, or is refused with the reason.

In rounds: what lost a race, or has to wait for another row of the chunk, comes again in the next
one, when the table says something else. The client of a row has an id that follows from the row,
so that making it again fails; a change leaves a note that claims its row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from tallybook.clients import imported
from tallybook.clients.imported import AlreadyThere
from tallybook.dynamodb import pause
from tallybook.errors import Busy, InvalidFields, NumberTaken
from tallybook.imports import bucket, changing, packing
from tallybook.imports.mapping import columns_of, id_of
from tallybook.imports.numbering import Numbers
from tallybook.imports.outcomes import Entered
from tallybook.imports.packing import Work
from tallybook.imports.records import BeforeRecord, ChunkRecord, ImportRecord, LayoutRecord
from tallybook.imports.rules import (
    Change,
    Create,
    Entry,
    Made,
    Plan,
    Reject,
    client_id,
    judged,
    plan,
    refused,
)
from tallybook.imports.splitting import read_rows

_ROUNDS_WITHOUT_GAIN = 10


def judge_all(
    record: ImportRecord, layout: LayoutRecord, chunk: ChunkRecord
) -> Iterator[Entry | Reject]:
    """The rows of a chunk, each judged by itself."""
    columns = columns_of(record, layout)
    content = bucket.byte_range(
        record.object_key or "", record.object_version, int(chunk.start), int(chunk.end)
    )
    rows = read_rows(
        content,
        encoding=chunk.encoding,
        delimiter=layout.layout["delimiter"],
        first_line=int(chunk.first_line),
        by_record=layout.layout["by_record"],
    )
    for row in rows:
        yield judged(row.line, row.cells, columns)


def enter(record: ImportRecord, layout: LayoutRecord, chunk: ChunkRecord) -> Entered:
    """Import the chunk. Raises `Busy` when others never let some of its rows through."""
    run = _Run(record, layout, chunk)
    waiting: list[Entry] = []
    for each in judge_all(record, layout, chunk):
        if isinstance(each, Entry):
            waiting.append(each)
        else:
            run.outcome.rejects.append(each)
    idle = 0
    while waiting:
        left = run.round(waiting, again=idle > 0)
        idle = idle + 1 if len(left) == len(waiting) else 0
        if idle == _ROUNDS_WITHOUT_GAIN:
            raise Busy
        if idle:
            pause(idle)
        waiting = left
    run.outcome.created.sort()
    run.outcome.updated.sort()
    run.outcome.rejects.sort(key=lambda reject: reject.line)
    return run.outcome


@dataclass
class _Run:
    """One chunk being imported."""

    record: ImportRecord
    layout: LayoutRecord
    chunk: ChunkRecord
    outcome: Entered = field(default_factory=Entered)

    def __post_init__(self) -> None:
        self.import_id = id_of(self.record)
        self.at = str(self.record.started_at)
        self.began = datetime.fromisoformat(self.at)
        self.columns = columns_of(self.record, self.layout)
        self.numbers = Numbers(self.chunk, str(self.record.number_pattern))

    def round(self, entries: Sequence[Entry], *, again: bool) -> list[Entry]:
        """Do with each entry what can be done now; returns those that come again."""
        claims = {entry.line: self._claims(entry) for entry in entries}
        owners = self._owners(claims, consistent=again)
        creates: list[Entry] = []
        changes: dict[int, str] = {}
        waiting: set[int] = set()
        touched: set[str] = set()
        for entry in entries:
            known = {name: owners[it] for name, it in claims[entry.line].items() if it in owners}
            found = self._plan(entry, known)
            touches = {*claims[entry.line].values(), *known.values()}
            match found:
                case Made():
                    self.outcome.created.append((entry.line, self._client_id(entry.line)))
                case _ if touched & touches:  # what an earlier row does may change everything
                    waiting.add(entry.line)
                    touched |= touches
                case Reject():
                    self.outcome.rejects.append(found)
                case Create():
                    creates.append(entry)
                    touched |= touches
                case Change(owner):
                    changes[entry.line] = owner
                    touched |= touches
        to_change = [entry for entry in entries if entry.line in changes]
        waiting |= self._do(creates, to_change, changes)
        return [entry for entry in entries if entry.line in waiting]

    def _do(
        self, creates: Sequence[Entry], to_change: Sequence[Entry], owners: Mapping[int, str]
    ) -> set[int]:
        """Write what was planned; returns the lines that have to come again."""
        self.numbers.pass_by(entry.new.number for entry in [*creates, *to_change])
        self.numbers.give(entry.line for entry in creates if not entry.new.number)
        changes, waiting = self._changes(to_change, owners)
        creations = (self._creation(entry) for entry in creates)  # made while others are sent
        done, lost = packing.write(chain(creations, changes), self._is_done)
        for work in done:
            outcome = self.outcome.updated if work.line in owners else self.outcome.created
            outcome.append((work.line, work.client_id))
        return waiting | {work.line for work in lost}

    def _plan(self, entry: Entry, owners: Mapping[str, str]) -> Plan:
        own_id, update_existing = self._client_id(entry.line), bool(self.record.update_existing)
        return plan(entry, own_id, owners, self.columns, update_existing=update_existing)

    def _client_id(self, line: int) -> str:
        return client_id(self.import_id, line, self.began)

    def _claims(self, entry: Entry) -> dict[str, str]:
        """What the row's client will have for itself, its number among it if it was given one."""
        number = entry.new.number or self.numbers.kept(entry.line)
        return imported.claims(number, entry.new.emails)

    def _owners(self, claims: Mapping[int, dict[str, str]], *, consistent: bool) -> dict[str, str]:
        """The clients that have what the rows claim, by claim."""
        wanted = (claim for each in claims.values() for claim in each.values())
        owners = imported.owners(wanted, consistent=consistent)
        for line, each in claims.items():
            owner = owners.get(each.get("number", ""))
            if owner and self.numbers.kept(line) and owner != self._client_id(line):
                # Somebody was given the number that was kept for this row: it takes another.
                self.numbers.drop(line)
                del each["number"]
        return owners

    def _creation(self, entry: Entry) -> Work:
        given = {
            "number": entry.new.number or self.numbers.kept(entry.line),
            "currency": entry.new.currency or self.record.currency,
        }
        new, own_id = entry.new.model_copy(update=given), self._client_id(entry.line)
        transaction = imported.creation(new, own_id, at=self.at, by=self.import_id)
        return Work(entry.line, transaction, own_id)

    def _changes(
        self, entries: Sequence[Entry], owners: Mapping[int, str]
    ) -> tuple[list[Work], set[int]]:
        """The changes of clients, and the lines that have to come again."""
        works: list[Work] = []
        if not entries:
            return works, set()
        clients = imported.records(owners.values())
        notes = changing.notes(self.import_id, owners.values())
        waiting = set()
        for entry in entries:
            owner = owners[entry.line]
            note = notes.get(owner)
            if note and str(entry.line) in note.lines:
                self.outcome.updated.append((entry.line, owner))
            elif owner in clients:
                works += self._change(entry, owner, clients[owner], note)
            else:  # it is being deleted: its number and address are free in a moment
                waiting.add(entry.line)
        return works, waiting

    def _change(
        self, entry: Entry, owner: str, client: imported.Known, note: BeforeRecord | None
    ) -> list[Work]:
        try:
            made = imported.change(client, entry.document, at=self.at, by=self.import_id)
        except InvalidFields as error:
            self.outcome.rejects.append(refused(entry, error.errors, self.columns))
            return []
        if made is None:
            self.outcome.updated.append((entry.line, owner))
            return []
        transaction, reversal = made
        before = entry.line, reversal, imported.written_by(client)
        changing.take_down(transaction, (self.import_id, owner), before, note, self.began)
        return [Work(entry.line, transaction, owner)]

    def _is_done(self, work: Work, error: Exception) -> bool:
        if isinstance(error, NumberTaken):
            self.numbers.drop(work.line)
        return isinstance(error, AlreadyThere)
