"""What is to come of recurring invoices, as it would be made now."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

from tallybook.clients.records import ClientRecord
from tallybook.dates import today
from tallybook.invoices.models import Period
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.recurring.making import draft
from tallybook.recurring.mapping import day_of, resume, resumed, run_of, schedule_of
from tallybook.recurring.models import RecurringRun, RecurringRuns
from tallybook.recurring.reading import with_recurring
from tallybook.recurring.records import RecurringRecord
from tallybook.recurring.rules import dates
from tallybook.settings.models import Settings
from tallybook.table import read

_NO_ID = "0" * 26


def preview(client_id: str, recurring_id: str, *, count: int, at: datetime) -> RecurringRuns:
    """The next runs. One BatchGetItem. Raises `ClientNotFound` and `RecurringInvoiceNotFound`."""
    found, record = with_recurring(client_id, recurring_id, at=at)
    runs = coming(record, found.client, found.settings, at=at)
    return RecurringRuns(items=list(islice(runs, count)))


def coming(
    record: RecurringRecord, client: ClientRecord, settings: Settings, *, at: datetime
) -> Iterator[RecurringRun]:
    """The runs that are due or to come, in order. One that is paused goes on as it was told to.

    Or now, where it waits for somebody. Raises `InvalidFields` when nothing can be made of it.
    """
    record = read(RecurringRecord, record.serialize())
    if record.paused:
        now = today(at, settings.time_zone)
        resume(record, max(resumed(record) or now, now), catch_up=record.paused["catch_up"])
    days = dates(schedule_of(record), day_of(record.last_date), int(record.made))
    for number, day in enumerate(days, int(record.made) + 1):
        run = run_of(record, day, number)
        made = draft(record, run, client, settings, invoice_id=_NO_ID, issue_date=day, at=at)
        row = made.row
        yield RecurringRun.model_construct(
            number=number,
            date=day,
            due_date=date.fromisoformat(row["due_date"]),
            period=trusted(Period, {"from_": run.first, "to": run.last}),
            currency=row["currency"],
            total=amount_text(Decimal(row["total"]), row["currency"]),
            lines=[line.get("description") for line in made.entered["lines"]],
        )
