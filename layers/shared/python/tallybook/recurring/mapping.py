"""Between the recurring invoice that the API knows and its item in the table."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook import agenda
from tallybook.authors import By
from tallybook.invoices.models import NewAdjustment, NewLine
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.recurring.kinds import Covers, Run, Schedule
from tallybook.recurring.models import (
    RecurringInvoice,
    RecurringInvoiceRow,
    RecurringPaused,
    RecurringTemplate,
)
from tallybook.recurring.records import RecurringRecord
from tallybook.recurring.rules import last_skipped, next_date, run_on

type Row = dict[str, Any]

PREFIX = "RECURRING#"
_DAYS = ("start_date", "end_date")


def key(client_id: str, recurring_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"{PREFIX}{recurring_id}"


def schedule_of(record: RecurringRecord) -> Schedule:
    stored = dict(record.schedule)
    return Schedule(**stored | {name: day_of(stored.get(name)) for name in _DAYS})


def day_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def run_of(record: RecurringRecord, day: date, number: int) -> Run:
    """The run of a day of its schedule."""
    covers: Covers = "past" if record.covers == "past" else "coming"
    return run_on(schedule_of(record), day, number, covers)


def next_of(record: RecurringRecord) -> date | None:
    """The day of its next run, whether it is paused or not; None: it has ended."""
    return next_date(schedule_of(record), day_of(record.last_date), int(record.made))


def resumed(record: RecurringRecord) -> date | None:
    """The day on which its pause ends by itself, if it does."""
    return day_of(record.paused.get("until")) if record.paused else None


def resume(record: RecurringRecord, day: date, *, catch_up: bool) -> None:
    """End its pause: unless it catches up, the next run is the first that is not before `day`."""
    record.paused = None
    if not catch_up:
        skip(record, day)


def skip(record: RecurringRecord, day: date) -> None:
    """Leave out what is not dealt with before `day`."""
    skipped = last_skipped(schedule_of(record), day_of(record.last_date), day)
    record.last_date = skipped.isoformat() if skipped else None


def place(record: RecurringRecord, time_zone: str) -> None:
    """Put into the record how it stands, and into the agenda when it is to be seen to again."""
    following = next_of(record)
    if following is None:
        status, moment = "ended", None
    elif record.paused:
        status, moment = "paused", resumed(record)
    else:
        status, moment = "active", following
    row: Row = dict(record.row) | {"status": status, "made": int(record.made)}
    row.pop("next_date", None)
    if status == "active" and following:
        row["next_date"] = following.isoformat()
    record.row, record.agenda_pk, record.agenda_sk = row, None, None
    if moment:
        begins = agenda.start_of(moment, time_zone)
        ids = (row["client_id"], row["recurring_id"])
        record.agenda_pk, record.agenda_sk = agenda.place("recurring", begins, *ids)


def stored_request(record: RecurringRecord) -> dict[str, Any]:
    """What was entered, in JSON, to be patched."""
    return {
        **({"name": record.row["name"]} if "name" in record.row else {}),
        **record.schedule,
        "covers": record.covers,
        "auto_finalize": record.auto_finalize,
        "auto_send": record.auto_send,
        "template": record.template,
    }


def to_recurring(record: RecurringRecord) -> RecurringInvoice:
    template = dict(record.template)
    template["lines"] = [trusted(NewLine, each) for each in template.get("lines", [])]
    for name in ("allowances", "charges"):
        template[name] = [trusted(NewAdjustment, each) for each in template.get(name, [])]
    request = stored_request(record) | {"template": trusted(RecurringTemplate, template)}
    fields = row_fields(record.row) | request
    for name in _DAYS:
        fields[name] = day_of(record.schedule.get(name))
    return RecurringInvoice.model_construct(
        None,
        **fields,
        last_date=day_of(record.last_date),
        paused=_paused(record.paused),
        updated_at=datetime.fromisoformat(record.updated_at),
        version=int(record.version),
    )


def row_fields(row: Row) -> dict[str, Any]:
    """The members of `RecurringInvoiceRow`."""
    return dict(row) | {
        "name": row.get("name"),
        "next_date": day_of(row.get("next_date")),
        "total": amount_text(Decimal(row["total"]), row["currency"]),
        "created_at": datetime.fromisoformat(row["created_at"]),
    }


def to_row(row: Row) -> RecurringInvoiceRow:
    return RecurringInvoiceRow.model_construct(None, **row_fields(row))


def _paused(stored: dict[str, Any] | None) -> RecurringPaused | None:
    if not stored:
        return None
    return RecurringPaused.model_construct(
        until=day_of(stored.get("until")),
        catch_up=stored["catch_up"],
        at=datetime.fromisoformat(stored["at"]),
        by=trusted(By, stored["by"]) if "by" in stored else None,
    )
