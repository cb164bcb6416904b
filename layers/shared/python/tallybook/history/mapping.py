"""Between the history that the API knows and its items in the table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from tallybook.authors import By
from tallybook.history.kinds import Kind
from tallybook.history.models import Call, Edited, HistoryEntry, Note
from tallybook.history.records import HistoryRecord
from tallybook.ids import time_of

PREFIX = "HISTORY#"


def partition(client_id: str) -> str:
    return f"CLIENT#{client_id}"


def id_of(record: HistoryRecord) -> str:
    return record.sk.removeprefix(PREFIX)


def to_entry(record: HistoryRecord) -> HistoryEntry:
    entry_id = id_of(record)
    return HistoryEntry.model_construct(
        entry_id=entry_id,
        type=cast("Kind", record.kind),
        at=time_of(entry_id),
        by=_by(record.by),
        text=record.text,
        edited=_edited(record.edited),
        details=dict(record.details),
        version=int(record.version),
    )


def to_note(record: HistoryRecord) -> Note:
    note_id = id_of(record)
    return Note.model_construct(
        note_id=note_id,
        body=record.text or "",
        by=_by(record.by),
        at=time_of(note_id),
        edited=_edited(record.edited),
        version=int(record.version),
    )


def to_call(record: HistoryRecord) -> Call:
    call_id = id_of(record)
    details = record.details
    return Call.model_construct(
        call_id=call_id,
        direction=details["direction"],
        contact_id=details.get("contact_id"),
        outcome=details.get("outcome"),
        body=record.text,
        duration_minutes=details.get("duration_minutes"),
        by=_by(record.by),
        at=time_of(call_id),
        logged_at=datetime.fromisoformat(details["logged_at"]),
    )


def _by(stored: Mapping[str, Any] | None) -> By | None:
    return By.model_construct(**stored) if stored else None


def _edited(stored: Mapping[str, Any] | None) -> Edited | None:
    if not stored:
        return None
    by = By.model_construct(**stored["by"])
    return Edited.model_construct(at=datetime.fromisoformat(stored["at"]), by=by)
