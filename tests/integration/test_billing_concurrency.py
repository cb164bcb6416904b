"""Twenty workers on one client's books: nothing is lost, nothing is done twice.

A request that loses against others too often gets a clean 409 `try_again`, has changed nothing, and
is asked again with its key. The workers are containers: processes that share nothing but the table.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from tests.support import billing, billing_audit, faults, snapshots
from tests.support.api import Answer, Staff
from tests.support.containers import Containers, Request
from tests.support.containers import running as containers_running

WORKERS = 20
_keys = count(1)


@pytest.fixture(scope="module")
def workers(address: str) -> Iterator[Containers]:
    with containers_running(WORKERS, address) as containers:
        yield containers


@pytest.fixture
def acme(owner: Staff) -> str:
    """The id of a client."""
    return billing.new_client_id(owner)


@pytest.fixture
def audit(admin: Any) -> Iterator[Callable[[], None]]:
    """Says what is wrong with the books; asked in the end of every test."""

    def audit() -> None:
        assert billing_audit.faults(snapshots.take(admin, objects=False).plain()) == []

    yield audit
    audit()


def post(path: str, body: Any = None) -> Request:
    function = "payments" if "/payments" in path else "invoices"
    headers = {"Idempotency-Key": f"worker {next(_keys)}"}
    return Request(function, "POST", path, body, headers)


def finalizing(draft: dict[str, Any]) -> Request:
    return post(f"{billing.path(draft)}/finalize")


def paying(client_id: str, amount: str, allocations: Any = "oldest_first") -> Request:
    body = {"amount": amount, "currency": "EUR", "allocations": allocations}
    return post(f"/v1/clients/{client_id}/payments", body)


def drafts(owner: Staff, client_id: str, number: int) -> list[dict[str, Any]]:
    lines = [billing.new_line(quantity="1", unit_price="100.00", tax_rate="0")]
    return [billing.drafted(owner, client_id, lines=lines) for _ in range(number)]


def done(workers: Containers, requests: Sequence[Request], record: Any) -> list[Answer]:
    """The answers in the end, in the order of the requests; how many had to ask again is noted.

    However slow the machine, one of those that ask at once gets through: a rival's failure is
    always somebody's success.
    """
    answers: dict[int, Answer] = {}
    waiting = list(range(len(requests)))
    while waiting:
        found = workers.at_once([requests[place] for place in waiting])
        answers |= dict(zip(waiting, found, strict=True))
        again = [place for place in waiting if is_to_try_again(answers[place])]
        assert len(again) < len(waiting), f"none of {len(waiting)} got through"
        waiting = again
        record("asked again", len(waiting))
    return [answers[place] for place in range(len(requests))]


def is_to_try_again(answer: Answer) -> bool:
    """Refused because of others; or, on a slow machine, the table has not answered in time."""
    if answer.status in {409, 503} and answer.code in {"try_again", "no_answer"}:
        assert answer.body["detail"]
        return True
    assert answer.status < 500, answer.body
    return False


def statuses(answers: Sequence[Answer]) -> dict[int, int]:
    return dict(Counter(answer.status for answer in answers))


def test_invoices_that_are_finalized_and_paid_at_once_are_all_numbered_and_all_paid(
    workers: Containers, owner: Staff, acme: str, audit: Callable[[], None], record_property: Any
):
    unpaid = [billing.invoiced(owner, acme, "100.00") for _ in range(WORKERS)]
    drafted = drafts(owner, acme, WORKERS)
    requests = [*map(finalizing, drafted), *(paying(acme, "100.00") for _ in unpaid)]
    random.Random(5).shuffle(requests)  # noqa: S311
    answers = done(workers, requests, record_property)
    assert statuses(answers) == {200: WORKERS, 201: WORKERS}
    numbers = {answer.body["number"] for answer in answers if answer.status == 200}
    assert len(numbers) == WORKERS
    totals = billing.account(owner, acme)
    assert Decimal(totals["invoiced"]) == 2 * WORKERS * 100
    assert Decimal(totals["paid"]) == WORKERS * 100
    assert Decimal(totals["unpaid"]) - Decimal(totals["credit"]) == WORKERS * 100


def test_one_invoice_is_paid_once_however_many_pay_it_at_once(
    workers: Containers, owner: Staff, acme: str, audit: Callable[[], None], record_property: Any
):
    invoice = billing.invoiced(owner, acme, "100.00")
    named = [{"invoice_id": invoice["invoice_id"], "amount": "10.00"}]
    requests = [paying(acme, "10.00", named) for _ in range(WORKERS)]
    answers = done(workers, requests, record_property)
    assert statuses(answers) == {201: 10, 422: WORKERS - 10}
    paid = billing.read(owner, invoice)
    assert (paid["status"], paid["totals"]["balance"]) == ("paid", "0.00")


def test_what_is_paid_beyond_what_is_open_becomes_credit_whoever_is_first(
    workers: Containers, owner: Staff, acme: str, audit: Callable[[], None], record_property: Any
):
    for _ in range(3):
        billing.invoiced(owner, acme, "100.00")
    answers = done(workers, [paying(acme, "40.00") for _ in range(WORKERS)], record_property)
    assert statuses(answers) == {201: WORKERS}
    totals = billing.account(owner, acme)
    assert (totals["unpaid"], totals["credit"]) == ("0.00", "500.00")


def test_a_draft_is_finalized_once_however_many_do_it_at_once(
    workers: Containers, owner: Staff, acme: str, audit: Callable[[], None], record_property: Any
):
    (draft,) = drafts(owner, acme, 1)
    answers = done(workers, [finalizing(draft) for _ in range(WORKERS)], record_property)
    assert statuses(answers) == {200: 1, 409: WORKERS - 1}
    assert {answer.code for answer in answers if answer.status == 409} == {"not_a_draft"}


def test_a_payment_with_one_key_is_booked_once_and_answered_the_same(
    workers: Containers, owner: Staff, acme: str, audit: Callable[[], None], record_property: Any
):
    billing.invoiced(owner, acme, "100.00")
    answers = done(workers, [paying(acme, "70.00")] * WORKERS, record_property)
    assert statuses(answers) == {201: WORKERS}
    assert all(answer.body == answers[0].body for answer in answers)
    assert billing.account(owner, acme)["unpaid"] == "30.00"


def test_drafts_of_several_bulk_runs_at_once_are_finalized_once_each(
    workers: Containers, owner: Staff, acme: str, audit: Callable[[], None], record_property: Any
):
    drafted = drafts(owner, acme, 30) + drafts(owner, billing.new_client_id(owner), 30)
    chance = random.Random(3)  # noqa: S311
    requests = [finalizing(each) for each in chance.sample(drafted, 8)]
    for _ in range(WORKERS - len(requests)):
        some = chance.sample(drafted, 20)
        named = [{name: each[name] for name in ("client_id", "invoice_id")} for each in some]
        requests.append(post("/v1/invoices/finalize", {"invoices": named}))
    answers = done(workers, requests, record_property)
    results = [each for answer in answers for each in answer.body.get("results", [])]
    codes = Counter(each["code"] for each in results if not each["ok"])
    record_property("refused", dict(codes))
    assert codes.keys() <= {"not_a_draft", "try_again"}
    numbered = [each["number"] for each in results if each["ok"]]
    numbered += [answer.body["number"] for answer in answers if answer.body.get("number")]
    assert len(numbered) == len(set(numbered))


def test_whatever_happens_to_invoices_and_payments_at_once_the_books_add_up(
    workers: Containers, owner: Staff, acme: str, audit: Callable[[], None], record_property: Any
):
    chance = random.Random(11)  # noqa: S311
    for _ in range(3):
        invoices = [billing.invoiced(owner, acme, "100.00") for _ in range(8)]
        paid = [owner.post(*_paid(acme, each)).body for each in invoices[:4]]
        requests = [paying(acme, amount) for amount in ("30.00", "100.00", "250.00")]
        requests += [
            post(f"{billing.path(each)}/{what}", {"reason": "Wrong"})
            for each in chance.sample(invoices, 5)
            for what in ("void", "write-off")
        ]
        for each in paid:
            path = f"/v1/clients/{acme}/payments/{each['payment_id']}"
            requests.append(post(f"{path}/reverse", {"reason": "It bounced"}))
            requests.append(post(f"{path}/refund", {"amount": "20.00"}))
        requests += [finalizing(each) for each in drafts(owner, acme, 3)]
        chance.shuffle(requests)
        answers = done(workers, requests, record_property)
        assert statuses(answers).keys() <= {200, 201, 409, 422}
        audit()


def test_who_loses_every_race_gets_a_clean_409_and_has_changed_nothing(
    owner: Staff, acme: str, admin: Any, audit: Callable[[], None]
):
    billing.invoiced(owner, acme, "100.00")
    (draft,) = drafts(owner, acme, 1)
    before = snapshots.take(admin, objects=False)
    lost = faults.refused(
        "TransactWriteItems", "TransactionCanceledException", reasons=["TransactionConflict"]
    )
    with faults.no_pauses(), lost:
        for path, body in (
            (f"{billing.path(draft)}/finalize", None),
            (f"/v1/clients/{acme}/payments", {"amount": "10.00"}),
        ):
            answer = owner.post(path, body, Idempotency_Key="k")
            assert is_to_try_again(answer)
    assert snapshots.take(admin, objects=False) == before


def _paid(client_id: str, invoice: dict[str, Any]) -> tuple[str, Any]:
    """A payment of 60 of an invoice, and 30 beyond it."""
    named = [{"invoice_id": invoice["invoice_id"], "amount": "60.00"}]
    body = {"amount": "90.00", "currency": "EUR", "allocations": named}
    return f"/v1/clients/{client_id}/payments", body
