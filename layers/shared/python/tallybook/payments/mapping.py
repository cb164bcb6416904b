"""Between the payments that the API knows and their items in the table."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.invoices.models import Sending
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.payments.models import Allocation, Payment, PaymentRow, Refund, Reversal
from tallybook.payments.records import PaymentRecord

type Row = Mapping[str, Any]

_AMOUNTS = ("amount", "total", "applied", "refunded", "unapplied")


def to_payment(record: PaymentRecord) -> Payment:
    fields = shown_row(record.row) | shown_uses(record)
    undone = record.reversed
    fields["reversed"] = undone and trusted(Reversal, {"reason": None} | _dated(undone))
    return trusted(Payment, {"reference": None} | fields)


def to_payment_row(row: Row) -> PaymentRow:
    return trusted(PaymentRow, {"reference": None} | shown_row(row))


def shown_row(row: Row) -> dict[str, Any]:
    """What lists show of a payment or credit note, with the currency's decimals."""
    currency = row["currency"]
    amounts = {name: amount_text(Decimal(row[name]), currency) for name in _AMOUNTS if name in row}
    days = {name: date.fromisoformat(row[name]) for name in ("date", "issue_date") if name in row}
    return {**row, **amounts, **days, "created_at": datetime.fromisoformat(row["created_at"])}


def shown_uses(record: Any) -> dict[str, Any]:
    """What became of a payment or credit note, one by one."""
    currency = record.row["currency"]

    def shown(entry: Row) -> dict[str, Any]:
        return _dated(entry) | {"amount": amount_text(Decimal(entry["amount"]), currency)}

    return {
        "allocations": [trusted(Allocation, shown(each)) for each in record.allocations],
        "refunds": [
            trusted(Refund, {"reference": None} | shown(each)) for each in record.refunds or []
        ],
        "sent": [trusted(Sending, _dated(each)) for each in record.sent or []],
        "by": By.model_construct(**record.by) if record.by else None,
        "version": int(record.version),
    }


def _dated(entry: Row) -> dict[str, Any]:
    found = dict(entry)
    if "date" in found:
        found["date"] = date.fromisoformat(found["date"])
    if "at" in found:
        found["at"] = datetime.fromisoformat(found["at"])
    if "by" in found:
        found["by"] = By.model_construct(**found["by"])
    return found
