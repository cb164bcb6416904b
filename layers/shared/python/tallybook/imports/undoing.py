"""Undoing a chunk of an import: what nobody touched since goes or goes back, the rest is listed."""

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from tallybook.clients import imported
from tallybook.errors import EmailTaken, InvalidFields, NumberTaken
from tallybook.imports import changing, outcomes, packing
from tallybook.imports.mapping import id_of, number_of
from tallybook.imports.outcomes import Left, Undone
from tallybook.imports.packing import Work
from tallybook.imports.records import BeforeRecord, ChunkRecord, ImportRecord
from tallybook.imports.rules import client_id, line_of
from tallybook.table import present
from tallybook.versions import version_changed

type Row = tuple[int, str]
"""A line of the file, and the client that it made or changed."""


def undo(record: ImportRecord, chunk: ChunkRecord) -> Undone:
    """Undo what the chunk's rows did. Raises `Busy` when others never let it."""
    job = int(record.imported_job or 0)
    entered = outcomes.entered(id_of(record), job, number_of(chunk))
    run = _Run(id_of(record), str(record.undo_at))
    ours = client_id(id_of(record), 0, datetime.fromisoformat(str(record.started_at)))
    changed = [row for row in entered.updated if line_of(row[1], ours) is None]
    packing.until_done(run.remove, entered.created)
    packing.until_done(run.restore, changed)
    run.outcome.left.sort(key=lambda left: left.line)
    return run.outcome


def again(record: ImportRecord, rows: Sequence[Row]) -> Undone:
    """Restore clients that were left because others had what they would get back.

    When every chunk is undone, those others may have given it back.
    """
    run = _Run(id_of(record), str(record.undo_at))
    packing.until_done(run.restore, rows)
    return run.outcome


@dataclass
class _Run:
    """One chunk being undone."""

    import_id: str
    at: str
    outcome: Undone = field(default_factory=Undone)

    def remove(self, rows: Sequence[Row], _: bool) -> list[Row]:
        """Delete the clients that rows made; returns the rows that have to come again."""
        with ThreadPoolExecutor(packing.AT_ONCE) as pool:
            found = list(pool.map(lambda row: imported.with_company(row[1]), rows))
        works: list[Work] = []
        for (line, made), (client, has_company) in zip(rows, found, strict=True):
            if client is None:  # by an earlier delivery, or by somebody: it is gone
                self.outcome.removed += 1
            elif imported.written_by(client) != self.import_id:
                self._leave(line, made, client, "It was changed since.")
            elif has_company:
                self._leave(line, made, client, "It has contacts, documents or a favourite since.")
            else:
                works.append(Work(line, imported.removal(client, at=self.at), made))
        done, lost = packing.write(works, lambda *_: False)
        self.outcome.removed += len(done)
        return [(work.line, work.client_id) for work in lost]

    def restore(self, rows: Sequence[Row], _: bool) -> list[Row]:
        """Put back what rows changed; returns the rows that have to come again."""
        ids = [changed for _, changed in rows]
        notes, clients = changing.notes(self.import_id, ids), imported.records(ids)
        works: dict[int, Work] = {}
        for line, changed in rows:
            note, client = notes.get(changed), clients.get(changed)
            if note is None or line != min(map(int, note.lines)):
                continue  # nothing was different, or an earlier row of the file speaks for both
            if note.restored:
                self.outcome.restored += 1
            elif client is None:
                self._leave(line, changed, None, "It was deleted since.")
            elif imported.written_by(client) != self.import_id:
                self._leave(line, changed, client, "It was changed since.")
            elif work := self._restoration(line, changed, client, note):
                works[line] = work
        return self._write(works, clients)

    def _restoration(
        self, line: int, changed: str, client: imported.Known, note: BeforeRecord
    ) -> Work | None:
        try:
            transaction = imported.restoration(
                client, json.loads(note.before), at=self.at, by=note.written_by or self.import_id
            )
        except InvalidFields as error:  # a rule that is younger than the values
            self._leave(line, changed, client, error.detail)
            return None
        transaction.update(
            note,
            [BeforeRecord.restored.set(1)],
            BeforeRecord.restored.does_not_exist() & present(BeforeRecord),
            version_changed,
        )
        return Work(line, transaction, changed)

    def _write(self, works: dict[int, Work], clients: Mapping[str, imported.Known]) -> list[Row]:
        taken: dict[int, str] = {}

        def note(work: Work, error: Exception) -> bool:
            """Another client has the number or the address that this one had before."""
            if isinstance(error, (NumberTaken, EmailTaken)):
                taken[work.line] = error.detail
            return False

        done, lost = packing.write(list(works.values()), note)
        self.outcome.restored += len(done)
        # One that was put back may have had what another one needs.
        stuck = [] if done else [work for work in lost if work.line in taken]
        for work in stuck:
            client = clients[work.client_id]
            self._leave(work.line, work.client_id, client, taken[work.line], taken=True)
        return [(work.line, work.client_id) for work in lost if work not in stuck]

    def _leave(
        self, line: int, left: str, client: imported.Known | None, why: str, *, taken: bool = False
    ) -> None:
        number, name = imported.naming(client) if client else ("", "")
        self.outcome.left.append(Left(line, left, number, name, why, taken))
