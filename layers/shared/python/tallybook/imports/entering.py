"""Importing a chunk: each of its rows makes a client, changes one, or is refused with the reason.

In rounds: what lost a race, or has to wait for another row of the chunk, comes again in the next
one, when the table says something else. The client of a row has an id that follows from the row,
so that making it again fails; a change leaves a note that claims its row; and what is decided of
rows that may change clients is kept before it is done.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from tallybook.clients import imported
from tallybook.clients.imported import AlreadyThere
from tallybook.errors import EmailTaken, InvalidFields, NumberTaken
from tallybook.imports import bucket, changing, packing
from tallybook.imports.decisions import Decisions
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
    Same,
    client_id,
    judged,
    plan,
    refused,
)
from tallybook.imports.splitting import read_rows


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
        skip_space=layout.layout["skip_space"],
    )
    for row in rows:
        yield judged(row.line, row.cells, columns)


def enter(record: ImportRecord, layout: LayoutRecord, chunk: ChunkRecord) -> Entered:
    """Import the chunk.

    Raises `Busy` when others never let some of its rows through, and `VersionChanged` when another
    worker has decided what becomes of them.
    """
    run = _Run(record, layout, chunk)
    entries: list[Entry] = []
    for each in judge_all(record, layout, chunk):
        if isinstance(each, Entry):
            entries.append(each)
        else:
            run.outcome.rejects.append(each)
    packing.until_done(run.round, entries)
    return run.outcome.sorted()


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
        self.decisions = Decisions(self.chunk)
        ids = {self._client_id(line): line for line in self.decisions.creations()}
        self.decisions.have_made({ids[each] for each in imported.existing(ids)})

    def round(self, entries: Sequence[Entry], again: bool) -> list[Entry]:
        """Do with each entry what can be done now; returns those that come again."""
        claims = {entry.line: self._claims(entry) for entry in entries}
        owners = self._owners(claims, consistent=again)
        plans: dict[int, Plan] = {}
        touched: set[str] = set()
        for entry in entries:
            known = {name: owners[it] for name, it in claims[entry.line].items() if it in owners}
            found = self.decisions.of(entry) or self._plan(entry, known)
            touches = {*claims[entry.line].values(), *known.values()}
            if isinstance(found, Change):
                touches.add(found.client_id)
            if isinstance(found, Made | Same):
                plans[entry.line] = found
                continue
            if not touched & touches:  # else what an earlier row does may change everything
                plans[entry.line] = found
            if entry.line not in plans or not isinstance(found, Reject):
                touched |= touches
        now = [entry for entry in entries if entry.line in plans]
        changes = self._changes(now, plans)
        if self.record.update_existing:
            self.decisions.keep(plans)
        lost = self._do(now, plans, changes)
        return [entry for entry in entries if entry.line not in plans or entry.line in lost]

    def _do(
        self, entries: Sequence[Entry], plans: Mapping[int, Plan], changes: Sequence[Work]
    ) -> set[int]:
        """Write what was planned, and say what became of it; returns the lines that lost a race."""
        written = [e for e in entries if isinstance(plans.get(e.line), Create | Change)]
        self.numbers.pass_by(entry.new.number for entry in written)
        creates = [entry for entry in written if isinstance(plans[entry.line], Create)]
        self.numbers.give(entry.line for entry in creates if not entry.new.number)
        creations = (self._creation(entry) for entry in creates)  # made while others are sent
        done, lost = packing.write(chain(creations, changes), self._is_done)
        for work in done:
            is_new = isinstance(plans[work.line], Create)
            outcome = self.outcome.created if is_new else self.outcome.updated
            outcome.append((work.line, work.client_id))
        for line, found in plans.items():
            match found:
                case Made():
                    self.outcome.created.append((line, self._client_id(line)))
                case Same(owner):
                    self.outcome.updated.append((line, owner))
                case Reject():
                    self.outcome.rejects.append(found)
        return {work.line for work in lost}

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
        new = entry.completed(self.numbers.kept(entry.line), self.record.currency)
        own_id = self._client_id(entry.line)
        transaction = imported.creation(new, own_id, at=self.at, by=self.import_id)
        return Work(entry.line, transaction, own_id)

    def _changes(self, entries: Sequence[Entry], plans: dict[int, Plan]) -> list[Work]:
        """The changes of clients. What proves to be none is planned anew, or comes again."""
        owners = {
            entry.line: found.client_id
            for entry in entries
            if isinstance(found := plans[entry.line], Change)
        }
        clients = imported.records(owners.values())
        notes = changing.notes(self.import_id, owners.values())
        works: list[Work] = []
        for entry in (entry for entry in entries if entry.line in owners):
            owner = owners[entry.line]
            note = notes.get(owner)
            if note and str(entry.line) in note.lines:
                plans[entry.line] = Same(owner)  # it was done before
            elif owner not in clients:  # deleted: its number and address are free in a moment
                self.decisions.forget(entry.line)
                del plans[entry.line]
            else:
                made = self._change(entry, owner, clients[owner], note)
                if isinstance(made, Work):
                    works.append(made)
                else:
                    plans[entry.line] = made
        return works

    def _change(
        self, entry: Entry, owner: str, client: imported.Known, note: BeforeRecord | None
    ) -> Work | Same | Reject:
        try:
            made = imported.change(client, entry.document, at=self.at, by=self.import_id)
        except InvalidFields as error:
            return refused(entry, error.errors, self.columns)
        if made is None:
            return Same(owner)
        transaction, reversal = made
        before = entry.line, reversal, imported.written_by(client)
        changing.take_down(transaction, (self.import_id, owner), before, note, self.began)
        return Work(entry.line, transaction, owner)

    def _is_done(self, work: Work, error: Exception) -> bool:
        if isinstance(error, NumberTaken | EmailTaken):
            self.decisions.forget(work.line)
        if isinstance(error, NumberTaken):
            self.numbers.drop(work.line)
        return isinstance(error, AlreadyThere)
