"""Finalizing many drafts at once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Answer, Staff
from tests.support.billing import drafted, finalized, new_line, path
from tests.support.calls import recorded
from tests.support.faults import hooked

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


@pytest.fixture
def client_id(owner: Staff) -> str:
    return billing.new_client_id(owner)


def ref(draft: dict[str, Any]) -> dict[str, str]:
    return {name: draft[name] for name in ("client_id", "invoice_id")}


def bulk(staff: Staff, drafts: list[dict[str, Any]], **headers: str) -> Answer:
    return staff.post(
        "/v1/invoices/finalize", {"invoices": [ref(each) for each in drafts]}, **headers
    )


@contextmanager
def transactions() -> Iterator[list[int]]:
    """How many actions each transaction has."""
    sizes: list[int] = []

    def count(params: dict[str, Any], **_: Any) -> None:
        sizes.append(len(json.loads(params["body"])["TransactItems"]))

    with hooked("before-call.dynamodb.TransactWriteItems", count):
        yield sizes


def gapless(answer: Answer, *, start: int = 1) -> bool:
    numbers = [each["number"] for each in answer.body["results"] if each["ok"]]
    return numbers == [f"INV-2026-{start + place:05}" for place in range(len(numbers))]


def test_drafts_of_many_clients_get_numbers_in_their_order_in_full_transactions(owner: Staff):
    drafts = [drafted(owner, billing.new_client_id(owner)) for _ in range(30)]
    with transactions() as sizes:
        answer = bulk(owner, drafts)
    assert answer.status == 200, answer.body
    assert [ref(each) for each in answer.body["results"]] == [ref(each) for each in drafts]
    assert gapless(answer)
    assert len(answer.body["results"]) == 30
    assert len(sizes) == 3
    assert all(90 <= size <= 100 for size in sizes[:-1]), sizes
    for draft, result in zip(drafts, answer.body["results"], strict=True):
        invoice = billing.read(owner, draft)
        assert (invoice["number"], invoice["status"]) == (result["number"], "open")
        assert billing.account(owner, draft["client_id"])["unpaid"] == "238.00"


def test_drafts_of_one_client_are_booked_together(owner: Staff, client_id: str):
    drafts = [drafted(owner, client_id, issue_date="2026-03-01") for _ in range(25)]
    with transactions() as sizes:
        assert gapless(bulk(owner, drafts))
    assert len(sizes) == 2
    assert 90 <= sizes[0] <= 100, sizes
    account = billing.account(owner, client_id)
    assert (account["invoiced"], account["unpaid"]) == ("5950.00", "5950.00")
    client = stored.item(f"CLIENT#{client_id}", "CLIENT")
    assert (client["open_invoices"], client["finalized_invoices"]) == (25, 25)
    assert stored.item(f"CLIENT#{client_id}", "MONTH#EUR#2026-03")["amount"] == 5950


def test_what_cannot_be_finalized_is_told_and_the_rest_goes_on(owner: Staff, client_id: str):
    done = finalized(owner, client_id)
    drafts = [
        drafted(owner, client_id),
        drafted(owner, client_id, lines=[]),
        done,
        drafted(owner, client_id, lines=[new_line(quantity="-1")]),
        {"client_id": client_id, "invoice_id": NOBODY},
        {"client_id": NOBODY, "invoice_id": NOBODY},
        {"client_id": "x", "invoice_id": "é"},
        drafted(owner, client_id),
    ]
    answer = bulk(owner, [*drafts, drafts[0]])
    results = [(each["ok"], each["number"], each["code"]) for each in answer.body["results"]]
    assert results == [
        (True, "INV-2026-00002", None),
        (False, None, "validation_failed"),
        (False, None, "not_a_draft"),
        (False, None, "validation_failed"),
        (False, None, "invoice_not_found"),
        (False, None, "client_not_found"),
        (False, None, "client_not_found"),
        (True, "INV-2026-00003", None),
    ]
    details = [each["detail"] for each in answer.body["results"]]
    assert details[1] == "lines: An invoice needs a line."
    assert "INV-2026-00001" in details[2]


def test_years_have_series_of_their_own(owner: Staff, client_id: str):
    days = ("2025-12-31", "2026-01-01", "2025-01-01", "2026-06-01")
    answer = bulk(owner, [drafted(owner, client_id, issue_date=day) for day in days])
    numbers = [each["number"] for each in answer.body["results"]]
    assert numbers == ["INV-2025-00001", "INV-2026-00001", "INV-2025-00002", "INV-2026-00002"]


def test_years_are_those_of_the_invoices_in_a_series_that_goes_on(owner: Staff, client_id: str):
    assert owner.patch("/v1/settings", {"numbering": {"yearly": False}}).status == 200
    days = ("2025-12-31", "2026-01-01", "2026-06-01", "2025-01-01")
    answer = bulk(owner, [drafted(owner, client_id, issue_date=day) for day in days])
    numbers = [each["number"] for each in answer.body["results"]]
    assert numbers == ["INV-2025-00001", "INV-2026-00002", "INV-2026-00003", "INV-2025-00004"]


def test_a_repetition_after_a_crash_goes_on_and_reports_the_same(owner: Staff):
    drafts = [drafted(owner, billing.new_client_id(owner)) for _ in range(20)]
    with stored.fault("TransactWriteItems", stored.Crash(), after=1):
        assert bulk(owner, drafts, idempotency_key="k").status == 500
    assert 0 < len(stored.keys("NUMBER#")) < 20
    answer = bulk(owner, drafts, idempotency_key="k")
    assert answer.status == 200
    assert gapless(answer)
    assert len(stored.keys("NUMBER#")) == 20
    with stored.unchanged():
        again = bulk(owner, drafts, idempotency_key="k")
    assert again.body == answer.body
    reused = bulk(owner, drafts[:1], idempotency_key="k")
    assert_problem(reused, 409, "idempotency_key_reused")


def test_a_draft_that_changes_meanwhile_is_read_again(owner: Staff, member: Staff, client_id: str):
    drafts = [drafted(owner, client_id) for _ in range(3)]

    def rival() -> None:
        assert member.patch(path(drafts[1]), {"lines": []}).status == 200
        assert member.post(f"{path(drafts[0])}/finalize").status == 200

    with stored.in_between("TransactWriteItems", rival):
        answer = bulk(owner, drafts)
    results = [(each["number"], each["code"]) for each in answer.body["results"]]
    assert results == [
        (None, "not_a_draft"),
        (None, "validation_failed"),
        ("INV-2026-00002", None),
    ]


def test_a_number_that_was_given_before_stops_the_series(owner: Staff, client_id: str):
    stored.put("NUMBER#invoice#INV-2026-00001", "NUMBER", client_id="x", document_id="x")
    draft = drafted(owner, client_id)
    with stored.unchanged():
        answer = bulk(owner, [draft])
        assert_problem(owner.post(f"{path(draft)}/finalize"), 409, "series_number_taken")
    assert answer.body["results"][0]["code"] == "series_number_taken"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "invoices"),
        ({"invoices": []}, "invoices"),
        ({"invoices": [{"client_id": "x"}]}, "invoices.0.invoice_id"),
        ({"invoices": [{"client_id": "x", "invoice_id": "x"}] * 101}, "invoices"),
    ],
)
def test_a_request_without_sense_is_refused(body: dict[str, Any], field: str, owner: Staff):
    assert_problem(owner.post("/v1/invoices/finalize", body), 422, "validation_failed", field)


def test_they_are_sent_unasked_when_the_firm_says_so(owner: Staff):
    clients = [billing.new_client_id(owner, emails=[f"a{each}@x.example"]) for each in range(12)]
    drafts = [drafted(owner, each) for each in clients]
    assert owner.patch("/v1/settings", {"portal": {"auto_send_invoices": True}}).status == 200
    state = {"own": {"status": "accepted"}, "turn": 1}
    stored.alter(f"CLIENT#{clients[0]}", "CLIENT", portal=state)
    assert gapless(bulk(owner, drafts))
    mails = [each for each in stored.items("CLIENT#") if each["sk"].startswith("EMAIL#")]
    assert [each["pk"] for each in mails] == [f"CLIENT#{clients[0]}"]
    assert len(billing.read(owner, drafts[0])["sent"]) == 1


def test_whom_they_are_sent_to_is_asked_once_for_each_client(owner: Staff, client_id: str):
    drafts = [drafted(owner, client_id) for _ in range(5)]
    assert owner.patch("/v1/settings", {"portal": {"auto_send_invoices": True}}).status == 200
    with recorded() as calls:
        assert gapless(bulk(owner, drafts))
    assert [name for name, _ in calls] == ["BatchGetItem", "Query", "TransactWriteItems"]


def test_a_client_that_is_deleted_meanwhile_is_told_of_and_the_rest_goes_on(
    owner: Staff, client_id: str
):
    drafts = [drafted(owner, each) for each in (client_id, billing.new_client_id(owner))]
    assert owner.patch("/v1/settings", {"portal": {"auto_send_invoices": True}}).status == 200

    def rival() -> None:
        stored.alter(f"CLIENT#{client_id}", "CLIENT", removed_at="2026-11-22T07:04:00.000Z")

    with stored.in_between("Query", rival):
        answer = bulk(owner, drafts)
    assert answer.status == 200, answer.body
    assert [each["code"] for each in answer.body["results"]] == ["client_not_found", None]
