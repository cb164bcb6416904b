"""What a payment link may show and when a use of it counts. Pure."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from tallybook.money import amount_text

PAYABLE = ("open", "partially_paid", "paid")  # finalized, and neither void nor written off
SHOWN = (*PAYABLE, "void")
MOST_USES = 50  # of which the time is kept
_BURST = timedelta(minutes=1)


def status(
    expires_at: datetime, at: datetime, *, is_revoked: bool
) -> Literal["active", "expired", "revoked"]:
    if is_revoked:
        return "revoked"
    return "active" if at < expires_at else "expired"


def counts(last_used_at: datetime | None, at: datetime) -> bool:
    """Whether a load is a use of its own: a page that is loaded again at once is still one."""
    return last_used_at is None or at - last_used_at >= _BURST


def is_first_of_day(last_used_at: datetime | None, at: datetime) -> bool:
    """Whether the history tells of a use: it would be about nothing else, were it each."""
    return last_used_at is None or last_used_at.date() != at.date()


def payable(row: dict[str, Any], *, today: date, with_total: bool) -> dict[str, Any]:
    """Of an invoice's row what its page shows; `with_total`: C4, display balances."""
    currency, balance = row["currency"], Decimal(row["balance"])
    return {
        "number": row["number"],
        "issue_date": row["issue_date"],
        "due_date": row["due_date"],
        "currency": currency,
        "total": amount_text(Decimal(row["total"]), currency) if with_total else None,
        "balance": amount_text(balance, currency),
        "status": row["status"],
        "overdue": balance > 0 and date.fromisoformat(row["due_date"]) < today,
    }


def owed(account: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """By currency what a client owes less its credit, where it owes or has something."""
    return [
        {"currency": currency, "balance": amount_text(unpaid - credit, currency)}
        for currency, totals in sorted(account.items())
        if (unpaid := Decimal(totals["unpaid"])) - (credit := Decimal(totals["credit"]))
    ]
