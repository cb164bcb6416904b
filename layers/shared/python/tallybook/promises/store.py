"""Promises to pay: made, read, listed, cancelled. Each time the client is looked at."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from tallybook import dates
from tallybook.authors import By
from tallybook.clients import attention
from tallybook.clients.presence import of_client
from tallybook.dates import timestamp
from tallybook.errors import InvalidField, PromiseNotFound, PromiseOver
from tallybook.history.entries import entry
from tallybook.history.records import HistoryRecord
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id
from tallybook.ledger.books import Books, look_up
from tallybook.listings import newest_below
from tallybook.money import amount_text
from tallybook.payments.rules import NotAllocatable, entered
from tallybook.promises.mapping import PREFIX, to_promise
from tallybook.promises.models import NewPromise, Promise
from tallybook.promises.records import PromiseRecord
from tallybook.promises.rules import latest_day
from tallybook.promises.standing import Standing, standings
from tallybook.settings import store as settings_store
from tallybook.table import Item, absent, decode, differences, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed

_NOTHING = Decimal(0)
_UNPAID = ("open", "partially_paid")


def make(client_id: str, new: NewPromise, *, by: By, at: datetime, once: Once) -> Promise:
    """Note down a promise. One BatchGetItem and one transaction.

    Raises `ClientNotFound`, and `InvalidField` for a day or an invoice that cannot be promised.
    """
    promise_id = new_id(at)

    def attempt() -> Promise:
        named = new.invoice_ids or []
        found = look_up(client_id, *(f"INVOICE#{each}" for each in named), at=at)
        record = _record(client_id, promise_id, new, found, by=by, at=at)
        _must_be_unpaid(record, found.own)
        promise = to_promise(record, "pending", _NOTHING)
        transaction = Transaction()
        once.claim(transaction, promise)
        transaction.put(record, absent(PromiseRecord))
        transaction.put(_told(record, "promised", by=by, at=at))
        attention.want(transaction, client_id, at)
        transaction.commit()
        return promise

    return until_unchanged(attempt)


def get(client_id: str, promise_id: str, *, at: datetime) -> Promise:
    """One promise. A BatchGetItem, and a Query of the ledger of its currency.

    Raises `ClientNotFound` and `PromiseNotFound`.
    """
    return _shown(_find(client_id, promise_id, at=at))


def page(
    client_id: str, *, at: datetime, limit: int, after: str | None
) -> tuple[list[Promise], str | None]:
    """The promises behind the id `after`, the newest first. Raises `ClientNotFound`.

    A Query beside reads of the client and the settings, and one of the ledger of each currency.
    """
    look = partial(newest_below, f"CLIENT#{client_id}", PREFIX, limit=limit, after=after)
    items, position = of_client(client_id, look)
    records = [read(PromiseRecord, item) for item in items]
    today = dates.today(at, settings_store.get().time_zone)
    return list(map(_shown, standings(client_id, records, today=today))), position


def cancel(client_id: str, promise_id: str, *, by: By, at: datetime, if_match: str | None) -> None:
    """Take back a promise that is pending: its invoices are reminded of again.

    Raises `ClientNotFound`, `PromiseNotFound`, `PromiseOver` and `StaleVersion`.
    """

    def attempt() -> None:
        found = _find(client_id, promise_id, at=at)
        before = found.record
        must_match(if_match, etag(int(before.version)))
        if found.status != "pending":
            raise PromiseOver(found.status)
        after = read(PromiseRecord, before.serialize())
        after.row = {**before.row, "cancelled_at": timestamp(at)}
        after.version = int(before.version) + 1
        transaction = Transaction()
        is_unchanged = PromiseRecord.version == before.version
        transaction.update(before, differences(before, after), is_unchanged, version_changed)
        transaction.put(_told(after, "promise cancelled", by=by, at=at))
        attention.want(transaction, client_id, at)
        transaction.commit()

    until_unchanged(attempt)


def _find(client_id: str, promise_id: str, *, at: datetime) -> Standing:
    key = f"{PREFIX}{promise_id}"
    found = look_up(client_id, *((key,) if is_ulid(promise_id) else ()), at=at)
    if key not in found.own:
        raise PromiseNotFound
    record = read(PromiseRecord, found.own[key])
    return standings(client_id, [record], today=found.today)[0]


def _shown(found: Standing) -> Promise:
    return to_promise(found.record, found.status, found.paid)


def _record(
    client_id: str, promise_id: str, new: NewPromise, found: Books, *, by: By, at: datetime
) -> PromiseRecord:
    currency = new.currency or found.client.row.currency
    try:
        amount = entered("amount", new.amount, currency)
    except NotAllocatable as error:
        raise InvalidField(error.field, error.message) from error
    return PromiseRecord(
        f"CLIENT#{client_id}",
        f"{PREFIX}{promise_id}",
        row={
            "promise_id": promise_id,
            "amount": amount,
            "currency": currency,
            "date": _day(new.date, found.today).isoformat(),
            "created_at": timestamp(at),
        },
        invoice_ids=new.invoice_ids and list(dict.fromkeys(new.invoice_ids)),
        note=new.note,
        by=by.model_dump(),
        version=1,
    )


def _day(day: date, today: date) -> date:
    if day < today:
        raise InvalidField("date", f"This is over: today is {today}.")
    if day > (latest := latest_day(today)):
        raise InvalidField("date", f"A promise can be for {latest} at the latest.")
    return day


def _must_be_unpaid(record: PromiseRecord, items: Mapping[str, Item]) -> None:
    currency = record.row["currency"]
    for place, invoice_id in enumerate(record.invoice_ids or ()):
        item = items.get(f"INVOICE#{invoice_id}")
        row: dict[str, Any] = decode(item["row"]) if item else {}
        if row.get("status") not in _UNPAID:
            raise InvalidField(
                f"invoice_ids.{place}", "This is not the id of an open invoice of the client."
            )
        if row["currency"] != currency:
            raise InvalidField(
                f"invoice_ids.{place}", f"The invoice is in {row['currency']}, not {currency}."
            )


def _told(record: PromiseRecord, what: str, *, by: By, at: datetime) -> HistoryRecord:
    row = record.row
    amount = f"{amount_text(Decimal(row['amount']), row['currency'])} {row['currency']}"
    is_made = what == "promised"
    return entry(
        record.pk.removeprefix("CLIENT#"),
        "payment",
        at=at,
        by=by,
        text=f"{'Promised' if is_made else 'Promise cancelled'}: {amount} by {row['date']}",
        event="promise.made" if is_made else "promise.cancelled",
        promise_id=row["promise_id"],
        what=what,
    )
