"""Lists of invoices: of a client, and of the whole firm."""

from datetime import datetime
from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Staff, function
from tests.support.billing import drafted, finalized, path
from tests.support.calls import recorded


@pytest.fixture
def client_id(owner: Staff) -> str:
    return billing.new_client_id(owner, number="C-7")


def walked(staff: Staff, path: str, limit: int = 25, **query: str) -> list[dict[str, Any]]:
    """All pages of a list; each but the last is full."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = staff.get(path, limit=str(limit), **query, **cursor)
        assert page.status == 200, page.body
        found += page.body["items"]
        if page.body["next_cursor"] is None:
            return found
        assert len(page.body["items"]) == limit
        cursor = {"cursor": page.body["next_cursor"]}


def numbers(rows: list[dict[str, Any]]) -> list[str | None]:
    return [each["number"] for each in rows]


@pytest.fixture
def books(manager: Staff, client_id: str) -> dict[str, str | None]:
    """An invoice of each status, of several months: what it is called → its number."""
    made = {
        "overdue": finalized(manager, client_id, issue_date="2026-01-10", due_date="2026-02-10"),
        "late": finalized(manager, client_id, issue_date="2026-01-20", due_date="2026-01-20"),
        "open": finalized(manager, client_id, issue_date="2026-11-01", due_date="2199-01-01"),
        "void": finalized(manager, client_id, issue_date="2026-02-01"),
        "written_off": finalized(manager, client_id, issue_date="2026-03-01"),
        "draft": drafted(manager, client_id, issue_date="2026-02-02"),
    }
    assert manager.post(f"{path(made['void'])}/void").status == 200
    assert manager.post(f"{path(made['written_off'])}/write-off").status == 200
    return {name: each["number"] for name, each in made.items()}


WANTED = [
    ({}, ["open", "written_off", "draft", "void", "late", "overdue"]),
    ({"status": "unpaid"}, ["late", "overdue", "open"]),
    ({"status": "open"}, ["late", "overdue", "open"]),
    ({"status": "overdue"}, ["late", "overdue"]),
    ({"status": "partially_paid"}, []),
    ({"status": "paid"}, []),
    ({"status": "draft"}, ["draft"]),
    ({"status": "void"}, ["void"]),
    ({"status": "written_off"}, ["written_off"]),
    ({"month": "2026-02"}, ["draft", "void"]),
    ({"month": "2026-02", "status": "void"}, ["void"]),
    ({"month": "2026-01", "status": "unpaid"}, ["late", "overdue"]),
    ({"due_before": "2026-02-10", "status": "unpaid"}, ["late"]),
    ({"due_before": "2026-02-11"}, ["late", "overdue"]),
    ({"month": "2031-02"}, []),
]


@pytest.mark.parametrize(("query", "expected"), WANTED)
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_the_firms_invoices_are_listed_by_what_is_asked_for(
    query: dict[str, str],
    expected: list[str],
    limit: int,
    member: Staff,
    books: dict[str, str | None],
):
    rows = walked(member, "/v1/invoices", limit, **query)
    assert numbers(rows) == [books[each] for each in expected]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_a_clients_invoices_are_listed_newest_first(
    limit: int, member: Staff, client_id: str, books: dict[str, str | None]
):
    everything = f"/v1/clients/{client_id}/invoices"
    assert numbers(walked(member, everything, limit)) == list(reversed(books.values()))
    unpaid = walked(member, everything, limit, status="unpaid")
    assert numbers(unpaid) == [books[each] for each in ("open", "late", "overdue")]
    overdue = walked(member, everything, limit, status="overdue")
    assert numbers(overdue) == [books[each] for each in ("late", "overdue")]
    assert numbers(walked(member, everything, limit, status="void")) == [books["void"]]
    assert walked(member, everything, limit, status="paid") == []


def test_a_row_says_what_a_list_shows(member: Staff, client_id: str):
    invoice = finalized(member, client_id, issue_date="2026-01-10", due_date="2026-02-10")
    (row,) = member.get(f"/v1/clients/{client_id}/invoices").body["items"]
    assert row == {name: invoice[name] for name in row.keys() - {"total", "paid", "balance"}} | {
        "total": "238.00",
        "paid": "0.00",
        "balance": "238.00",
    }
    assert row["overdue"] is True
    assert row["days_overdue"] > 0
    (firm_row,) = member.get("/v1/invoices").body["items"]
    client = {"client_id": client_id, "number": "C-7", "business_name": "Acme"}
    assert firm_row == row | {"client": client}


def test_what_is_overdue_depends_on_where_the_firm_is(
    monkeypatch: pytest.MonkeyPatch, owner: Staff, client_id: str
):
    invoice = finalized(owner, client_id, issue_date="2026-11-20", due_date="2026-11-21")
    at_noon = datetime.fromisoformat("2026-11-21T11:30:00+00:00")
    monkeypatch.setattr(function("invoices"), "now", lambda: at_noon)
    for zone, is_overdue in (("Pacific/Auckland", True), ("Pacific/Honolulu", False)):
        assert owner.patch("/v1/settings", {"time_zone": zone}).status == 200
        assert billing.read(owner, invoice)["overdue"] is is_overdue
        (row,) = owner.get("/v1/invoices").body["items"]
        assert row["overdue"] is is_overdue
        found = owner.get("/v1/invoices", status="overdue").body["items"]
        assert len(found) == is_overdue


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "sent"}, "status"),
        ({"month": "2026-13"}, "month"),
        ({"month": "2026"}, "month"),
        ({"due_before": "tomorrow"}, "due_before"),
        ({"due_before": "2026-02-30"}, "due_before"),
        ({"client": "x"}, "client"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_a_filter_that_is_none_is_refused(query: dict[str, str], field: str, owner: Staff):
    assert_problem(owner.get("/v1/invoices", **query), 422, "validation_failed", field)


def test_a_cursor_belongs_to_its_filters(owner: Staff, client_id: str):
    for _ in range(2):
        drafted(owner, client_id)
    cursor = owner.get("/v1/invoices", limit="1").body["next_cursor"]
    foreign = owner.get("/v1/invoices", limit="1", cursor=cursor, status="draft")
    assert_problem(foreign, 400, "invalid_cursor")
    of_client = owner.get(f"/v1/clients/{client_id}/invoices", cursor=cursor)
    assert_problem(of_client, 400, "invalid_cursor")


def test_nobody_has_no_invoices(owner: Staff):
    nobody = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
    for client_id in (nobody, "x", "é"):
        with stored.unchanged():
            answer = owner.get(f"/v1/clients/{client_id}/invoices")
        assert_problem(answer, 404, "client_not_found")
    assert owner.get("/v1/invoices").body == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "due"),
    [
        ({"status": "unpaid", "due_before": "2026-03-01"}, ["2026-02-01", "2026-02-28"]),
        ({"status": "overdue", "due_before": "2026-02-28"}, ["2026-02-01"]),
        ({"status": "draft", "due_before": "2026-03-02"}, ["2026-03-01"]),
    ],
)
def test_what_is_due_later_is_not_even_read(query: dict[str, str], due: list[str], owner: Staff):
    client_id = billing.new_client_id(owner)
    for day in ("2026-02-01", "2026-02-28", "2026-03-01", "2026-03-02", "2027-03-01"):
        finalized(owner, client_id, issue_date="2026-01-05", due_date=day)
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        drafted(owner, client_id, issue_date="2026-01-05", due_date=day)
    with recorded() as calls:
        listed = owner.get("/v1/invoices", **query).body
    assert [each["due_date"] for each in listed["items"]] == due
    (read,) = [params for name, params in calls if name == "Query"]
    assert read["ExpressionAttributeValues"][":last"]["S"] == query["due_before"]
    one = owner.get("/v1/invoices", limit="1", **query).body
    seen = [each["due_date"] for each in one["items"]]
    while one["next_cursor"]:
        one = owner.get("/v1/invoices", limit="1", cursor=one["next_cursor"], **query).body
        seen += [each["due_date"] for each in one["items"]]
    assert seen == due


@pytest.mark.parametrize("is_firm", [True, False])
def test_what_seldom_occurs_is_found_over_several_pages(
    is_firm: bool, owner: Staff, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tallybook.invoices.listing._MOST_QUERIES", 1)
    wanted = finalized(owner, client_id)
    for _ in range(6):
        finalized(owner, client_id)
    assert owner.post(f"{path(wanted)}/void").status == 200
    where = "/v1/invoices" if is_firm else f"/v1/clients/{client_id}/invoices"
    found, pages = [], 0
    cursor: dict[str, str] = {}
    while True:
        page = owner.get(where, status="void", limit="1", **cursor).body
        found += [each["invoice_id"] for each in page["items"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == [wanted["invoice_id"]]
    assert pages > 1
