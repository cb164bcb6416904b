"""Invoices as lists show them. What is overdue is worked out, never stored. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.invoices.answers import InvoiceRow
from tallybook.money import amount_text

type Row = Mapping[str, Any]
"""`row` of an invoice, see InvoiceRecord."""


def days_overdue(row: Row, today: date) -> int:
    """For how many days the invoice has been unpaid behind its due date; 0: it is not overdue."""
    if row["status"] not in ("open", "partially_paid"):
        return 0
    return max(0, (today - date.fromisoformat(row["due_date"])).days)


def invoice_row(row: Row, today: date) -> InvoiceRow:
    """The row as the API answers it; `today` is where the firm is."""
    return InvoiceRow.model_construct(**row_fields(row, today))


def row_fields(row: Row, today: date) -> dict[str, Any]:
    """The members of `InvoiceRow`."""
    currency = row["currency"]

    def amount(value: int | Decimal) -> str:
        return amount_text(Decimal(value), currency)

    late = days_overdue(row, today)
    return {
        "client_id": row["client_id"],
        "invoice_id": row["invoice_id"],
        "number": row.get("number"),
        "status": row["status"],
        "overdue": late > 0,
        "days_overdue": late,
        "collection_status": row.get("collection_status", "none"),
        "currency": currency,
        "issue_date": date.fromisoformat(row["issue_date"]),
        "due_date": date.fromisoformat(row["due_date"]),
        "total": amount(row["total"]),
        "paid": amount(Decimal(row["paid"]) + Decimal(row["credited"])),
        "balance": amount(row["balance"]),
        "sent_at": _moment(row.get("sent_at")),
        "finalized_at": _moment(row.get("finalized_at")),
        "created_at": _moment(row["created_at"]),
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
