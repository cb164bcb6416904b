"""What a look at a client asks of DynamoDB."""

import pytest

from tests.integration.conftest import Spending
from tests.support import billing
from tests.support.api import Staff
from tests.support.chasing import firm_works_by, look


@pytest.fixture
def acme(owner: Staff) -> str:
    """A client with an invoice, due on 31 March."""
    firm_works_by(owner, {"days": 7, "action": "email"}, {"days": 14, "action": "email"})
    client_id = billing.new_client_id(owner, emails=["zoe@acme.example"])
    billing.invoiced(owner, client_id, "100.00", issue_date="2026-03-01", due_date="2026-03-31")
    return client_id


def test_a_look_that_finds_nothing_due_reads_a_little_and_plans_the_next(
    acme: str, spending: Spending
):
    with spending() as spent:
        assert look(acme, "2026-04-01") == 0
    assert spent.requests == {"Query": 5, "BatchGetItem": 2, "UpdateItem": 1}
    assert spent.reads <= 8
    assert spent.writes <= 8
    with spending() as again:
        assert look(acme, "2026-04-02") == 0
    assert again.requests == {"Query": 5, "BatchGetItem": 2}


def test_a_reminder_is_one_transaction_and_another_look(acme: str, spending: Spending):
    look(acme, "2026-04-01")
    with spending() as spent:
        assert look(acme, "2026-04-07") == 1
    assert spent.requests == {
        "Query": 10,
        "BatchGetItem": 4,
        "TransactWriteItems": 1,
        "UpdateItem": 1,
    }
    # The invoice, its link, the mail, two entries of the history, and that nobody has called.
    assert spent.actions == 6
    assert spent.reads <= 16
    assert spent.writes <= 20
