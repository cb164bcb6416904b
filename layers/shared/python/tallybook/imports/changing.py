"""What clients were like before an import changed them: kept for undoing, and to claim rows."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tallybook.imports.mapping import partition
from tallybook.imports.records import BeforeRecord
from tallybook.imports.store import KEPT
from tallybook.table import absent, find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import version_changed

type Before = tuple[int, dict[str, Any], str | None]
"""The line of a row, what undoes its change, and the import that had written the client before."""


def notes(import_id: str, client_ids: Iterable[str]) -> dict[str, BeforeRecord]:
    """The notes of an import on these clients, by client."""
    keys = [(partition(import_id), f"BEFORE#{each}") for each in dict.fromkeys(client_ids)]
    found = [read(BeforeRecord, item) for item in find_all(keys, consistent=True)]
    return {note.sk.removeprefix("BEFORE#"): note for note in found}


def take_down(
    transaction: Transaction,
    key: tuple[str, str],
    before: Before,
    note: BeforeRecord | None,
    began: datetime,
) -> None:
    """Add to the change of a client how it was before, on the condition that `note` still stands.

    `key` is the ids of the import and of the client. What an earlier row of the import changed
    already keeps the value from before that.
    """
    import_id, client_id = key
    line, reversal, written_by = before
    first = _first(json.loads(note.before), reversal) if note else reversal
    record = BeforeRecord(
        partition(import_id),
        f"BEFORE#{client_id}",
        before=json.dumps(first, ensure_ascii=False),
        written_by=note.written_by if note else written_by,
        lines={**(note.lines if note else {}), str(line): 1},
        ttl=int((began + KEPT).timestamp()),
    )
    stands = BeforeRecord.lines == note.lines if note else absent(BeforeRecord)
    transaction.put(record, stands, version_changed)


def _first(older: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    first = newer | older
    for name in older.keys() & newer.keys():
        if isinstance(older[name], dict) and isinstance(newer[name], dict):
            first[name] = _first(older[name], newer[name])
    return first
