"""What becomes of one run: an invoice, a draft, or a note that it was missed; put into a pack."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from tallybook.clients.records import ClientRecord
from tallybook.errors import InvalidFields
from tallybook.ids import derived_id, new_id, rest_of
from tallybook.invoices import drafts
from tallybook.invoices.packing import Pack
from tallybook.invoices.records import ToSendRecord
from tallybook.missed.making import missed
from tallybook.problems import problem_of
from tallybook.recurring.kinds import Run
from tallybook.recurring.making import Delivery, delivery, draft, finalized
from tallybook.recurring.records import RecurringRecord
from tallybook.tasks.kinds import TaskKind
from tallybook.tasks.making import task
from tallybook.transactions import Transaction, bytes_of

_ALL_IDS = 1 << 80


def ids(at: datetime) -> Iterator[str]:
    """Ids that follow one another, also within a millisecond: the earlier run, the earlier id."""
    first = rest_of(new_id(at))
    return (derived_id(at, (first + place) % _ALL_IDS) for place in count())


@dataclass
class Dealer:
    """Deals with the runs of one pack, and gives what it makes the next of `ids`."""

    at: datetime
    ids: Iterator[str]
    deliveries: dict[str, Delivery] = field(default_factory=dict)  # a query for each of them

    def make(self, pack: Pack, record: RecurringRecord, run: Run, issue_date: date) -> str | None:
        """Put the invoice of a run into the pack; its id, None where there is no room for it.

        Raises `InvalidFields` when there can be no such invoice.
        """
        if record.auto_finalize:
            return self._finalize(pack, record, run, issue_date)
        return self._draft(pack, record, run, issue_date)

    def make_or_miss(self, pack: Pack, record: RecurringRecord, run: Run) -> bool:
        """Put into the pack what becomes of a run on its day; False where there is no room."""
        client = _client(pack, record)
        if client.suspended is not None:
            return self._miss(pack, record, run, "suspended", client)
        try:
            return self.make(pack, record, run, run.day) is not None
        except InvalidFields as error:
            return self._miss(pack, record, run, problem_of(error).detail or error.code, client)

    def _finalize(
        self, pack: Pack, record: RecurringRecord, run: Run, issue_date: date
    ) -> str | None:
        client, found = _client(pack, record), pack.found
        one = finalized(
            record,
            run,
            client,
            found.settings,
            invoice_id=next(self.ids),
            issue_date=issue_date,
            today=found.today,
            at=self.at,
        )
        if not pack.numbers(one):
            return None
        how = self._delivery(pack, record, client)
        also = one.mailing(list(how.to), how.unsent, self.at)
        if how.waits:
            also.put(ToSendRecord(record.pk, f"TOSEND#{one.invoice_id}"))
        if how.task:
            title, about = f"Print and post invoice {one.number}", [one.invoice_id]
            self._ask(also, client, title, found.today, kind=how.task, invoice_ids=about)
        size = _size(pack, record)
        return one.invoice_id if pack.takes(one, also, [_once(record)], size) else None

    def _draft(self, pack: Pack, record: RecurringRecord, run: Run, issue_date: date) -> str | None:
        client, settings = _client(pack, record), pack.found.settings
        made = draft(
            record,
            run,
            client,
            settings,
            invoice_id=next(self.ids),
            issue_date=issue_date,
            at=self.at,
        )
        also = Transaction()
        drafts.write(also, made, at=self.at, by=None)
        size = _size(pack, record) + bytes_of(made.serialize())
        is_in = pack.also_takes(also, [_once(record), record.row["client_id"]], size)
        return made.row["invoice_id"] if is_in else None

    def _miss(
        self, pack: Pack, record: RecurringRecord, run: Run, reason: str, client: ClientRecord
    ) -> bool:
        row = record.row
        also, name = Transaction(), row.get("name", "Recurring invoice")
        missed(
            also,
            row["client_id"],
            kind="recurring",
            day=run.day,
            ref=row["recurring_id"],
            text=f"{name} of {run.day}",
            reason=reason,
            subject=subject_of(record, run),
            at=self.at,
            amount=Decimal(row["total"]),
            currency=row["currency"],
        )
        if client.suspended is None:  # else staff are asked when it is active again
            title = f"{name} of {run.day} was not made"
            self._ask(also, client, title, pack.found.today, body=reason)
        return pack.also_takes(also, [_once(record), row["client_id"]], _size(pack, record))

    def _ask(
        self,
        also: Transaction,
        client: ClientRecord,
        title: str,
        due_date: date,
        *,
        kind: TaskKind = "task",
        body: str | None = None,
        invoice_ids: Sequence[str] = (),
    ) -> None:
        """A task for the client's AR specialist."""
        whose = client.row.ar_specialist
        task(
            also,
            client,
            title=title,
            due_date=due_date,
            assignee=whose,
            at=self.at,
            kind=kind,
            body=body,
            invoice_ids=invoice_ids,
        )

    def _delivery(self, pack: Pack, record: RecurringRecord, client: ClientRecord) -> Delivery:
        if record.sk not in self.deliveries:
            self.deliveries[record.sk] = delivery(record, client, pack.found.settings, self.at)
        return self.deliveries[record.sk]


def subject_of(record: RecurringRecord, run: Run) -> dict[str, Any]:
    """A run as it is remembered where it was missed."""
    return {
        "recurring_id": record.row["recurring_id"],
        "date": run.day.isoformat(),
        "number": run.number,
        "first": run.first.isoformat(),
        "last": run.last.isoformat(),
    }


def remembered(subject: dict[str, Any]) -> Run:
    """The run that `subject_of` says."""
    day, first, last = (date.fromisoformat(subject[name]) for name in ("date", "first", "last"))
    return Run(day=day, number=int(subject["number"]), first=first, last=last)


def _client(pack: Pack, record: RecurringRecord) -> ClientRecord:
    return pack.found.client(record.row["client_id"])


def _once(record: RecurringRecord) -> tuple[str, str]:
    """The recurring invoice itself is written once for all its runs."""
    return record.pk, record.sk


def _size(pack: Pack, record: RecurringRecord) -> int:
    """The bytes of the recurring invoice, which count once, however little of it changes."""
    return 0 if _once(record) in pack.seen else bytes_of(record.serialize())
