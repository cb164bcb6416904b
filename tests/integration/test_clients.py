"""Lists, bulk actions and the largest clients on a real table."""

import random
from typing import Any

import pytest

from tallybook.clients.rules import MOST_TOKENS
from tests.builders import new_client
from tests.integration.conftest import Spending
from tests.support import firm
from tests.support.api import Staff

WORDS = ("ab", "Abc", "Bolt", "bolts", "Cork", "Dent", "Dental", "Élan", "Fox", "zeta")


@pytest.fixture
def clients(admin: Any) -> dict[str, dict[str, Any]]:
    """300 clients by id, many with the same words in their names."""
    chance = random.Random(300)  # noqa: S311
    given = [
        {
            "business_name": " ".join(chance.choices(WORDS, k=chance.randint(1, 3))),
            "tags": ["tenth"] if number % 10 == 0 else [],
            "number": f"F-{number:03}",
        }
        for number in range(300)
    ]
    ids = firm.fill(admin, [firm.client(n, **fields) for n, fields in enumerate(given)])
    return dict(zip(ids, given, strict=True))


def walked(owner: Staff, **query: str) -> list[str]:
    """The ids of all pages. Every page is full unless it is the last."""
    found: list[str] = []
    while True:
        answer = owner.call("clients", "GET", "/v1/clients", query=query)
        assert answer.status == 200, answer.body
        page = [each["client_id"] for each in answer.body["items"]]
        found += page
        if answer.body["next_cursor"] is None:
            return found
        assert len(page) == int(query.get("limit", 25))
        query["cursor"] = answer.body["next_cursor"]


def by_name(clients: dict[str, dict[str, Any]]) -> list[str]:
    """The model of the order: by folded words, then by when they were made."""

    def words(client_id: str) -> list[str]:
        name: str = clients[client_id]["business_name"]
        return name.casefold().replace("é", "e").split()

    return sorted(clients, key=lambda client_id: (words(client_id), client_id))


@pytest.mark.parametrize("limit", ["7", "25", "100"])
def test_pages_by_name_make_up_the_whole_list_in_order(
    owner: Staff, clients: dict[str, Any], limit: str
):
    assert walked(owner, limit=limit) == by_name(clients)


@pytest.mark.parametrize("limit", ["7", "100"])
def test_pages_by_creation_time_make_up_the_whole_list_newest_first(
    owner: Staff, clients: dict[str, Any], limit: str
):
    assert walked(owner, limit=limit, sort="-created_at") == sorted(clients, reverse=True)


@pytest.mark.parametrize("sort", ["name", "-created_at"])
def test_filters_and_words_page_like_the_model(owner: Staff, clients: dict[str, Any], sort: str):
    ordered = by_name(clients) if sort == "name" else sorted(clients, reverse=True)
    tagged = [each for each in ordered if clients[each]["tags"]]
    assert walked(owner, limit="8", sort=sort, tag="tenth") == tagged
    dental = [
        each
        for each in ordered
        if any(w.startswith("Dent") for w in clients[each]["business_name"].split())
    ]
    assert walked(owner, limit="8", sort=sort, q="DENT") == dental
    both = [each for each in dental if each in tagged]
    assert walked(owner, limit="3", sort=sort, q="dent", tag="tenth") == both


def test_a_client_that_is_deleted_between_two_pages_moves_nobody(
    owner: Staff, clients: dict[str, Any]
):
    expected = by_name(clients)
    first = owner.call("clients", "GET", "/v1/clients", query={"limit": "100"}).body
    owner.call("clients", "DELETE", f"/v1/clients/{expected[99]}")
    owner.call("clients", "DELETE", f"/v1/clients/{expected[150]}")
    second = owner.call(
        "clients", "GET", "/v1/clients", query={"limit": "100", "cursor": first["next_cursor"]}
    ).body
    rest = [each for each in expected[100:] if each != expected[150]]
    assert [each["client_id"] for each in second["items"]] == rest[:100]


def test_a_bulk_of_a_hundred_does_each_client_in_its_own_transaction(
    owner: Staff, clients: dict[str, Any], spending: Spending
):
    chosen = list(clients)[:100]
    body = {"action": "suspend", "client_ids": chosen}
    key = {"Idempotency-Key": "bulk"}
    with spending() as spent:
        answer = owner.call("clients", "POST", "/v1/clients/bulk", body, headers=key)
    assert [each["client_id"] for each in answer.body["results"]] == chosen
    assert all(each["ok"] for each in answer.body["results"])
    # One claim looked for at first, and written at last with the answer.
    assert spent.requests == {"GetItem": 101, "TransactWriteItems": 100, "PutItem": 1}
    assert set(walked(owner, status="suspended", limit="100")) == set(chosen)
    with spending() as spent:
        again = owner.call("clients", "POST", "/v1/clients/bulk", body, headers=key)
    assert again.body == answer.body
    assert spent.requests == {"GetItem": 1}


def test_a_bulk_reports_the_clients_that_it_could_not_change(owner: Staff, clients: dict[str, Any]):
    good, gone, unknown = *list(clients)[:2], "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
    owner.call("clients", "DELETE", f"/v1/clients/{gone}")
    body = {"action": "delete", "client_ids": [good, gone, unknown, "nonsense", good]}
    answer = owner.call("clients", "POST", "/v1/clients/bulk", body)
    codes = {each["client_id"]: each["code"] for each in answer.body["results"]}
    missing = "client_not_found"
    assert codes == {good: None, gone: missing, unknown: missing, "nonsense": missing}


def test_a_hundred_deleted_at_once_are_gone_from_every_list(owner: Staff, clients: dict[str, Any]):
    doomed = by_name(clients)[:100]
    body = {"action": "delete", "client_ids": doomed}
    answer = owner.call("clients", "POST", "/v1/clients/bulk", body)
    assert all(each["ok"] for each in answer.body["results"])
    assert walked(owner, limit="100") == by_name(clients)[100:]
    again = {"business_name": "Again", "number": clients[doomed[0]]["number"]}
    assert owner.call("clients", "POST", "/v1/clients", again).status == 201


def wordy(letter: str) -> dict[str, Any]:
    """A client with more words than are kept, as long and as many as they may be."""
    return new_client(
        business_name=" ".join(f"{letter}{n}b-{letter}{n}c" for n in range(20)),
        first_name=" ".join(f"{letter}{n}f" for n in range(30)),
        last_name=" ".join(f"{letter}{n}l" for n in range(30)),
        emails=[f"{letter}{n}@{letter}{n}.example" for n in range(10)],
        number=f"{letter}-1",
        telephone="+49221123456" if letter == "x" else "+49301234567",
    )


def test_the_largest_client_and_its_renaming_fit_into_a_transaction(
    owner: Staff, spending: Spending
):
    owner.call("staff", "GET", "/v1/me")
    specialist = {"ar_specialist": owner.staff_id}
    with spending() as spent:
        created = owner.call(
            "clients", "POST", "/v1/clients", wordy("x"), headers={"Idempotency-Key": "k"}
        )
    assert created.status == 201, created.body
    assert 40 <= spent.actions <= 100
    path = created.headers["location"]
    with spending() as spent:
        renamed = owner.call("clients", "PATCH", path, wordy("y") | specialist)
    assert renamed.status == 200, renamed.body
    assert 2 * MOST_TOKENS < spent.actions <= 100
    assert renamed.body["emails"] == wordy("y")["emails"]
    for word, found in (("y0b", 1), ("x0b", 0), ("y-1", 1), ("x-1", 0)):
        items = owner.call("clients", "GET", "/v1/clients", query={"q": word}).body["items"]
        assert len(items) == found, word
    assert owner.call("clients", "DELETE", path).status == 204
    assert owner.call("clients", "POST", "/v1/clients", wordy("y")).status == 201
