"""What of a finalized invoice is paid: the one way by which its balance changes.

Payments, credit notes, voiding and writing off go through `settle`. It is part of a transaction
with the ledger entry that says the same (`ledger.posting`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.dates import timestamp
from tallybook.errors import TooManyPayments
from tallybook.invoices.records import InvoiceRecord, OpenInvoiceRecord
from tallybook.table import absent, differences, present, read
from tallybook.transactions import Transaction
from tallybook.versions import version_changed

MOST_APPLIED = 40  # payments and credit notes of one invoice: to void it takes them all back
_MOST_ENTRIES = 3 * MOST_APPLIED  # one of them may pay it on several days; and is taken back once
_NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Application:
    """What a payment or credit note paid of an invoice; negative: taken back.

    `source` is "payment#<id>" or "credit_note#<id>".
    """

    source: str
    amount: Decimal
    date: date


def balance_of(invoice: InvoiceRecord) -> Decimal:
    return Decimal(invoice.row["balance"])


def due_date_of(invoice: InvoiceRecord) -> date:
    return date.fromisoformat(invoice.row["due_date"])


def open_since(invoice: InvoiceRecord) -> date:
    """The day from which all that is unpaid now was unpaid: before it there was less to take.

    Its issue date, that of its last late fee, or the last day on which a payment or credit note
    was taken back.
    """
    opened = [each["date"] for each in _applied(invoice) if Decimal(each["amount"]) < 0]
    first = (invoice.row["issue_date"], invoice.charged_on or "")
    return date.fromisoformat(max([*first, *opened]))


def applied_by(invoice: InvoiceRecord) -> dict[str, Decimal]:
    """What each payment or credit note pays of the invoice, where it still pays something."""
    found: dict[str, Decimal] = {}
    for each in _applied(invoice):
        found[each["source"]] = found.get(each["source"], _NOTHING) + Decimal(each["amount"])
    return {source: amount for source, amount in found.items() if amount}


def settle(
    transaction: Transaction,
    invoice: InvoiceRecord,
    *applications: Application,
    write_off: Decimal = _NOTHING,
    fee: Decimal = _NOTHING,
    fee_on: date | None = None,
    at: datetime,
    **others: dict[str, Any],
) -> int:
    """Change what is unpaid of an invoice, on the condition that it is as it was read.

    Returns by how much the number of open invoices changes: -1, 0 or 1 (for `posting.book`). One
    action, or two when the invoice is closed or opened by it. Fails with `VersionChanged`; raises
    what `settled` does.
    """
    after = settled(
        invoice, *applications, write_off=write_off, fee=fee, fee_on=fee_on, at=at, **others
    )
    return change(transaction, invoice, after)


def settled(
    invoice: InvoiceRecord,
    *applications: Application,
    write_off: Decimal = _NOTHING,
    fee: Decimal = _NOTHING,
    fee_on: date | None = None,
    at: datetime,
    **others: dict[str, Any],
) -> InvoiceRecord:
    """The invoice as it is then. `others` are attributes to set with it (`voided` …).

    `fee_on` is the day on which the late fee `fee` is booked. Raises `TooManyPayments`. A balance
    below 0 is a fault of the caller: ValueError.
    """
    after = read(InvoiceRecord, invoice.serialize())
    row: dict[str, Any] = dict(invoice.row)
    for each in applications:
        name = "paid" if each.source.startswith("payment#") else "credited"
        row[name] = Decimal(row[name]) + each.amount
    row["written_off"] = Decimal(row["written_off"]) + write_off
    row["total"] = Decimal(row["total"]) + fee
    if fee_on is not None:
        after.charged_on = max(fee_on.isoformat(), invoice.charged_on or "")
    for name, value in others.items():
        setattr(after, name, value)
    after.applied = list(_merged(invoice, applications)) or None
    row["balance"] = _balance(row, is_void=after.voided is not None)
    row["status"] = _status(row, is_void=after.voided is not None)
    after.row = row
    after.version, after.updated_at = int(invoice.version) + 1, timestamp(at)
    return after


def change(transaction: Transaction, invoice: InvoiceRecord, after: InvoiceRecord) -> int:
    """Add to `transaction` what `settle` says, of what `settled` made."""
    opened = int(balance_of(after) > 0) - int(balance_of(invoice) > 0)
    _place(transaction, after, opened)
    condition = InvoiceRecord.version == invoice.version
    transaction.update(invoice, differences(invoice, after), condition, version_changed)
    return opened


def open_item(invoice: InvoiceRecord) -> OpenInvoiceRecord:
    row = invoice.row
    where = f"OPEN#{row['currency']}#{row['due_date']}#{row['invoice_id']}"
    return OpenInvoiceRecord(invoice.pk, where)


def _place(transaction: Transaction, invoice: InvoiceRecord, opened: int) -> None:
    """Put the invoice among the open ones, or take it out."""
    if opened > 0:
        invoice.by_date_pk = "OPEN"
        invoice.by_date_sk = f"{invoice.row['due_date']}#{invoice.row['invoice_id']}"
        transaction.put(open_item(invoice), absent(OpenInvoiceRecord))
    elif opened < 0:
        invoice.by_date_pk = invoice.by_date_sk = None
        transaction.delete(open_item(invoice), present(OpenInvoiceRecord))


def _merged(invoice: InvoiceRecord, applications: Sequence[Application]) -> list[dict[str, object]]:
    """What pays the invoice, one entry for each source and day.

    What is taken back stays as a negative entry of its day: as of an earlier day it was paid.
    """
    found: dict[tuple[str, str], Decimal] = {}
    for entry in _applied(invoice):
        found[entry["source"], entry["date"]] = Decimal(entry["amount"])
    for each in applications:
        key = each.source, each.date.isoformat()
        found[key] = found.get(key, _NOTHING) + each.amount
    pays = any(each.amount > 0 for each in applications)
    too_many = len({source for source, _ in found}) > MOST_APPLIED or len(found) > _MOST_ENTRIES
    if pays and too_many:
        raise TooManyPayments(MOST_APPLIED)
    return [
        {"source": source, "date": day, "amount": amount}
        for (source, day), amount in found.items()
        if amount
    ]


def _applied(invoice: InvoiceRecord) -> list[dict[str, Any]]:
    return invoice.applied or []


def _balance(row: dict[str, Any], *, is_void: bool) -> Decimal:
    if is_void:
        return _NOTHING
    balance: Decimal = row["total"] - row["paid"] - row["credited"] - row["written_off"]
    if balance < 0:
        raise ValueError(f"The balance of invoice {row['invoice_id']} would be {balance}")
    return balance


def _status(row: dict[str, Any], *, is_void: bool) -> str:
    if is_void:
        return "void"
    if row["balance"] > 0:
        partly = row["paid"] or row["credited"] or row["written_off"]
        return "partially_paid" if partly else "open"
    return "written_off" if row["written_off"] else "paid"
