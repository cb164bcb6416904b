"""Deleting a client: hidden at once, free to be used again, and gone in the end."""

from typing import Any

import pytest

from tallybook.clients import removal
from tests.builders import new_client, new_contact
from tests.integration.conftest import Spending
from tests.support import firm
from tests.support.api import Staff
from tests.support.faults import Crash, crash_at
from tests.support.local_table import NAME
from tests.support.shelf import Shelf, crash_at_call

pytestmark = pytest.mark.usefixtures("papers")

HISTORY = 3_000
ACME = new_client(business_name="Acme", number="K-1", emails=["a@acme.example"])


@pytest.fixture
def deleted(owner: Staff, admin: Any) -> str:
    """The id of a client with a long history that was deleted and not removed yet."""
    client_id = create(owner)
    owner.call("contacts", "POST", f"/v1/clients/{client_id}/contacts", new_contact())
    owner.call("clients", "PUT", f"/v1/clients/{client_id}/favourite")
    firm.write(admin, (history(client_id, number) for number in range(HISTORY)))
    assert owner.call("clients", "DELETE", f"/v1/clients/{client_id}").status == 204
    return client_id


def create(owner: Staff) -> str:
    created = owner.call("clients", "POST", "/v1/clients", ACME)
    assert created.status == 201, created.body
    return created.body["client_id"]


def history(client_id: str, number: int) -> dict[str, Any]:
    return {
        "pk": {"S": f"CLIENT#{client_id}"},
        "sk": {"S": f"HISTORY#{number:026}"},
        "body": {"S": "x" * 500},  # three thousand are more than one page of a query
    }


def left(admin: Any, client_id: str) -> list[str]:
    """The sort keys that are left of a client."""
    pages = admin.get_paginator("query").paginate(
        TableName=NAME,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"CLIENT#{client_id}"}},
    )
    return [item["sk"]["S"] for page in pages for item in page["Items"]]


def put_papers(papers: Shelf, client_id: str) -> None:
    """Papers in both folders, of two versions, and one that was deleted: more than one page."""
    invoice, draft = f"documents/{client_id}/invoice/1/1.pdf", f"passing/{client_id}/invoice/2.pdf"
    for key in (invoice, invoice, f"documents/{client_id}/receipt/1.pdf", draft):
        papers.put(key)
    papers.put(draft, marker=True)


def is_hidden(owner: Staff, client_id: str) -> bool:
    path = f"/v1/clients/{client_id}"
    found = [
        owner.call("clients", "GET", path).status,
        owner.call("clients", "GET", f"{path}/overview").status,
        owner.call("clients", "PATCH", path, {"tags": ["x"]}).status,
        owner.call("clients", "PUT", f"{path}/favourite").status,
        owner.call("contacts", "GET", f"{path}/contacts").status,
        owner.call("contacts", "POST", f"{path}/contacts", new_contact()).status,
    ]
    queries: list[dict[str, str]] = [
        {},
        {"sort": "-created_at"},
        {"q": "acme"},
        {"favourite": "true"},
        {"number": "K-1"},
    ]
    listed = [
        each["client_id"]
        for query in queries
        for each in owner.call("clients", "GET", "/v1/clients", query=query).body["items"]
    ]
    return set(found) == {404} and client_id not in listed


def test_every_item_of_a_deleted_client_is_removed(deleted: str, admin: Any, spending: Spending):
    with spending() as spent:
        # The contact, the client itself, and the entry that says it was deleted.
        assert removal.remove(deleted) == HISTORY + 3
    assert left(admin, deleted) == []
    assert "TransactWriteItems" not in spent.requests  # which would cost twice
    assert admin.scan(TableName=NAME)["Items"] == []


def test_a_deleted_client_is_hidden_before_its_items_are_gone(owner: Staff, deleted: str):
    assert is_hidden(owner, deleted)


def test_a_removal_that_crashes_is_finished_by_the_next_one(owner: Staff, deleted: str, admin: Any):
    with crash_at("BatchWriteItem", 30), pytest.raises(Crash):
        removal.remove(deleted)
    rest = left(admin, deleted)
    assert 0 < len(rest) < HISTORY
    assert "CLIENT" in rest  # it hides what is left, so it goes last
    assert is_hidden(owner, deleted)
    with crash_at("DeleteItem", 2), pytest.raises(Crash):  # before the client's own item
        removal.remove(deleted)
    assert left(admin, deleted) == ["CLIENT"]
    assert is_hidden(owner, deleted)
    removal.remove(deleted)
    assert admin.scan(TableName=NAME)["Items"] == []


def test_papers_go_with_their_client_and_those_of_others_stay(
    owner: Staff, admin: Any, papers: Shelf
):
    put_papers(papers, "another")
    others = dict(papers.versions)
    client_id = create(owner)
    put_papers(papers, client_id)
    assert owner.call("clients", "DELETE", f"/v1/clients/{client_id}").status == 204
    removal.remove(client_id)
    assert papers.versions == others
    assert left(admin, client_id) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_papers_are_gone_whichever_call_of_their_bucket_a_removal_crashed_at(
    when: str, owner: Staff, admin: Any, papers: Shelf
):
    put_papers(papers, "another")
    others = dict(papers.versions)
    crashes = 0
    while True:
        client_id = create(owner)
        put_papers(papers, client_id)
        assert owner.call("clients", "DELETE", f"/v1/clients/{client_id}").status == 204
        try:
            with crash_at_call(crashes + 1, when=when):
                removal.remove(client_id)
        except Crash:
            crashes += 1
        else:
            break
        assert left(admin, client_id) == ["CLIENT"]  # or nobody would come back for the papers
        removal.remove(client_id)
        assert papers.versions == others
        assert left(admin, client_id) == []
    # Of each folder: a list and a deletion for each page, and a list that is empty.
    assert crashes == (2 * 2 + 1) + (2 * 1 + 1)


def test_a_removal_can_be_repeated(deleted: str, admin: Any):
    removal.remove(deleted)
    assert removal.remove(deleted) == 0
    assert left(admin, deleted) == []


def test_a_client_that_was_not_deleted_is_left_alone(owner: Staff, admin: Any):
    client_id = create(owner)
    before = admin.scan(TableName=NAME)["Items"]
    assert removal.remove(client_id) == 0
    assert admin.scan(TableName=NAME)["Items"] == before


def test_number_and_address_are_free_while_the_old_items_are_still_there(
    owner: Staff, deleted: str, admin: Any
):
    again = create(owner)
    removal.remove(deleted)
    found = owner.call("clients", "GET", "/v1/clients", query={"q": "a@acme.example"})
    assert [each["client_id"] for each in found.body["items"]] == [again]
    assert owner.call("clients", "POST", "/v1/clients", ACME).code == "number_taken"


def test_an_erased_client_keeps_its_books_and_nothing_of_the_person(owner: Staff, admin: Any):
    client_id = create(owner)
    books = ("INVOICE#1", "LEDGER#EUR#2026-01-01#1", "MONTH#EUR#2026-01", "PAYMENT#1")
    for sk in (*books, "HISTORY#1", "EMAIL#1"):
        item = {"pk": {"S": f"CLIENT#{client_id}"}, "sk": {"S": sk}}
        admin.put_item(TableName=NAME, Item=item)
    admin.update_item(
        TableName=NAME,
        Key={"pk": {"S": f"CLIENT#{client_id}"}, "sk": {"S": "CLIENT"}},
        UpdateExpression="SET finalized_invoices = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    owner.call("clients", "DELETE", f"/v1/clients/{client_id}", query={"erase": "true"})
    removal.remove(client_id)
    assert left(admin, client_id) == sorted(("CLIENT", *books))
    key = {"pk": {"S": f"CLIENT#{client_id}"}, "sk": {"S": "CLIENT"}}
    stub = str(admin.get_item(TableName=NAME, Key=key)["Item"])
    for personal in ("Acme", "Jürgen", "Müller", "acme.example", "49221", "Linden", "Köln"):
        assert personal.casefold() not in stub.casefold()
    assert "K-1" in stub  # what the invoices refer to
    assert is_hidden(owner, client_id)
    removal.remove(client_id)
    assert left(admin, client_id) == sorted(("CLIENT", *books))
