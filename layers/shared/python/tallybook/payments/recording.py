"""Recording a payment: what it pays, and what is left of it as credit, in one transaction."""

from datetime import date, datetime

from tallybook.authors import By
from tallybook.dates import timestamp
from tallybook.errors import InvalidField
from tallybook.history.entries import entry
from tallybook.history.records import HistoryRecord
from tallybook.idempotency import Once
from tallybook.ids import new_id
from tallybook.ledger.books import Books
from tallybook.ledger.closing import must_be_open, stays_open
from tallybook.ledger.posting import book
from tallybook.money import amount_text
from tallybook.payments.applying import apply_further
from tallybook.payments.booking import came, settle_all
from tallybook.payments.choosing import choose, find_open
from tallybook.payments.credits import allocate, work_out
from tallybook.payments.deeds import Deed, day_of
from tallybook.payments.mapping import to_payment
from tallybook.payments.models import NewPayment, Payment
from tallybook.payments.records import PaymentRecord
from tallybook.payments.rules import NotAllocatable, entered
from tallybook.table import absent
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged


def record(client_id: str, new: NewPayment, *, by: By, at: datetime, once: Once) -> Payment:
    """Record a payment. A BatchGetItem, for the oldest invoices a Query before it, one transaction.

    More invoices than one transaction takes are paid in further ones, each of which leaves the
    books in order. Raises `ClientNotFound`, `TooManyPayments`, and `InvalidField`.
    """
    payment_id = new_id(at)

    def attempt() -> tuple[PaymentRecord, bool]:
        found = find_open(client_id, new.allocations, currency=new.currency, at=at)
        record = _record(client_id, payment_id, new, found.books, by=by, at=at)
        day = date.fromisoformat(record.row["date"])
        parts, left = choose(
            found, new.allocations, record.row["amount"], record.row["currency"], on=day
        )
        allocate(record, parts)
        work_out(record)

        transaction = Transaction()
        once.claim(transaction, to_payment(record))
        transaction.put(record, absent(PaymentRecord))
        opened = settle_all(transaction, record, parts, at=at)
        transaction.put(_told(record, by=by, at=at))
        stays_open(transaction, day, found.books.settings, today=found.books.today)
        postings = came("payment", record, parts, reference=new.reference)
        book(transaction, found.books.client, postings, at=at, opened=opened)
        transaction.commit()
        return record, bool(left and found.more)

    record, goes_on = until_unchanged(attempt)
    if goes_on:
        day = date.fromisoformat(record.row["date"])
        deed = Deed(
            client_id=client_id,
            source=f"payment#{payment_id}",
            shown=to_payment,
            by=by,
            at=at,
            once=once,
        )
        return apply_further(deed, record, day)
    return to_payment(record)


def _record(
    client_id: str, payment_id: str, new: NewPayment, books: Books, *, by: By, at: datetime
) -> PaymentRecord:
    """The payment before it pays anything."""
    currency = new.currency or books.client.row.currency
    day = day_of(new.date, books)
    must_be_open(day, books.settings, "date")
    try:
        amount = entered("amount", new.amount, currency)
    except NotAllocatable as error:
        raise InvalidField(error.field, error.message) from error
    return PaymentRecord(
        f"CLIENT#{client_id}",
        f"PAYMENT#{payment_id}",
        listing_pk="PAYMENTS",
        listing_sk=f"{day}#{payment_id}",
        row={
            "client_id": client_id,
            "payment_id": payment_id,
            "amount": amount,
            "currency": currency,
            "method": new.method,
            "date": day.isoformat(),
            **({"reference": new.reference} if new.reference else {}),
            "created_at": timestamp(at),
        },
        credited_on=day.isoformat(),
        last_day=day.isoformat(),
        allocations=[],
        by=by.model_dump(),
        version=1,
    )


def _told(record: PaymentRecord, *, by: By, at: datetime) -> HistoryRecord:
    row = record.row
    amount = amount_text(row["amount"], row["currency"])
    return entry(
        row["client_id"],
        "payment",
        at=at,
        by=by,
        text=f"Payment of {amount} {row['currency']} recorded",
        event="payment.recorded",
        payment_id=row["payment_id"],
        what="recorded",
        amount=amount,
        currency=row["currency"],
    )
