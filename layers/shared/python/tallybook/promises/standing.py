"""How a client's promises stand: which of them pause its workflows, and which were broken."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from tallybook.clients import attention
from tallybook.clients.records import ClientRecord
from tallybook.dates import timestamp
from tallybook.history.entries import entry
from tallybook.ids import derived_id, rest_of
from tallybook.ledger import reading
from tallybook.ledger.rules import Booked
from tallybook.money import amount_text
from tallybook.promises import rules
from tallybook.promises.kinds import Promised, PromiseStatus
from tallybook.promises.mapping import PREFIX, promised
from tallybook.promises.records import PromiseRecord
from tallybook.table import query_all, read
from tallybook.tasks.making import task
from tallybook.transactions import Transaction
from tallybook.versions import version_changed
from tallybook.workflows.kinds import Pause


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A promise, how it stands on a day, and what was paid on it up to its own."""

    record: PromiseRecord
    promised: Promised
    status: PromiseStatus
    paid: Decimal

    @property
    def pause(self) -> Pause:
        """What the promise holds back while it is pending."""
        each = self.promised
        return Pause(until=each.date, currency=each.currency, invoice_ids=each.invoice_ids)


@dataclass(frozen=True, kw_only=True)
class Promises:
    """What of a client's promises concerns its workflows on a day."""

    pending: tuple[Standing, ...]
    ended: tuple[Standing, ...]  # their day is over, and nobody has looked at them since

    @property
    def pauses(self) -> tuple[Pause, ...]:
        return tuple(each.pause for each in self.pending)


def promises_of(client_id: str, *, today: date) -> Promises:
    """The promises that pause something today, and those that are to be `conclude`d.

    A Query; where something is undecided, another for each megabyte of what its currency's ledger
    holds since shortly before it was promised.
    Consistent: read the client first, and act on the condition that nothing has called since.
    """
    items = query_all(f"CLIENT#{client_id}", PREFIX, ConsistentRead=True)
    records = [read(PromiseRecord, item) for item in items]
    undecided = [each for each in records if not each.ended_at and "cancelled_at" not in each.row]
    found = standings(client_id, undecided, today=today)
    return Promises(
        pending=tuple(each for each in found if each.status == "pending"),
        ended=tuple(each for each in found if each.promised.date < today),
    )


def pauses(client_id: str, *, today: date) -> tuple[Pause, ...]:
    """What is held back by promises that are neither kept nor broken yet. See `promises_of`."""
    return promises_of(client_id, today=today).pauses


def conclude(client: ClientRecord, ended: Standing, *, today: date, at: datetime) -> None:
    """Note that the day of a promise is over: of one that was broken with a task, once.

    One transaction. `client` as read before the promises; raises `VersionChanged` when something
    has called for a look since, a payment say, and `ClientNotFound`.
    """
    record, transaction = ended.record, Transaction()
    told = [PromiseRecord.ended_at.set(timestamp(at))]
    told.append(PromiseRecord.version.set(int(record.version) + 1))
    if ended.status == "broken":
        task_id = _task_id(record)
        told.append(PromiseRecord.task_id.set(task_id))
        _tell_broken(transaction, client, ended, task_id, today=today, at=at)
    is_unchanged = PromiseRecord.version == record.version
    transaction.update(record, told, is_unchanged, version_changed)
    attention.stays(transaction, client)
    transaction.commit()


def standings(client_id: str, records: Iterable[PromiseRecord], *, today: date) -> list[Standing]:
    """How each promise stands today: a Query for each megabyte of the ledgers that decide it.

    Of each currency that is what is dated from `rules.since` of its oldest promise on.
    """
    values = [(record, promised(record)) for record in records]
    oldest: dict[str, date] = {}
    for _, each in values:
        first = rules.since(each)
        oldest[each.currency] = min(first, oldest.get(each.currency, first))
    ledgers = {
        currency: list(reading.entries(client_id, currency, since=first))
        for currency, first in oldest.items()
    }
    return [_standing(record, each, ledgers[each.currency], today) for record, each in values]


def _standing(
    record: PromiseRecord, each: Promised, ledger: Iterable[Booked], today: date
) -> Standing:
    paid = rules.paid(each, ledger)
    status = rules.status(each, paid, today=today)
    return Standing(record=record, promised=each, status=status, paid=paid)


def _tell_broken(
    transaction: Transaction,
    client: ClientRecord,
    broken: Standing,
    task_id: str,
    *,
    today: date,
    at: datetime,
) -> None:
    record, each = broken.record, broken.promised
    amount = f"{amount_text(each.amount, each.currency)} {each.currency}"
    text = f"Promise broken: {amount} by {each.date}"
    paid = f"Paid on it: {amount_text(broken.paid, each.currency)} {each.currency}."
    task(
        transaction,
        client,
        title=text,
        body="\n\n".join(filter(None, (paid, record.note))),
        due_date=today,
        assignee=client.row.ar_specialist,
        invoice_ids=record.invoice_ids or (),
        task_id=task_id,
        at=at,
    )
    told = {"promise_id": record.row["promise_id"], "task_id": task_id, "what": "promise broken"}
    client_id = client.pk.removeprefix("CLIENT#")
    transaction.put(entry(client_id, "payment", at=at, text=text, event="promise.broken", **told))


def _task_id(record: PromiseRecord) -> str:
    """Of one promise always the same: an id of the day after its own."""
    over = date.fromisoformat(record.row["date"]) + timedelta(days=1)
    rest = rest_of(record.row["promise_id"])
    return derived_id(datetime.combine(over, time.min, UTC), rest)
