"""What each operation asks of DynamoDB, in requests and units: the promises of issue 2."""

from typing import Any

import pytest

from tallybook.table import encode
from tests.builders import new_client, new_contact
from tests.integration.conftest import Spending
from tests.support import capacity, firm, local_table
from tests.support.api import Answer, Staff


@pytest.fixture
def acme(owner: Staff) -> str:
    """A client in a warm container; returns its path."""
    created = owner.call("clients", "POST", "/v1/clients", {"business_name": "Acme"})
    return f"/v1/clients/{created.body['client_id']}"


def test_creating_a_client_is_one_transaction_and_no_read(
    acme: str, owner: Staff, spending: Spending
):
    with spending() as spent:
        answer = owner.call("clients", "POST", "/v1/clients", {"business_name": "Bolt"})
    assert answer.status == 201
    assert spent.requests == {"TransactWriteItems": 1}
    # Settings check, sequence, client with two index entries, guard of the number, two tokens.
    assert (spent.actions, spent.writes) == (6, 6 * 2 + 2)


def test_each_word_and_guard_of_a_new_client_costs_two_units(
    acme: str, owner: Staff, spending: Spending
):
    with spending() as spent:
        owner.call("clients", "POST", "/v1/clients", new_client(), headers={"Idempotency-Key": "1"})
    assert spent.requests == {"TransactWriteItems": 1}
    # Besides the above: the claim of the key, with its answer beyond 1 KB; the address's guard.
    tokens = {"c0002", "muller", "sohne", "gmbh", "jurgen", "officemuellerexample"}
    phones = {"49221123456", "0221123456"}
    claim, others = 4, 3 + 2
    assert spent.actions == 1 + others + len(tokens | phones)
    assert spent.writes == claim + 2 * (others + len(tokens | phones)) + 2


def test_a_cold_container_reads_the_settings_and_the_sequence_once(
    acme: str, owner: Staff, spending: Spending
):
    local_table.forget()
    with spending() as spent:
        owner.call("clients", "POST", "/v1/clients", {"business_name": "Bolt"})
    assert spent.requests == {"GetItem": 2, "TransactWriteItems": 1}


def test_reading_a_client_is_one_read(acme: str, owner: Staff, spending: Spending):
    with spending() as spent:
        assert owner.call("clients", "GET", acme).status == 200
    assert spent.requests == {"GetItem": 1}
    assert spent.reads == 1  # consistent, up to 4 KB


def test_editing_a_client_is_one_read_and_one_transaction(
    acme: str, owner: Staff, spending: Spending
):
    with spending() as spent:
        assert owner.call("clients", "PATCH", acme, {"invoicing_method": "print"}).status == 200
    assert spent.requests == {"GetItem": 1, "TransactWriteItems": 1}
    # The client and its history; lists do not show what was changed, but as it decides about
    # reminders the client is looked at: its place in the agenda.
    assert (spent.reads, spent.actions, spent.writes) == (1, 2, 4 + 1)
    with spending() as spent:
        assert owner.call("clients", "PATCH", acme, {"vat_id": "ATU12345678"}).status == 200
    assert (spent.reads, spent.actions, spent.writes) == (1, 2, 4)


def test_a_change_that_changes_nothing_writes_nothing(acme: str, owner: Staff, spending: Spending):
    with spending() as spent:
        assert owner.call("clients", "PATCH", acme, {"invoicing_method": "email"}).status == 200
    assert spent.requests == {"GetItem": 1}


def test_renaming_a_client_writes_only_the_words_that_differ(owner: Staff, spending: Spending):
    fields = {"business_name": "Blue Ocean Trading", "emails": ["a@blue.example"]}
    created = owner.call("clients", "POST", "/v1/clients", new_client(**fields))
    path = f"/v1/clients/{created.body['client_id']}"
    with spending() as spent:
        owner.call("clients", "PATCH", path, {"last_name": "Meier"})
    assert spent.requests == {"GetItem": 1, "TransactWriteItems": 1}
    # The client, the word that goes, the word that comes, and the entry in the history.
    assert spent.actions == 4


def test_flags_and_favourites_are_one_read_and_one_write(
    acme: str, owner: Staff, spending: Spending
):
    with spending() as spent:
        owner.call("clients", "PUT", f"{acme}/flag", {"reason": "Late"})
    assert spent.requests == {"GetItem": 1, "TransactWriteItems": 1}
    # The client, the row in two indexes, and the entry in the history.
    assert (spent.actions, spent.writes) == (2, 6)
    with spending() as spent:
        owner.call("clients", "PUT", f"{acme}/favourite")
    assert spent.requests == {"GetItem": 1, "TransactWriteItems": 1}
    assert (spent.actions, spent.writes) == (2, 6)


def test_deleting_a_client_is_one_read_and_one_transaction(
    acme: str, owner: Staff, spending: Spending
):
    with spending() as spent:
        assert owner.call("clients", "DELETE", acme).status == 204
    assert spent.requests == {"GetItem": 1, "TransactWriteItems": 1}
    # The client leaves two indexes; the number's guard and two tokens go; its history says so.
    assert (spent.actions, spent.writes) == (5, 5 * 2 + 2)


def test_a_page_of_the_list_is_exactly_one_query(owner: Staff, spending: Spending, admin: Any):
    firm.fill(admin, map(firm.client, range(120)))
    with spending() as spent:
        first = listed(owner, limit="50")
    assert spent.requests == {"Query": 1}
    assert spent.reads <= 2.5
    with spending() as spent:
        second = listed(owner, limit="50", cursor=first.body["next_cursor"])
    assert spent.requests == {"Query": 1}
    assert spent.reads <= 2.5
    assert len(second.body["items"]) == 50
    with spending() as spent:
        last = listed(owner, limit="50", cursor=second.body["next_cursor"])
    assert spent.requests == {"Query": 1}
    assert len(last.body["items"]) == 20


def test_a_search_of_one_word_is_one_query_and_the_pages_clients(
    owner: Staff, spending: Spending, admin: Any
):
    firm.fill(admin, map(firm.client, range(120)))
    with spending() as spent:
        found = listed(owner, q="bakery")
    assert len(found.body["items"]) == 15
    assert spent.requests == {"Query": 1, "BatchGetItem": 1}
    with spending() as spent:
        assert listed(owner, q="nobody").body["items"] == []
    assert spent.requests == {"Query": 1}


def test_looking_up_a_number_or_an_address_does_not_search_the_list(
    owner: Staff, spending: Spending, admin: Any
):
    firm.fill(admin, map(firm.client, range(20)))
    with spending() as spent:
        assert len(listed(owner, number="F-000007").body["items"]) == 1
    assert spent.requests == {"GetItem": 1, "BatchGetItem": 1}
    with spending() as spent:
        assert len(listed(owner, email="office@firm000007.example").body["items"]) == 1
    assert spent.requests == {"Query": 1, "BatchGetItem": 1}


def test_the_cost_of_a_page_and_of_a_search_does_not_grow_with_the_number_of_clients(
    owner: Staff, spending: Spending, admin: Any
):
    requests = [{"limit": "50"}, {"limit": "50", "sort": "-created_at"}, {"q": "needle"}]
    needles = [firm.client(number, first_name="Needle") for number in range(3)]
    firm.fill(admin, [*needles, *map(firm.client, range(3, 100))])
    small = [cost_of(listed, owner, spending, **query) for query in requests]
    firm.fill(admin, map(firm.client, range(100, 3000)), start=100)
    large = [cost_of(listed, owner, spending, **query) for query in requests]
    assert large == small


@pytest.mark.parametrize("invoices", [10, 10_000])
def test_an_overview_is_one_read_and_five_short_queries_however_long_the_history(
    owner: Staff, spending: Spending, admin: Any, acme: str, invoices: int
):
    client_id = acme.rpartition("/")[2]
    firm.write(admin, (invoice(client_id, number) for number in range(invoices)))
    with spending() as spent:
        answer = owner.call("clients", "GET", f"{acme}/overview")
    latest = [each["number"] for each in answer.body["latest"]["invoices"]]
    assert latest == [f"{number:06}" for number in range(invoices - 1, invoices - 6, -1)]
    assert spent.requests == {"GetItem": 1, "Query": 5}
    assert {call.request["Limit"] for call in spent.calls if call.operation == "Query"} == {5}
    assert spent.reads == 1 + 5 * 0.5


def test_contacts_are_read_and_written_in_one_request_each(
    owner: Staff, spending: Spending, acme: str
):
    with spending() as spent:
        first = owner.call("contacts", "POST", f"{acme}/contacts", new_contact())
    assert spent.requests == {"TransactWriteItems": 1}
    # The client counts its contacts, and is looked at, for whom reminders go to: its place in the
    # agenda. The contact's address says whose mail is from it.
    assert (spent.actions, spent.writes) == (3, 6 + 1)
    path = first.headers["location"]
    for method, body, expected in (
        ("GET", None, {"BatchGetItem": 1}),
        ("PATCH", {"job_title": "Bookkeeper"}, {"BatchGetItem": 1, "UpdateItem": 1}),
        ("DELETE", None, {"Query": 1, "TransactWriteItems": 1}),
    ):
        with spending() as spent:
            assert owner.call("contacts", method, path, body).status < 300
        assert spent.requests == expected
    with spending() as spent:
        owner.call("contacts", "GET", f"{acme}/contacts")
    assert spent.requests == {"Query": 1}


def test_settings_are_one_item(owner: Staff, spending: Spending):
    with spending() as spent:
        owner.call("settings", "GET", "/v1/settings")
    assert spent.requests == {"GetItem": 1}
    with spending() as spent:
        owner.call("settings", "PATCH", "/v1/settings", {"currency": "USD"})
    assert spent.requests == {"GetItem": 1, "PutItem": 1}


def test_computed_units_agree_with_dynamodb_where_it_counts_right(admin: Any):
    """DynamoDB Local counts single writes right: what is computed for a transaction is twice that,
    with the index entries once."""
    items = firm.items_of(firm.client(1, tags=[f"tag {n} {'x' * 40}" for n in range(25)]), 1)
    for item in items:
        answer = admin.put_item(
            TableName=local_table.NAME, Item=item, ReturnConsumedCapacity="INDEXES"
        )
        consumed = answer["ConsumedCapacity"]
        table = consumed["Table"]["CapacityUnits"]
        assert consumed["CapacityUnits"] - table == capacity.index_units(None, item)
        assert capacity._transaction_units(None, item) == table + consumed["CapacityUnits"]


def invoice(client_id: str, number: int) -> dict[str, Any]:
    return {
        "pk": {"S": f"CLIENT#{client_id}"},
        "sk": {"S": f"INVOICE#{number:026}"},
        "row": encode(
            {
                "client_id": client_id,
                "invoice_id": f"{number:026}",
                "number": f"{number:06}",
                "currency": "EUR",
                "issue_date": "2026-11-01",
                "due_date": "2026-12-01",
                "status": "open",
                **dict.fromkeys(("total", "balance"), 100),
                **dict.fromkeys(("paid", "credited", "written_off"), 0),
                "created_at": "2026-11-01T07:04:00.000Z",
                "finalized_at": "2026-11-01T07:04:00.000Z",
            }
        ),
    }


def listed(owner: Staff, **query: str) -> Answer:
    answer = owner.call("clients", "GET", "/v1/clients", query=query)
    assert answer.status == 200, answer.body
    return answer


def cost_of(
    operation: Any, owner: Staff, spending: Spending, **query: str
) -> tuple[dict[str, int], float]:
    with spending() as spent:
        operation(owner, **query)
    return spent.requests, spent.reads
