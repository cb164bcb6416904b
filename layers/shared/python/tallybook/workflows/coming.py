"""The invoices that recurring ones will make, as they would be made now."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from heapq import merge
from itertools import islice

from tallybook.chasing.seeing import Seen
from tallybook.errors import InvalidFields
from tallybook.invoices.records import InvoiceRecord
from tallybook.money import amount_text
from tallybook.problems import problem_of
from tallybook.recurring.kinds import Run
from tallybook.recurring.making import Delivery, delivery, draft, finalized
from tallybook.recurring.mapping import PREFIX, day_of, resume, resumed, run_of, schedule_of
from tallybook.recurring.records import RecurringRecord
from tallybook.recurring.rules import dates
from tallybook.settings.rules import sends_at
from tallybook.table import query_all, read
from tallybook.workflows.ahead import Coming
from tallybook.workflows.kinds import Receivable

MOST_RUNS = 200  # that one outlook looks at

_NO_ID = "0" * 26


def coming(seen: Seen, until: date) -> tuple[list[Coming], date | None]:
    """The runs up to a day, `MOST_RUNS` at most; and, if there are more, the last whole day.

    A Query, and another for each way in which invoices are sent. One that is paused comes when it
    goes on by itself.
    """
    items = query_all(f"CLIENT#{seen.client_id}", PREFIX, ConsistentRead=True)
    records = [read(RecurringRecord, item) for item in items]
    days = merge(*(_days(each, place, seen, until) for place, each in enumerate(records)))
    found = list(islice(days, MOST_RUNS + 1))
    cut = None
    if len(found) > MOST_RUNS:
        cut = date.fromordinal(found[-1][0].toordinal() - 1)
        found = [each for each in found if each[0] <= cut]
    deliveries = _deliveries(seen, [records[each[2]] for each in found])
    made = [
        _made(records[place], number, day, own, seen, deliveries)
        for day, own, place, number in found
    ]
    return made, cut


type _Day = tuple[date, date, int, int]
"""On which day it is made, its own date, the place of its recurring invoice, and its number."""


def _days(record: RecurringRecord, place: int, seen: Seen, until: date) -> Iterator[_Day]:
    record, begins = read(RecurringRecord, record.serialize()), seen.today
    if record.paused:
        goes_on = resumed(record)
        if goes_on is None:
            return
        begins = max(begins, goes_on)
        resume(record, begins, catch_up=record.paused["catch_up"])
    days = dates(schedule_of(record), day_of(record.last_date), int(record.made))
    for number, own in enumerate(days, int(record.made) + 1):
        day = max(own, begins)
        if day > until:
            return
        yield day, own, place, number


def _deliveries(seen: Seen, records: Sequence[RecurringRecord]) -> dict[bool, Delivery]:
    """How they are sent, by whether they are by themselves: at a moment at which the firm sends."""
    at = sends_at(seen.settings.sending, seen.settings.time_zone, seen.at)
    final = {bool(each.auto_send): each for each in records if each.auto_finalize}
    return {how: delivery(each, seen.client, seen.settings, at) for how, each in final.items()}


def _made(
    record: RecurringRecord,
    number: int,
    day: date,
    own: date,
    seen: Seen,
    deliveries: dict[bool, Delivery],
) -> Coming:
    run, row = run_of(record, own, number), record.row
    known = Coming(
        recurring_id=row["recurring_id"],
        day=day,
        date=own,
        currency=row["currency"],
        total=amount_text(Decimal(row["total"]), row["currency"]),
        receivable=None,
    )
    try:
        if not record.auto_finalize:
            made = _invoice(record, run, seen)
            return replace(known, total=_total(made), note="A draft: nobody owes it yet")
        made = _invoice(record, run, seen, day=day)
    except InvalidFields as error:
        return replace(known, missed=True, note=problem_of(error).detail)
    how, waits = deliveries[bool(record.auto_send)], bool(record.auto_send)
    return replace(
        known,
        currency=made.row["currency"],
        total=_total(made),
        receivable=_receivable(known, made) if made.row["balance"] > 0 else None,
        to=list(how.to),
        waits=waits,
        note=how.unsent,
    )


def _invoice(
    record: RecurringRecord, run: Run, seen: Seen, day: date | None = None
) -> InvoiceRecord:
    """The draft of a run, or what is finalized on a day. Raises `InvalidFields`."""
    client, settings, at = seen.client, seen.settings, seen.at
    if day is None:
        return draft(record, run, client, settings, invoice_id=_NO_ID, issue_date=run.day, at=at)
    return finalized(
        record,
        run,
        client,
        settings,
        invoice_id=_NO_ID,
        issue_date=run.day,
        today=day,
        at=at,
    ).after


def _total(invoice: InvoiceRecord) -> str:
    return amount_text(Decimal(invoice.row["total"]), invoice.row["currency"])


def _receivable(run: Coming, invoice: InvoiceRecord) -> Receivable:
    total = Decimal(invoice.row["total"])
    return Receivable(
        invoice_id=f"~{run.date}~{run.recurring_id}",  # behind those that are there
        number="",
        currency=invoice.row["currency"],
        due_date=date.fromisoformat(invoice.row["due_date"]),
        balance=total,
        total=total,
        workflow_id=invoice.entered.get("workflow_id"),
    )
