"""Transactions: all or nothing, the right error for the condition that failed, and retries."""

from typing import Any

import pytest

from tallybook.clients.records import UniqueRecord
from tallybook.errors import Busy, Unavailable
from tallybook.sequences import SequenceRecord
from tallybook.table import Item, absent, find, present
from tallybook.transactions import Transaction
from tests.integration.conftest import Spending
from tests.support import billing
from tests.support.api import Staff
from tests.support.faults import refused, unanswered


class Refused(Exception):
    """What a failed condition means in these tests."""


def refusal(name: str) -> Any:
    return lambda item: Refused(name, item)


def guard(value: str) -> UniqueRecord:
    return UniqueRecord(f"UNIQUE#test#{value}", "UNIQUE", client_id=value)


def written(record: UniqueRecord) -> bool:
    return find(UniqueRecord, record.pk, record.sk) is not None


def put(*values: str) -> None:
    for value in values:
        transaction = Transaction()
        transaction.put(guard(value))
        transaction.commit()


def test_nothing_is_written_when_one_condition_fails():
    put("taken")
    transaction = Transaction()
    transaction.put(guard("free"), absent(UniqueRecord), refusal("free"))
    transaction.put(guard("taken"), absent(UniqueRecord), refusal("taken"))
    with pytest.raises(Refused, match="taken"):
        transaction.commit()
    assert not written(guard("free"))


@pytest.mark.parametrize(
    "order", [("check", "delete", "put", "update"), ("update", "put", "delete", "check")]
)
def test_of_several_failed_conditions_the_action_that_was_added_first_speaks(order: tuple[str]):
    put("there")
    transaction = Transaction()
    for kind in order:
        if kind == "check":
            transaction.check(guard("check"), present(UniqueRecord), refusal("check"))
        elif kind == "delete":
            transaction.delete(guard("delete"), present(UniqueRecord), refusal("delete"))
        elif kind == "put":
            transaction.put(guard("there"), absent(UniqueRecord), refusal("put"))
        else:
            changes = [UniqueRecord.client_id.set("x")]
            condition = present(UniqueRecord)
            transaction.update(guard("update"), changes, condition, refusal("update"))
    with pytest.raises(Refused, match=order[0]):
        transaction.commit()


@pytest.mark.parametrize("alone", [True, False])
def test_a_refusal_learns_the_item_that_failed_the_condition(alone: bool):
    put("taken")
    seen: list[Item] = []

    def learn(item: Item) -> Exception:
        seen.append(item)
        return Refused()

    transaction = Transaction()
    if not alone:
        transaction.put(guard("other"))
    transaction.put(guard("taken"), absent(UniqueRecord), learn)
    with pytest.raises(Refused):
        transaction.commit()
    assert [item["client_id"] for item in seen] == [{"S": "taken"}]


@pytest.mark.parametrize("alone", [True, False])
def test_a_refusal_learns_that_there_is_no_item(alone: bool):
    transaction = Transaction()
    if not alone:
        transaction.put(guard("other"))
    sequence = SequenceRecord("SEQUENCE#test", "SEQUENCE")
    condition = SequenceRecord.next == 5
    transaction.update(sequence, [SequenceRecord.next.set(6)], condition, refusal("gone"))
    with pytest.raises(Refused) as caught:
        transaction.commit()
    assert caught.value.args == ("gone", {})


def test_a_condition_without_a_meaning_of_its_own_crashes():
    put("taken")
    transaction = Transaction()
    transaction.put(guard("other"))
    transaction.put(guard("taken"), absent(UniqueRecord))
    with pytest.raises(Exception, match="ConditionalCheckFailed"):
        transaction.commit()


def test_a_hundred_actions_fit_and_one_more_is_never_sent(spending: Spending):
    transaction = Transaction()
    for number in range(100):
        transaction.put(guard(f"{number}"))
    transaction.commit()
    assert written(guard("99"))
    transaction.put(guard("100"))
    with spending() as spent, pytest.raises(ValueError, match="101 actions"):
        transaction.commit()
    assert spent.calls == []


def test_one_action_is_sent_as_a_plain_write(spending: Spending):
    with spending() as spent:
        put("alone")
    assert (spent.requests, spent.writes) == ({"PutItem": 1}, 1)


def test_an_empty_transaction_asks_nothing(spending: Spending):
    with spending() as spent:
        Transaction().commit()
    assert spent.calls == []


def test_a_conflict_with_another_transaction_is_tried_again():
    transaction = Transaction()
    transaction.put(guard("one"))
    transaction.put(guard("two"))
    reasons = ["None", "TransactionConflict"]
    with refused("TransactWriteItems", "TransactionCanceledException", reasons=reasons, times=3):
        transaction.commit()
    assert written(guard("one"))


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("PutItem", "TransactionConflictException"),
        ("TransactWriteItems", "TransactionInProgressException"),
    ],
)
def test_other_kinds_of_conflict_are_tried_again_too(operation: str, code: str):
    transaction = Transaction()
    transaction.put(guard("one"))
    if operation == "TransactWriteItems":
        transaction.put(guard("two"))
    with refused(operation, code, times=2):
        transaction.commit()
    assert written(guard("one"))


def test_a_conflict_without_end_is_a_409_that_says_to_try_again(owner: Staff):
    reasons = ["TransactionConflict"] * 6
    with refused("TransactWriteItems", "TransactionCanceledException", reasons=reasons) as tries:
        answer = owner.call("clients", "POST", "/v1/clients", {"business_name": "Acme"})
    assert (answer.status, answer.code) == (409, "try_again")
    assert len(tries) == 12  # six in the race for the sequence, six with a reserved number
    assert owner.call("clients", "GET", "/v1/clients").body["items"] == []


def test_a_failed_condition_counts_for_more_than_a_conflict_beside_it():
    put("taken")
    transaction = Transaction()
    transaction.put(guard("other"))
    transaction.put(guard("taken"), absent(UniqueRecord), refusal("taken"))
    reasons = ["TransactionConflict", "ConditionalCheckFailed"]
    with (
        refused("TransactWriteItems", "TransactionCanceledException", reasons=reasons),
        pytest.raises(Refused, match="taken"),
    ):
        transaction.commit()


@pytest.mark.parametrize(
    ("code", "reasons"),
    [
        ("ThrottlingException", None),
        ("TransactionCanceledException", ["None", "ProvisionedThroughputExceeded"]),
        ("TransactionCanceledException", ["None", "ThrottlingError"]),
    ],
)
def test_a_table_that_throttles_is_a_503_with_retry_after(
    owner: Staff, code: str, reasons: list[str] | None
):
    with refused("TransactWriteItems", code, reasons=reasons):
        answer = owner.call("clients", "POST", "/v1/clients", {"business_name": "Acme"})
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems"])
def test_a_table_that_does_not_answer_is_a_503_and_the_same_key_does_it_once(
    owner: Staff, operation: str
):
    acme = billing.new_client_id(owner)
    path, body = f"/v1/clients/{acme}/payments", {"amount": "10.00"}
    with unanswered(operation, times=3):
        answer = owner.post(path, body, Idempotency_Key="k")
    assert (answer.status, answer.code) == (503, "no_answer")
    assert "same Idempotency-Key" in answer.body["detail"]
    assert owner.post(path, body, Idempotency_Key="k").status == 201
    assert billing.account(owner, acme)["credit"] == "10.00"


def test_busy_and_unavailable_are_told_apart():
    assert (Busy.status, Unavailable.status) == (409, 503)
