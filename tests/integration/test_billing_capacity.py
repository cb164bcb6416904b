"""What billing asks of DynamoDB: one transaction to write, and as little however long the past."""

from typing import Any

import pytest

from tests.bench import billing_operations
from tests.integration.conftest import Spending
from tests.support import billing
from tests.support.api import Staff


@pytest.fixture
def acme(owner: Staff) -> str:
    """The id of a client in a warm container, whose books have begun."""
    client_id = billing.new_client_id(owner)
    billing.invoiced(owner, client_id, "100.00")
    return client_id


def test_drafting_finalizing_and_paying_are_one_read_and_one_transaction_each(
    owner: Staff, acme: str, spending: Spending
):
    one_of_each = {"BatchGetItem": 1, "TransactWriteItems": 1}
    with spending() as spent:
        draft = billing.drafted(owner, acme)
    assert spent.requests == one_of_each
    # The draft, its entry in the history, and that the client is still there.
    assert spent.actions == 3
    with spending() as spent:
        assert owner.post(f"{billing.path(draft)}/finalize").status == 200
    assert spent.requests == one_of_each
    # Series, number, invoice, that it is open, history, ledger, month, client.
    assert spent.actions == 8
    named = [{"invoice_id": draft["invoice_id"], "amount": "100.00"}]
    with spending() as spent:
        body = {"amount": "100.00", "allocations": named}
        assert owner.post(f"/v1/clients/{acme}/payments", body).status == 201
    assert spent.requests == one_of_each
    # Payment, invoice, history, ledger, month, client.
    assert spent.actions == 6


def test_what_is_read_costs_the_same_however_much_was_before(admin: Any):
    for few, many in billing_operations.reading(admin, rounds=1, histories=(10, 500)):
        assert (few.requests, few.reads) == (many.requests, many.reads), few.name
        assert few.requests["Query"] <= 5 if "Query" in few.requests else few.reads <= 2


def test_a_list_of_invoices_is_one_query(owner: Staff, acme: str, spending: Spending):
    for path in (f"/v1/clients/{acme}/invoices", "/v1/invoices", "/v1/invoices?status=unpaid"):
        where, _, status = path.partition("?status=")
        with spending() as spent:
            answer = owner.get(where, **({"status": status} if status else {}))
        assert len(answer.body["items"]) == 1
        assert spent.requests["Query"] == 1
