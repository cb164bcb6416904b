"""What the whole firm is owed: /v1/reports/ageing and /v1/dashboard."""

from datetime import date, datetime
from typing import Any

import pytest

from tests.builders import new_client
from tests.functions.problem import assert_problem
from tests.support import calls
from tests.support.api import Answer, Staff, function
from tests.support.books import Books

NOON = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
NOTHING = {"current": "0.00", "1_30": "0.00", "31_60": "0.00", "61_90": "0.00", "over_90": "0.00"}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function("reports"), "now", lambda: NOON)


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def books_of(owner: Staff, name: str, currency: str = "EUR") -> Books:
    body = new_client(business_name=name, emails=[], currency=currency)
    return Books(owner.post("/v1/clients", body).body["client_id"], currency)


def ageing(owner: Staff, **query: str) -> Answer:
    answer = owner.get("/v1/reports/ageing", **query)
    assert answer.status == 200, answer.body
    return answer


@pytest.fixture
def firm(owner: Staff) -> dict[str, Books]:
    """Acme is late with one invoice, Bolt with two, Dent has paid too much, Élan owes yen."""
    acme, bolt, dent, elan = (
        books_of(owner, name, currency)
        for name, currency in (("Acme", "EUR"), ("Bolt", "EUR"), ("Dent", "EUR"), ("Élan", "JPY"))
    )
    acme.invoice("100", day("09-01"), days=30)
    acme.invoice("20", day("11-20"), days=30)
    for issued in ("06-01", "10-25"):
        bolt.invoice("300", day(issued), days=14)
    dent.pay("40", day("10-10"))
    elan.invoice("9000", day("11-01"), days=10)
    return {"acme": acme, "bolt": bolt, "dent": dent, "elan": elan}


def test_the_report_says_who_owes_how_much_for_how_long(firm: dict[str, Books], owner: Staff):
    body = ageing(owner).body
    assert body["as_of"] == "2026-11-22"
    assert [(each["client"]["business_name"], each["balance"]) for each in body["items"]] == [
        ("Bolt", "600.00"),
        ("Acme", "120.00"),
        ("Dent", "-40.00"),
        ("Élan", "9000"),
    ]
    bolt, acme, *_ = body["items"]
    assert bolt["client"] == {
        "client_id": firm["bolt"].client_id,
        "number": "C-0002",
        "business_name": "Bolt",
    }
    assert bolt["ageing"] == NOTHING | {"1_30": "300.00", "over_90": "300.00"}
    assert acme["ageing"] == NOTHING | {"current": "20.00", "31_60": "100.00"}
    euros, yen = body["totals"]
    assert (euros["currency"], euros["balance"]) == ("EUR", "680.00")
    assert euros["ageing"] == {
        "current": "-20.00",
        "1_30": "300.00",
        "31_60": "100.00",
        "61_90": "0.00",
        "over_90": "300.00",
    }
    assert (yen["currency"], yen["balance"], yen["ageing"]["1_30"]) == ("JPY", "9000", "9000")


def test_the_report_of_a_past_day_knows_nothing_of_what_came_later(
    firm: dict[str, Books], owner: Staff
):
    before = ageing(owner, as_of="2026-10-20").body
    bolt = firm["bolt"]
    bolt.pay("500", day("11-21"), {bolt.invoices[0]: "300", bolt.invoices[1]: "200"})
    firm["acme"].write_off(firm["acme"].invoices[0], day("11-21"))
    firm["dent"].refund(firm["dent"].sources[0], "40", day("10-21"))
    assert ageing(owner, as_of="2026-10-20").body == before
    shown = [(each["client"]["business_name"], each["balance"]) for each in before["items"]]
    assert shown == [("Bolt", "300.00"), ("Acme", "100.00"), ("Dent", "-40.00")]
    now = [each["client"]["business_name"] for each in ageing(owner).body["items"]]
    assert now == ["Bolt", "Acme", "Élan"]


def test_what_is_dated_ahead_is_not_owed_yet(owner: Staff):
    acme = books_of(owner, "Acme")
    invoice = acme.invoice("100", date(2027, 3, 1))
    credit = acme.pay("30", day("11-01"))
    acme.apply(credit, invoice, "30", date(2027, 3, 1))
    (today,) = ageing(owner).body["items"]
    assert (today["balance"], today["ageing"]["current"]) == ("-30.00", "-30.00")
    (march,) = ageing(owner, as_of="2027-03-01").body["items"]
    assert march["balance"] == "70.00"


def test_what_is_dated_as_far_ahead_as_can_be_is_not_owed_yet(
    owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    """366 days: from the last of a month into the thirteenth."""
    end_of_month = datetime.fromisoformat("2026-11-30T12:00:00+00:00")
    monkeypatch.setattr(function("reports"), "now", lambda: end_of_month)
    books_of(owner, "Acme").invoice("100", date(2027, 12, 1))
    assert ageing(owner).body["items"] == []


@pytest.mark.parametrize("limit", ["1", "2", "3"])
def test_pages_of_the_report_lose_nothing_and_have_the_totals_of_all(
    limit: str, firm: dict[str, Books], owner: Staff
):
    whole = ageing(owner).body
    items, more = [], dict[str, str]()
    while True:
        page = ageing(owner, limit=limit, **more).body
        assert page["totals"] == whole["totals"]
        assert len(page["items"]) <= int(limit)
        items += page["items"]
        if page["next_cursor"] is None:
            break
        more = {"cursor": page["next_cursor"]}
    assert items == whole["items"]


def test_a_cursor_of_the_report_is_for_its_day(firm: dict[str, Books], owner: Staff):
    cursor = ageing(owner, limit="1").body["next_cursor"]
    answer = owner.get("/v1/reports/ageing", cursor=cursor, as_of="2026-11-21")
    assert_problem(answer, 400, "invalid_cursor")


@pytest.mark.parametrize(
    ("as_of", "says"), [("2016-11-21", "10 years"), ("1795331040", "day"), ("2026-02-30", "")]
)
def test_a_day_that_cannot_be_reported_is_refused(as_of: str, says: str, owner: Staff):
    answer = owner.get("/v1/reports/ageing", as_of=as_of)
    assert_problem(answer, 422, "validation_failed", "as_of")
    assert says in answer.fields["as_of"]
    assert owner.get("/v1/reports/ageing", as_of="2016-11-22").status == 200


def test_the_report_of_a_firm_without_books_is_empty(owner: Staff):
    body = ageing(owner).body
    assert (body["totals"], body["items"], body["next_cursor"]) == ([], [], None)


def test_an_erased_client_still_owes_without_a_name(firm: dict[str, Books], owner: Staff):
    """Its books stay; what is left of the client has no name."""
    client_id = firm["acme"].client_id
    answer = owner.delete(f"/v1/clients/{client_id}", query={"erase": "true"})
    assert answer.status == 204, answer.body
    from tests.builders import removal_event
    from tests.support.api import invoke

    invoke("removals", removal_event(client_id))
    found = {each["client"]["client_id"]: each for each in ageing(owner).body["items"]}
    assert found[client_id]["client"]["business_name"] is None
    assert found[client_id]["balance"] == "120.00"


# ---- The dashboard ---------------------------------------------------------------------------


def dashboard(owner: Staff) -> dict[str, Any]:
    answer = owner.get("/v1/dashboard")
    assert answer.status == 200, answer.body
    return answer.body


def test_the_dashboard_says_what_is_open_now(firm: dict[str, Books], owner: Staff):
    body = dashboard(owner)
    assert (body["as_of"], body["drafts"]) == ("2026-11-22", 0)
    euros, yen = body["currencies"]
    known = {name: euros[name] for name in euros.keys() - {"months", "most_overdue", "ageing"}}
    assert known == {
        "currency": "EUR",
        "outstanding": "720.00",
        "overdue": "700.00",
        "credit": "40.00",
        "open_invoices": 4,
        "overdue_invoices": 3,
    }
    assert euros["ageing"]["current"] == "-20.00"
    assert (yen["currency"], yen["outstanding"]) == ("JPY", "9000")


def test_the_dashboard_names_who_is_most_overdue(firm: dict[str, Books], owner: Staff):
    euros, _ = dashboard(owner)["currencies"]
    bolt, acme = euros["most_overdue"]
    assert bolt == {
        "client": {
            "client_id": firm["bolt"].client_id,
            "number": "C-0002",
            "business_name": "Bolt",
        },
        "amount": "600.00",
        "invoices": 2,
        "oldest_due_date": "2026-06-15",
    }
    assert (acme["client"]["business_name"], acme["amount"]) == ("Acme", "100.00")


def test_the_dashboard_sums_the_last_twelve_months_of_all_clients(
    firm: dict[str, Books], owner: Staff
):
    acme, bolt = firm["acme"], firm["bolt"]
    bolt.pay("150", day("10-02"), {bolt.invoices[0]: "150"})
    acme.credit("30", day("10-03"), {acme.invoices[0]: "30"})
    acme.write_off(acme.invoices[0], day("10-04"))
    acme.invoice("5", date(2025, 12, 1))
    acme.invoice("7", date(2025, 11, 30))
    months = dashboard(owner)["currencies"][0]["months"]
    assert [each["month"] for each in months] == [
        "2025-12",
        *(f"2026-{month:02}" for month in range(1, 12)),
    ]
    by_month = {each.pop("month"): each for each in months}
    nothing = dict.fromkeys(("invoiced", "received", "credited", "written_off"), "0.00")
    assert by_month["2026-10"] == {
        "invoiced": "300.00",
        "received": "190.00",
        "credited": "30.00",
        "written_off": "70.00",
    }
    assert by_month["2025-12"] == nothing | {"invoiced": "5.00"}
    assert by_month["2026-02"] == nothing


def test_a_new_firms_dashboard_is_in_its_own_currency(owner: Staff):
    owner.patch("/v1/settings", {"currency": "KWD"})
    (only,) = dashboard(owner)["currencies"]
    assert (only["currency"], only["outstanding"], len(only["months"])) == ("KWD", "0.000", 12)


def test_the_dashboard_is_read_from_indexes(firm: dict[str, Books], owner: Staff):
    with calls.recorded() as asked:
        dashboard(owner)
    names = sorted(name for name, _ in asked)
    assert names == ["BatchGetItem", "GetItem", *["Query"] * 15]
    assert {params.get("IndexName") for name, params in asked if name == "Query"} == {
        "by_date",
        "listing",
    }
