"""The firm at a glance: what is outstanding and overdue, and what the last months brought."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from tallybook.clients.models import NamedClient
from tallybook.clients.names import names
from tallybook.ledger import firm
from tallybook.ledger.mapping import to_ageing
from tallybook.ledger.models import Dashboard, DashboardCurrency, DashboardMonth, MostOverdue
from tallybook.ledger.receivables import open_now
from tallybook.ledger.rules import Standing, ageing
from tallybook.money import amount_text
from tallybook.table import decode

MONTHS = 12
MOST_SHOWN = 5  # clients who are overdue, of each currency
_SUMS = ("invoiced", "received", "credited", "written_off")
_NOTHING = Decimal(0)

type Sums = dict[tuple[str, str], dict[str, Decimal]]
"""By currency and month."""
type Clients = dict[str, Standing]


def dashboard(*, today: date, own_currency: str) -> Dashboard:
    """What is open now, and the last twelve months; the firm's own currency first."""
    by_currency: dict[str, Clients] = defaultdict(dict)
    for (currency, client_id), standing in open_now().items():
        by_currency[currency][client_id] = standing
    first = date(today.year - 1, today.month, 1)
    months = firm.months(first, MONTHS + 1)[1:]
    sums = _sums(months)
    found = {own_currency, *by_currency, *(currency for currency, _ in sums)}
    currencies = sorted(found, key=lambda each: (each != own_currency, each))
    overdue = {each: _most_overdue(by_currency[each], today) for each in currencies}
    named = names([client_id for late in overdue.values() for client_id, *_ in late])
    return Dashboard(
        as_of=today,
        drafts=sum(1 for _ in firm.items("by_date", "DRAFTS")),
        currencies=[
            DashboardCurrency(
                **_now(each, by_currency[each], today),
                months=[_month(each, month, sums[each, month]) for month in months],
                most_overdue=[_late(each, named, *late) for late in overdue[each]],
            )
            for each in currencies
        ],
    )


def _now(currency: str, clients: Clients, today: date) -> dict[str, Any]:
    """What is open in a currency."""
    ages = ageing([item for each in clients.values() for item in each.items()], today)
    balances = [
        (balance, standing.due_dates[invoice_id] < today)
        for standing in clients.values()
        for invoice_id, balance in standing.balances.items()
    ]
    outstanding = sum((balance for balance, _ in balances), _NOTHING)
    overdue = sum((balance for balance, is_late in balances if is_late), _NOTHING)
    credit = sum((each.credit for each in clients.values()), _NOTHING)
    return {
        "currency": currency,
        "outstanding": amount_text(outstanding, currency),
        "overdue": amount_text(overdue, currency),
        "credit": amount_text(credit, currency),
        "open_invoices": len(balances),
        "overdue_invoices": sum(is_late for _, is_late in balances),
        "ageing": to_ageing(ages, currency),
    }


def _most_overdue(clients: Clients, today: date) -> list[tuple[str, Decimal, int, date]]:
    """The clients who owe most that is overdue: how much, of how many invoices, since when."""
    found = []
    for client_id, standing in clients.items():
        late = {
            invoice_id: balance
            for invoice_id, balance in standing.balances.items()
            if standing.due_dates[invoice_id] < today
        }
        if late:
            oldest = min(standing.due_dates[invoice_id] for invoice_id in late)
            found.append((client_id, sum(late.values(), _NOTHING), len(late), oldest))
    return sorted(found, key=lambda each: (-each[1], each[0]))[:MOST_SHOWN]


def _late(currency: str, named: dict[str, NamedClient], client_id: str, *how: Any) -> MostOverdue:
    amount, invoices, oldest = how
    return MostOverdue(
        client=named[client_id],
        amount=amount_text(amount, currency),
        invoices=invoices,
        oldest_due_date=oldest,
    )


def _sums(months: list[str]) -> Sums:
    sums = _no_sums()
    for of_month in firm.side_by_side(_of_month, months):
        sums.update(of_month)
    return sums


def _of_month(month: str) -> Sums:
    """Added up as they are read: the months of all clients together are many."""
    sums = _no_sums()
    for item in firm.items("listing", f"MONTHS#{month}"):
        total = sums[item["listing_sk"]["S"].partition("#")[0], month]
        for name in _SUMS:
            total[name] += Decimal(decode(item[name])) if name in item else _NOTHING
    return sums


def _no_sums() -> Sums:
    return defaultdict(lambda: dict.fromkeys(_SUMS, _NOTHING))


def _month(currency: str, month: str, sums: dict[str, Decimal]) -> DashboardMonth:
    texts = {name: amount_text(total, currency) for name, total in sums.items()}
    return DashboardMonth.model_validate({"month": month, **texts})
