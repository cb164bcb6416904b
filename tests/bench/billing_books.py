"""Clients with drafts, and with long ledgers, written quickly: the items that the code writes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.clients.records import ClientRecord
from tallybook.dates import now
from tallybook.ids import derived_id
from tallybook.invoices.drafts import drafted
from tallybook.invoices.models import NewInvoice
from tallybook.ledger.books import Books
from tallybook.settings.models import Settings
from tallybook.table import TABLE_NAME, Item, encode, read
from tallybook.transactions import Transaction
from tests.support import firm

ME = By(staff_id="6f1c1f8e-3c55-4d0b-9a57-0d6f6a0a2b11", name="The owner")
LONG_AGO = date(2016, 1, 1)

type Ref = tuple[str, str]


def new_invoice(lines: int = 3) -> dict[str, Any]:
    """An invoice of three lines, as most are."""
    line = {
        "description": "Consulting, October",
        "quantity": "7.5",
        "unit": "HUR",
        "unit_price": "80.00",
        "tax_rate": "19",
    }
    return {"lines": [line] * lines, "notes": "Thank you for your order."}


def drafts(count: int) -> Iterator[tuple[Ref, list[Item]]]:
    """A draft of each of so many new clients: the ids, and the items of both."""
    at, new = now(), NewInvoice.model_validate(new_invoice())
    settings = Settings(updated_at=None, version=0)
    for number in range(count):
        items = firm.items_of(firm.client(number), number)
        client = read(ClientRecord, items[0])
        transaction = Transaction()
        books = Books(client, settings, at.date(), {}, {})
        record, _ = drafted(transaction, books, new, at=at, by=ME)
        made = [request["Item"] for kind, request, _ in transaction._actions if kind == "Put"]
        ids = client.pk.removeprefix("CLIENT#"), record.sk.removeprefix("INVOICE#")
        yield ids, [*items, *made]


def lengthen(admin: Any, client_id: str, entries: int) -> None:
    """Give a client so many older entries in its ledger, and as many older invoices.

    All of it was paid. The client has an invoice that serves as the pattern.
    """
    pattern = _an_invoice(admin, client_id)
    firm.write(admin, _entries(client_id, entries))
    firm.write(admin, (_older(pattern, number) for number in range(entries)))


def _an_invoice(admin: Any, client_id: str) -> Item:
    answer = admin.query(
        TableName=TABLE_NAME,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={
            ":pk": {"S": f"CLIENT#{client_id}"},
            ":prefix": {"S": "INVOICE#"},
        },
    )
    found: Item = answer["Items"][0]
    return found


def _older(pattern: Item, number: int) -> Item:
    """An invoice like that one, of long ago and paid."""
    invoice_id = derived_id(datetime(2016, 1, 1, tzinfo=UTC), number)
    row = pattern["row"]["M"] | {
        "invoice_id": {"S": invoice_id},
        "number": {"S": f"INV-2016-{number:05}"},
        "status": {"S": "paid"},
        "balance": {"N": "0"},
        "paid": pattern["row"]["M"]["total"],
    }
    kept = {name: part for name, part in pattern.items() if not name.startswith("by_date")}
    where = {"sk": {"S": f"INVOICE#{invoice_id}"}, "listing_sk": {"S": f"2016-01-01#{invoice_id}"}}
    return kept | where | {"row": {"M": row}}


def _entries(client_id: str, count: int) -> Iterable[Item]:
    began = datetime(2016, 1, 1, tzinfo=UTC)
    for number in range(count):
        is_paid, day = number % 2, LONG_AGO + timedelta(number // 6)
        amount = Decimal(-100 if is_paid else 100)
        invoice_id = derived_id(began, number // 2)
        entry_id = derived_id(began + timedelta(minutes=number), number)
        effect = {"invoice_id": invoice_id, "due_date": day.isoformat(), "amount": amount}
        row = {
            "client_id": client_id,
            "currency": "EUR",
            "kind": "payment" if is_paid else "invoice",
            "date": day.isoformat(),
            "amount": amount,
            "reference": f"INV-2016-{number:05}",
            "effects": [effect],
        }
        yield {
            "pk": {"S": f"CLIENT#{client_id}"},
            "sk": {"S": f"LEDGER#EUR#{day}#{entry_id}"},
            "by_date_pk": {"S": f"JOURNAL#{day:%Y-%m}"},
            "by_date_sk": {"S": f"{day}#{entry_id}"},
            "row": encode(row),
        }
