"""The foundation of the books, by itself: booking, balances and numbers under contention."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tallybook.clients.records import ClientRecord
from tallybook.dates import now, timestamp
from tallybook.errors import Busy
from tallybook.ids import new_id
from tallybook.invoices import standing
from tallybook.invoices.records import InvoiceRecord
from tallybook.ledger.posting import Effect, Posting, book
from tallybook.numbering import series
from tallybook.settings.models import Numbering
from tallybook.table import Item, find, find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged
from tests.support import billing_audit, snapshots
from tests.support.api import Staff

DAY = date(2026, 3, 31)
WORKERS = 20


@pytest.fixture
def acme(owner: Staff) -> str:
    """The id of a client."""
    return str(owner.post("/v1/clients", {"business_name": "Acme"}).body["client_id"])


def read_together(client_id: str, *keys: tuple[str, str]) -> tuple[ClientRecord, list[Item]]:
    asked = [(f"CLIENT#{client_id}", "CLIENT"), *keys]
    client, *others = find_all(asked, consistent=True)
    return read(ClientRecord, client), others


def invoice(client_id: str, total: Decimal, currency: str) -> str:
    """Finalizes an invoice that was no draft before; returns its id."""
    return until_unchanged(lambda: _invoice(client_id, total, currency))


def _invoice(client_id: str, total: Decimal, currency: str) -> str:
    key = series.key("invoice", Numbering(), DAY)
    client, found = read_together(client_id, key)
    at, invoice_id = now(), new_id(now())
    block = series.block("invoice", Numbering(), DAY, found[0] if found else None)
    due = DAY.isoformat()
    record = InvoiceRecord(
        f"CLIENT#{client_id}",
        f"INVOICE#{invoice_id}",
        listing_pk="INVOICES",
        listing_sk=f"{due}#{invoice_id}",
        by_date_pk="OPEN",
        by_date_sk=f"{due}#{invoice_id}",
        row={
            "invoice_id": invoice_id,
            "number": block.number(),
            "currency": currency,
            "issue_date": due,
            "due_date": due,
            "status": "open",
            **dict.fromkeys(("paid", "credited", "written_off"), Decimal(0)),
            **dict.fromkeys(("total", "balance"), total),
        },
        entered={},
        sums={},
        updated_at=timestamp(at),
        version=1,
    )
    transaction = Transaction()
    transaction.put(record)
    transaction.put(standing.open_item(record))
    series.take(transaction, block, {block.number(): (client_id, invoice_id)})
    effect = Effect(invoice_id=invoice_id, due_date=DAY, amount=total)
    posting = Posting(kind="invoice", date=DAY, currency=currency, effects=[effect])
    book(transaction, client, [posting], at=at, opened=1, finalized=1)
    transaction.commit()
    return invoice_id


def write_off(client_id: str, invoice_id: str, part: Decimal) -> None:
    until_unchanged(lambda: _write_off(client_id, invoice_id, part))


def _write_off(client_id: str, invoice_id: str, part: Decimal) -> None:
    client, (item,) = read_together(client_id, (f"CLIENT#{client_id}", f"INVOICE#{invoice_id}"))
    record, transaction, at = read(InvoiceRecord, item), Transaction(), now()
    opened = standing.settle(transaction, record, write_off=part, at=at)
    effect = Effect(invoice_id=invoice_id, due_date=DAY, amount=-part)
    currency = record.row["currency"]
    posting = Posting(kind="write_off", date=DAY, currency=currency, effects=[effect])
    book(transaction, client, [posting], at=at, opened=opened)
    transaction.commit()


def at_once(work: list[Callable[[], object]]) -> list[object]:
    """What each of them returned, or the Busy that it raised."""
    start = threading.Barrier(len(work))

    def one(act: Callable[[], object]) -> object:
        start.wait()
        try:
            return act()
        except Busy as busy:
            return busy

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(one, work))


def check(admin: Any) -> None:
    assert billing_audit.faults(snapshots.take(admin, objects=False).plain()) == []


def test_twenty_workers_that_finalize_for_one_client_leave_its_books_right(acme: str, admin: Any):
    for _ in range(3):
        currencies = ["EUR", "JPY"] * (WORKERS // 2)
        at_once([lambda c=c: invoice(acme, Decimal(10), c) for c in currencies])  # type: ignore[misc]
        check(admin)


def test_parts_of_one_invoice_that_are_written_off_at_once_add_up(acme: str, admin: Any):
    invoice_id = invoice(acme, Decimal(WORKERS), "EUR")
    done = at_once([lambda: write_off(acme, invoice_id, Decimal(1))] * WORKERS)
    check(admin)
    left = sum(isinstance(each, Busy) for each in done)
    record = find(InvoiceRecord, f"CLIENT#{acme}", f"INVOICE#{invoice_id}")
    assert record
    assert standing.balance_of(record) == left
    for _ in range(left):
        write_off(acme, invoice_id, Decimal(1))
    check(admin)
    client = find(ClientRecord, f"CLIENT#{acme}", "CLIENT")
    assert client
    assert client.open_invoices == 0
    assert client.row.balance_due in (None, 0)


def test_a_client_owes_and_owes_nothing_in_two_currencies_by_turns(acme: str, admin: Any):
    """What two of them finish at once, the count of currencies that are due follows."""
    for _ in range(6):
        both = [invoice(acme, Decimal(5), currency) for currency in ("EUR", "JPY")]
        check(admin)
        done = at_once([lambda i=i: write_off(acme, i, Decimal(5)) for i in both])  # type: ignore[misc]
        assert not any(isinstance(each, Busy) for each in done)
        check(admin)


def test_more_than_is_unpaid_is_never_booked(acme: str, admin: Any):
    invoice_id = invoice(acme, Decimal(5), "EUR")
    with suppress(ValueError):
        write_off(acme, invoice_id, Decimal(6))
    check(admin)
    record = find(InvoiceRecord, f"CLIENT#{acme}", f"INVOICE#{invoice_id}")
    assert record
    assert standing.balance_of(record) == Decimal(5)
