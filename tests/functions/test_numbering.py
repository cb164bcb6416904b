"""Series of numbers: how they stand, where they begin; and when books are closed."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import billing, stored
from tests.support.api import Staff
from tests.support.billing import drafted, finalized, path

SERIES = "/v1/settings/numbering/invoice"


@pytest.fixture
def client_id(owner: Staff) -> str:
    return billing.new_client_id(owner)


def numbered(owner: Staff, **numbering: Any) -> None:
    answer = owner.patch("/v1/settings", {"numbering": numbering})
    assert answer.status == 200, answer.body


def test_a_series_begins_where_the_firm_says(manager: Staff, client_id: str):
    before = manager.get(SERIES).body
    assert (before["next"], before["in_use"]) == (1, False)
    for following in (99, 143):  # a slip can be mended, as long as it was not used
        answer = manager.put(SERIES, {"next": following})
        assert answer.status == 200
        assert answer.body == before | {
            "next": following,
            "next_number": f"INV-{before['year']}-{following:05}",
        }
        assert manager.get(SERIES).body == answer.body
    assert finalized(manager, client_id)["number"].endswith("-00143")
    assert finalized(manager, client_id)["number"].endswith("-00144")
    with stored.unchanged():
        assert_problem(manager.put(SERIES, {"next": 1}), 409, "series_in_use")
    assert (manager.get(SERIES).body["next"], manager.get(SERIES).body["in_use"]) == (145, True)


def test_a_series_is_not_set_by_who_saw_it_otherwise(manager: Staff):
    seen = manager.get(SERIES).etag
    first = manager.put(SERIES, {"next": 143}, if_match=seen)
    assert (first.status, first.etag) == (200, manager.get(SERIES).etag)
    with stored.unchanged():
        late = manager.put(SERIES, {"next": 200}, if_match=seen)
        assert_problem(late, 412, "stale_version")


def test_a_series_that_was_used_unset_cannot_be_set(manager: Staff, client_id: str):
    finalized(manager, client_id)
    with stored.unchanged():
        assert_problem(manager.put(SERIES, {"next": 7}), 409, "series_in_use")
    assert manager.put("/v1/settings/numbering/estimate", {"next": 7}).status == 200


def test_a_number_that_is_given_meanwhile_is_not_given_again(manager: Staff, client_id: str):
    draft = drafted(manager, client_id)

    def rival() -> None:
        assert manager.post(f"{path(draft)}/finalize").status == 200

    with stored.in_between("PutItem", rival):
        assert_problem(manager.put(SERIES, {"next": 7}), 409, "series_in_use")


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "7", 10**12, None])
def test_a_series_begins_with_a_whole_number(wrong: Any, owner: Staff):
    with stored.unchanged():
        assert_problem(owner.put(SERIES, {"next": wrong}), 422, "validation_failed", "next")


def test_only_managers_say_where_a_series_begins(specialist: Staff):
    with stored.unchanged():
        assert_problem(specialist.put(SERIES, {"next": 7}), 403, "forbidden")
        assert specialist.get(SERIES).status == 200
        nothing = specialist.get("/v1/settings/numbering/client")
        assert_problem(nothing, 404, "not_found")


def test_numbers_that_do_not_begin_again_go_on_over_the_years(owner: Staff, client_id: str):
    numbered(owner, yearly=False, invoice="R{seq:04}")
    days = ("2025-12-31", "2026-01-01", "2025-06-01")
    numbers = [finalized(owner, client_id, issue_date=day)["number"] for day in days]
    assert numbers == ["R0001", "R0002", "R0003"]
    assert owner.get(SERIES).body["year"] is None


def test_a_number_that_another_pattern_gave_is_never_given_again(owner: Staff, client_id: str):
    first = finalized(owner, client_id, issue_date="2026-01-01")["number"]
    numbered(owner, yearly=False)
    draft = drafted(owner, client_id, issue_date="2026-01-01")
    with stored.unchanged():
        answer = owner.post(f"{path(draft)}/finalize")
    assert_problem(answer, 409, "series_number_taken")
    assert first in answer.body["detail"]
    assert "PUT /v1/settings/numbering/invoice" in answer.body["detail"]
    assert owner.put(SERIES, {"next": 2}).status == 200
    assert owner.post(f"{path(draft)}/finalize").body["number"] == "INV-2026-00002"


# ---- Closed books, and coins ----------------------------------------------------------------


@pytest.mark.parametrize("day", ["2199-01-01", "soon", "2025-02-30", 20250101])
def test_books_are_closed_up_to_a_day_that_is_over(day: Any, owner: Staff):
    with stored.unchanged():
        answer = owner.patch("/v1/settings", {"billing": {"closed_until": day}})
        assert_problem(answer, 422, "validation_failed", "billing.closed_until")


def test_nothing_is_finalized_into_closed_books(owner: Staff, client_id: str):
    draft = drafted(owner, client_id, issue_date="2025-12-31")
    next_year = drafted(owner, client_id, issue_date="2026-01-01")
    assert owner.patch("/v1/settings", {"billing": {"closed_until": "2025-12-31"}}).status == 200
    with stored.unchanged():
        answer = owner.post(f"{path(draft)}/finalize")
        assert_problem(answer, 422, "validation_failed", "issue_date")
    assert answer.fields["issue_date"] == "The books are closed up to 2025-12-31."
    assert owner.post(f"{path(next_year)}/finalize").status == 200
    assert owner.patch("/v1/settings", {"billing": {"closed_until": None}}).status == 200
    assert owner.post(f"{path(draft)}/finalize").status == 200


def test_books_that_are_closed_meanwhile_stay_as_they_are(owner: Staff, client_id: str):
    draft = drafted(owner, client_id, issue_date="2025-12-31")

    def rival() -> None:
        owner.patch("/v1/settings", {"billing": {"closed_until": "2025-12-31"}})

    with stored.in_between("TransactWriteItems", rival):
        answer = owner.post(f"{path(draft)}/finalize")
    assert_problem(answer, 422, "validation_failed", "issue_date")
    assert stored.keys("NUMBER#") == []


def test_what_is_payable_is_rounded_to_the_coin_of_the_settings(owner: Staff, client_id: str):
    coins = {"CHF": "0.05", "SEK": "1"}
    assert owner.patch("/v1/settings", {"billing": {"round_to": coins}}).status == 200
    line = billing.new_line(quantity="1", unit_price="10.03", tax_rate="0")
    for currency, payable in (("CHF", "10.05"), ("SEK", "10.00"), ("EUR", "10.03")):
        invoice = finalized(owner, client_id, currency=currency, lines=[line])
        totals = invoice["totals"]
        assert (totals["gross"], totals["payable"], totals["balance"]) == (
            *("10.03", payable),
            payable,
        )
        assert billing.account(owner, client_id, currency)["unpaid"] == payable


@pytest.mark.parametrize("coins", [{"CHF": "0"}, {"JPY": "0.05"}, {"EUR": "0.005"}, {"EUR": "-1"}])
def test_a_coin_is_an_amount_of_its_currency(coins: dict[str, str], owner: Staff):
    with stored.unchanged():
        answer = owner.patch("/v1/settings", {"billing": {"round_to": coins}})
    assert answer.status == 422
    assert all(field.startswith("billing.round_to") for field in answer.fields)
