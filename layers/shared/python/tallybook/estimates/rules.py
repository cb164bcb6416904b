"""How an estimate stands, and what may still be done with it. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.errors import EstimateClosed
from tallybook.estimates.models import EstimateStatus
from tallybook.money import amount_text

type Row = Mapping[str, Any]
"""`row` of an estimate, see EstimateRecord."""


def status_of(row: Row, today: date) -> EstimateStatus:
    """As stored, or expired when nobody decided up to the last day on which it holds."""
    stored: EstimateStatus = row["status"]
    is_over = today > date.fromisoformat(row["expires_on"])
    return "expired" if is_over and stored in ("draft", "sent") else stored


def must_be_undecided(row: Row) -> None:
    """Raises `EstimateClosed`; an expired one can still be changed, and so hold again."""
    if row["status"] not in ("draft", "sent"):
        raise EstimateClosed(_why(row))


def must_hold(row: Row, today: date, *, also: tuple[str, ...] = ()) -> None:
    """Raises `EstimateClosed` unless it is undecided, or stands as one of `also`, and holds."""
    if row["status"] in also:
        return
    must_be_undecided(row)
    if status_of(row, today) == "expired":
        raise EstimateClosed(
            f"status: it expired, its last day was {row['expires_on']}. Move expires_on first."
        )


def row_fields(row: Row, today: date) -> dict[str, Any]:
    """The members of `EstimateRow`; `today` is where the firm is."""
    return {
        "client_id": row["client_id"],
        "estimate_id": row["estimate_id"],
        "number": row["number"],
        "status": status_of(row, today),
        "currency": row["currency"],
        "issue_date": date.fromisoformat(row["issue_date"]),
        "expires_on": date.fromisoformat(row["expires_on"]),
        "total": amount_text(Decimal(row["total"]), row["currency"]),
        "invoice_id": row.get("invoice_id"),
        "sent_at": _moment(row.get("sent_at")),
        "created_at": _moment(row["created_at"]),
    }


def _why(row: Row) -> str:
    if invoice_id := row.get("invoice_id"):
        return f"status: it became the invoice {invoice_id}."
    return f"status: the estimate is {row['status']}."


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
