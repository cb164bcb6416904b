"""Which invoices a credit pays: those that a request names, or the oldest, as they stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from tallybook.errors import InvalidField
from tallybook.ids import is_ulid
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.rules import rounded
from tallybook.invoices.standing import MOST_APPLIED, balance_of, due_date_of, open_since
from tallybook.ledger.books import Books, look_up
from tallybook.payments.credits import Part
from tallybook.payments.models import MOST_NAMED, NewAllocation
from tallybook.payments.rules import (
    Allocated,
    Allocation,
    NotAllocatable,
    OpenInvoice,
    allocate,
    entered,
)
from tallybook.table import query_prefix, read
from tallybook.transactions import fitting

type How = Literal["oldest_first", "none"] | Sequence[NewAllocation]

_MOST_DAYS = 10  # of the entries of one transaction, which can have 100 actions


@dataclass(frozen=True)
class Found:
    """`invoices` may be paid, in this order; `more` behind them are open."""

    books: Books
    invoices: list[InvoiceRecord]
    more: bool = False


def find_open(
    client_id: str, how: How, *sort_keys: str, currency: str | None, at: datetime
) -> Found:
    """What `look_up` finds, and the invoices that are named, or the oldest that are open.

    One BatchGetItem, and for the oldest a Query before it. Without a currency that of the client
    counts. Raises `ClientNotFound`, and `InvalidField` when no transaction holds what is named.
    """
    if how == "oldest_first":
        ids, more = _oldest(client_id, currency)
    else:
        ids, more = ([] if how == "none" else [each.invoice_id for each in how]), False
    keys = [f"INVOICE#{each}" for each in ids]
    books = look_up(client_id, *sort_keys, *keys, at=at)
    items = [books.own[key] for key in keys if key in books.own]
    most = fitting(items)
    if how != "oldest_first":
        if most < len(items):
            raise InvalidField("allocations", f"These invoices are so long: name {most} at most.")
        return Found(books, [read(InvoiceRecord, item) for item in items])
    found, more = [read(InvoiceRecord, item) for item in items[:most]], more or most < len(items)
    own = currency or books.client.row.currency
    if not currency and (more or any(each.row["currency"] != own for each in found)):
        return find_open(client_id, how, *sort_keys, currency=own, at=at)
    return Found(books, [each for each in found if _can_be_paid(each)], more)


def choose(
    found: Found, how: How, amount: Decimal, currency: str, *, on: date
) -> tuple[list[Part], Decimal]:
    """What the amount pays of the invoices, and what is left of it. Raises `InvalidField`.

    An invoice is paid on the day `on`, or on that from which it is unpaid when that is later.
    """
    invoices = {each.row["invoice_id"]: each for each in found.invoices}
    if not isinstance(how, str):
        for place, each in enumerate(how):
            _must_be_open(f"allocations.{place}", invoices.get(each.invoice_id), currency)
    try:
        allocated = _allocated(found.invoices, how, amount, currency)
    except NotAllocatable as error:
        raise InvalidField(error.field, error.message) from error
    parts = [part_of(invoices[each.invoice_id], each.amount, on) for each in allocated.allocations]
    return _on_few_days(parts), allocated.credit


def _oldest(client_id: str, currency: str | None) -> tuple[list[str], bool]:
    """The ids of the client's open invoices by due date, as many as one transaction pays."""
    if not is_ulid(client_id):
        return [], False
    prefix = f"OPEN#{currency}#" if currency else "OPEN#"
    items, last = query_prefix(f"CLIENT#{client_id}", prefix, ConsistentRead=True, Limit=MOST_NAMED)
    return [item["sk"]["S"].rpartition("#")[2] for item in items], last is not None


def _can_be_paid(invoice: InvoiceRecord) -> bool:
    """It may have been paid since the query. One with too many payments is left out."""
    sources = {each["source"] for each in invoice.applied or []}
    return balance_of(invoice) > 0 and len(sources) < MOST_APPLIED


def _must_be_open(field: str, invoice: InvoiceRecord | None, currency: str) -> None:
    if invoice is None:
        problem = "The client has no invoice with this id."
    elif invoice.row.get("number") is None:
        problem = "The invoice is a draft. Finalize it first."
    elif invoice.row["currency"] != currency:
        problem = f"Invoice {invoice.row['number']} is in {invoice.row['currency']}."
        problem += f" What is to pay it is in {currency}."
    elif balance_of(invoice) <= 0:
        status = invoice.row["status"].replace("_", " ")
        problem = f"Invoice {invoice.row['number']} is {status}: nothing of it is open."
    else:
        return
    raise InvalidField(f"{field}.invoice_id", problem)


def _allocated(
    invoices: Sequence[InvoiceRecord], how: How, amount: Decimal, currency: str
) -> Allocated:
    open_invoices = [
        OpenInvoice(
            invoice_id=each.row["invoice_id"],
            balance=rounded(balance_of(each), currency),
            due_date=due_date_of(each),
        )
        for each in invoices
    ]
    if isinstance(how, str):
        return allocate(amount, open_invoices, "none" if how == "none" else "oldest_first")
    named = [
        Allocation(each.invoice_id, entered(f"allocations.{place}.amount", each.amount, currency))
        for place, each in enumerate(how)
    ]
    return allocate(amount, open_invoices, named)


def part_of(invoice: InvoiceRecord, amount: Decimal, on: date) -> Part:
    """What is paid of an invoice, on a day or on that from which it is unpaid if that is later."""
    return Part(invoice=invoice, amount=amount, date=max(on, open_since(invoice)))


def _on_few_days(parts: list[Part]) -> list[Part]:
    """Each day is an entry of its own: those that are too many are paid on the last of them."""
    days = sorted({each.date for each in parts})
    early = set(days[: _MOST_DAYS - 1])
    return [each if each.date in early else replace(each, date=days[-1]) for each in parts]
