"""Entries of a client's history, for the transactions of whatever happened."""

from datetime import datetime

from tallybook.authors import By
from tallybook.history.kinds import Kind
from tallybook.history.records import HistoryRecord
from tallybook.ids import new_id


def entry(
    client_id: str,
    kind: Kind,
    *,
    at: datetime,
    by: By | None = None,
    text: str | None = None,
    event: str | None = None,
    entry_id: str | None = None,
    **details: object,
) -> HistoryRecord:
    """An entry to put. `event` publishes it ("client.suspended", see docs/events.md).

    `entry_id` is given where the same thing may be written down twice and must be one entry.
    """
    return HistoryRecord(
        f"CLIENT#{client_id}",
        f"HISTORY#{entry_id or new_id(at)}",
        kind=kind,
        by=by.model_dump() if by else None,
        text=text,
        details=details,
        event=event,
        version=1,
    )
