"""Many people who pay one invoice at once: it is paid once, and nobody's money is lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from tallybook.authors import By
from tallybook.dates import now
from tallybook.errors import Busy, Conflict, InvalidField
from tallybook.idempotency import once
from tallybook.payments import applying, recording, refunding, reversing, store
from tallybook.payments.models import (
    Application,
    NewAllocation,
    NewPayment,
    NewRefund,
    NewReversal,
    Payment,
)
from tests.support.api import Staff
from tests.support.billing import account, invoiced, new_client_id, read

ADA = By(staff_id="0b1fd0a1-0000-4000-8000-000000000001", name="Ada")
NO_CLAIM: Any = once(None, caller="", request="", body="", at=now(), answer=lambda _: None)  # type: ignore[arg-type, return-value]
THREADS = 20


@pytest.fixture
def client_id(owner: Staff) -> str:
    return new_client_id(owner)


def pay(client_id: str, amount: str, **fields: Any) -> Payment:
    new = NewPayment(amount=amount, **fields)
    return recording.record(client_id, new, by=ADA, at=now(), once=NO_CLAIM)


def deed(payment: Payment) -> Any:
    return store.deed(
        payment.client_id, payment.payment_id, by=ADA, at=now(), once=NO_CLAIM, if_match=None
    )


def at_once(do: Callable[[int], Payment]) -> tuple[list[Payment], list[Exception]]:
    """What was answered, and the refusals."""
    start = threading.Barrier(THREADS)

    def one(place: int) -> Payment | Exception:
        start.wait()
        try:
            return do(place)
        except (Conflict, InvalidField) as refusal:
            return refusal

    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(one, range(THREADS)))
    done = [each for each in found if isinstance(each, Payment)]
    return done, [each for each in found if isinstance(each, Exception)]


def test_twenty_payments_of_one_invoice_pay_it_once_and_the_rest_is_credit(
    owner: Staff, client_id: str
):
    invoice = invoiced(owner, client_id, "100.00")
    done, refused = at_once(lambda _: pay(client_id, "7.00"))
    assert {type(each) for each in refused} <= {Busy}
    assert len(done) >= THREADS - 5  # the others were told to try again
    came = 7 * len(done)
    after, totals = read(owner, invoice), account(owner, client_id)
    assert after["totals"]["paid"] == f"{min(came, 100)}.00"
    assert after["totals"]["balance"] == totals["unpaid"] == f"{max(100 - came, 0)}.00"
    assert totals["paid"] == f"{came}.00"
    assert totals["credit"] == f"{max(came - 100, 0)}.00"
    assert sum(Decimal(each.applied) for each in done) == min(came, 100)
    assert sum(Decimal(each["amount"]) for each in after["applied"]) == min(came, 100)


def test_who_names_more_than_what_is_unpaid_by_then_is_refused(owner: Staff, client_id: str):
    invoice = invoiced(owner, client_id, "100.00")
    named = [NewAllocation(invoice_id=invoice["invoice_id"], amount="30.00")]
    done, refused = at_once(lambda _: pay(client_id, "30.00", allocations=named))
    assert len(done) == 3
    assert len(refused) == THREADS - 3
    assert read(owner, invoice)["totals"]["balance"] == "10.00"
    assert account(owner, client_id)["credit"] == "0.00"


def test_a_payment_is_used_once_by_all_who_apply_refund_and_reverse_it(
    owner: Staff, client_id: str
):
    invoice = invoiced(owner, client_id, "60.00")
    payment = pay(client_id, "50.00", allocations="none")
    whole = [NewAllocation(invoice_id=invoice["invoice_id"], amount="50.00")]
    codes: set[str] = set()

    def use(place: int) -> Payment:
        try:
            match place % 3:
                case 0:
                    return applying.apply(deed(payment), Application(allocations=whole))
                case 1:
                    return refunding.refund(deed(payment), NewRefund(amount="50.00"))
            return reversing.reverse(deed(payment), NewReversal())
        except Conflict as conflict:
            codes.add(conflict.code)
            raise

    done, _ = at_once(use)
    assert codes <= {"nothing_left", "payment_reversed", "try_again"}
    after = store.get(client_id, payment.payment_id)
    assert 1 <= len(done) <= 2  # what was applied can be reversed
    assert after.status in ("applied", "refunded", "reversed")
    balance = Decimal(read(owner, invoice)["totals"]["balance"])
    assert balance == 60 - Decimal(after.applied)
    assert account(owner, client_id)["credit"] == "0.00"
