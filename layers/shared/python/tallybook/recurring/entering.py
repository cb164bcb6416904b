"""What is entered of a recurring invoice becomes its record, when invoices can be made of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from tallybook.errors import InvalidField, InvalidFields
from tallybook.invoices.sums import entered
from tallybook.ledger.books import Books
from tallybook.recurring.kinds import Run
from tallybook.recurring.making import draft
from tallybook.recurring.mapping import day_of, place, schedule_of
from tallybook.recurring.models import NewRecurringInvoice
from tallybook.recurring.placeholders import must_be_known
from tallybook.recurring.records import RecurringRecord
from tallybook.recurring.rules import dates

MOST_CAUGHT_UP = 100  # runs that are made up for at once: more is a date that was mistyped
MOST_YEARS_BACK = 10
_NO_ID = "0" * 26
# Whose words are as long as they come: with them, too, the texts are not longer than they may be.
_LONGEST = Run(
    day=date(2190, 9, 30), number=1000, first=date(2189, 9, 30), last=date(2190, 9, 30)
)  # fmt: skip


def write_up(
    record: RecurringRecord, new: NewRecurringInvoice, found: Books, *, at: datetime
) -> None:
    """Put what was entered, and what follows from it, into the record, which has its ids.

    Raises `InvalidFields`, which say the field of the request.
    """
    document: dict[str, Any] = new.model_dump(mode="json", exclude_none=True)
    client, settings = found.client, found.settings
    record.template = _template(new, client.row.currency)
    record.schedule = {
        name: document[name]
        for name in ("frequency", "interval", "end_date", "count", "day_of_month")
        if name in document
    } | {"start_date": document.get("start_date", found.today.isoformat())}
    _must_end_behind_its_start(record)
    record.covers, record.auto_finalize = new.covers, new.auto_finalize
    record.auto_send = new.auto_finalize if new.auto_send is None else new.auto_send
    row: dict[str, Any] = dict(record.row) | {
        "name": new.name,
        "frequency": new.frequency,
        "interval": new.interval,
        "currency": record.template["currency"],
    }
    record.row = row
    row["total"] = _total(record, found, at)
    record.row = {name: value for name, value in row.items() if value is not None}
    place(record, settings.time_zone)


def must_run(record: RecurringRecord) -> None:
    """Raises `InvalidField` for a new one that has ended before its first run."""
    if record.row["status"] == "ended":
        field = "end_date" if "end_date" in record.schedule else "start_date"
        raise InvalidField(field, "It would never run: its first day lies behind its end.")


def must_be_of_our_times(record: RecurringRecord, now: date) -> None:
    """Raises `InvalidField` for a start so long ago that it must be a slip."""
    start = schedule_of(record).start_date
    if (start.year + MOST_YEARS_BACK, start.month, start.day) < (now.year, now.month, now.day):
        raise InvalidField("start_date", f"It lies more than {MOST_YEARS_BACK} years back.")


def must_not_be_too_many(record: RecurringRecord, now: date, field: str) -> None:
    """Raises `InvalidField` when more would be made up for at once than anybody means."""
    days = dates(schedule_of(record), day_of(record.last_date), int(record.made))
    late = sum(day < now for day in islice(days, MOST_CAUGHT_UP + 1))
    if late > MOST_CAUGHT_UP:
        message = f"More than {MOST_CAUGHT_UP} invoices would be made for the time that is past."
        raise InvalidField(field, message)


def _must_end_behind_its_start(record: RecurringRecord) -> None:
    """The start may be today for having been left out: so the request alone does not tell."""
    schedule = schedule_of(record)
    if schedule.end_date and schedule.end_date < schedule.start_date:
        raise InvalidField("end_date", f"It lies before the start, {schedule.start_date}.")


def _template(new: NewRecurringInvoice, currency: str) -> dict[str, Any]:
    """As it is stored; its amounts stay in its currency when the client gets another."""
    with _in_template():
        stored = entered(new.template)
        must_be_known(stored)
        if not stored.get("lines"):
            raise InvalidField("lines", "An invoice needs a line.")
    return {"currency": currency, **stored}


def _total(record: RecurringRecord, found: Books, at: datetime) -> Decimal:
    """What each invoice comes to as things stand."""
    client, settings = found.client, found.settings
    with _in_template():
        model = draft(
            record, _LONGEST, client, settings, invoice_id=_NO_ID, issue_date=_LONGEST.day, at=at
        )
        total = Decimal(model.row["total"])
        if total < 0:
            raise InvalidField("lines", "It comes to less than nothing.")
    return total


@contextmanager
def _in_template() -> Iterator[None]:
    """What is wrong with a field is said of the template's field."""
    try:
        yield
    except InvalidFields as error:
        named = [{**each, "loc": ("template", *each["loc"])} for each in error.errors]
        raise InvalidFields(named) from error
