"""Unpaid invoices as a reminder shows them. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tallybook.money import amount_text
from tallybook.workflows.kinds import Receivable


def reminded_of(
    receivables: Sequence[Receivable], issued: Mapping[str, str], today: date
) -> dict[str, Any]:
    """The variables of a reminder: its invoices, and the first of them by name.

    `issued` are the issue dates by invoice_id; an invoice that is not made yet has none.
    """
    invoices = [_shown(each, issued.get(each.invoice_id), today) for each in receivables]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in receivables:
        sums[each.currency] += each.balance
    totals = [
        {"currency": currency, "amount": amount_text(amount, currency)}
        for currency, amount in sums.items()
    ]
    return {"invoice": invoices[0], "invoices": invoices, "totals": totals}


def _shown(receivable: Receivable, issued: str | None, today: date) -> dict[str, Any]:
    currency, late = receivable.currency, (today - receivable.due_date).days
    shown = {
        "number": receivable.number or "…",
        "total": amount_text(receivable.total, currency),
        "balance": amount_text(receivable.balance, currency),
        "currency": currency,
        "issue_date": issued,
        "due_date": receivable.due_date.isoformat(),
    }
    return shown | ({"days_overdue": late} if late > 0 else {})
