"""The demo firm's business: believable, and the same every time."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from local import firm
from local.business import MONTHS, sales
from local.firm import clients
from local.seed_time import seed_time

FIRM = [
    (client.request["billing_address"]["country"], client.request["currency"])
    for client in clients()
]
TODAY = date(2026, 11, 22)


def test_it_is_the_same_every_time():
    assert sales(FIRM, TODAY) == sales(FIRM, TODAY)


@pytest.mark.parametrize("today", [TODAY, date(2026, 1, 1), date(2028, 2, 29), date(2026, 3, 31)])
def test_invoices_are_of_two_years_of_working_days_in_order(today: date):
    issued = [sale.issued for sale in sales(FIRM, today)]
    assert issued == sorted(issued)
    assert issued[-1] < today
    assert timedelta(days=670) < today - issued[0] < timedelta(days=740)
    assert {day.weekday() for day in issued} == {0, 1, 2, 3, 4}
    assert MONTHS - 1 <= len({(day.year, day.month) for day in issued}) <= MONTHS


def test_the_firm_grows():
    issued = [sale.issued for sale in sales(FIRM, TODAY)]
    first = [day for day in issued if day < TODAY - timedelta(days=365)]
    assert len(first) * 1.3 < len(issued) - len(first)


def test_what_happens_to_an_invoice_happens_after_it():
    for sale in sales(FIRM, TODAY):
        assert all(deed.days > 0 for deed in sale.deeds)
        assert sale.due > sale.issued


def test_most_pay_and_each_misfortune_happens():
    deeds = Counter(deed.kind for sale in sales(FIRM, TODAY) for deed in sale.deeds)
    assert deeds["payment"] > 500
    assert deeds["credit_note"] > 10
    assert (deeds["reversal"], deeds["write_off"]) == (1, 1)


def test_only_what_stays_in_the_union_is_taxed():
    made = [(sale.buyer.country, line) for sale in sales(FIRM, TODAY) for line in sale.lines]
    taxed = {country for country, line in made if line.get("tax_rate") == "19"}
    exported = {country for country, line in made if line.get("tax_category") == "G"}
    assert taxed & exported == set()
    assert {"DE", "FR"} <= taxed
    assert {"US", "JP", "GB"} <= exported


def test_its_days_are_those_where_it_is():
    assert firm.today(datetime(2026, 11, 22, 22, 59, tzinfo=UTC)) == TODAY
    assert firm.today(datetime(2026, 11, 22, 23, 0, tzinfo=UTC)) == TODAY + timedelta(days=1)
    assert firm.today(datetime(2026, 7, 1, 22, 0, tzinfo=UTC)) == date(2026, 7, 2)


def test_what_is_promised_is_not_over_when_midnight_comes_while_the_firm_is_entered():
    promised: list[str] = []
    overdue = {"client_id": "c", "invoice_id": "i", "balance": "1.00", "currency": "EUR"}

    def call(_: str, path: str, body: Any = None, **__: str) -> Any:
        if path.endswith("/promises"):
            promised.append(body["date"])
        return {"items": [overdue] * 3, "workflow_id": "w"}

    with ThreadPoolExecutor(1) as pool:
        seed_time(call, pool, [], TODAY)
    assert promised == ["2026-11-23", "2026-11-26", "2026-11-29"]
