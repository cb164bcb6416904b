"""Reminders whose client is suspended before they leave: taken back, and noted as missed."""

from typing import Any

import pytest

from tests.support import billing, faults, stored
from tests.support.api import Staff
from tests.support.calls import recorded
from tests.support.chasing import firm_works_by, look, marks, of_client
from tests.support.permissions import running
from tests.support.post import Post

MARCH = {"issue_date": "2026-03-01", "due_date": "2026-03-31"}
SMS = {"days": 7, "action": "sms", "text": "{{ invoice.number }} is unpaid"}
STEPS = {"EMAIL": ({"days": 7, "action": "email"}, "email"), "SMS": (SMS, "sms")}
KINDS = pytest.mark.parametrize("kind", sorted(STEPS))


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def acme(owner: Staff) -> str:
    return billing.new_client_id(owner, emails=["zoe@acme.example"], telephone="+49221123456")


@pytest.fixture
def invoices(owner: Staff, acme: str) -> list[dict[str, Any]]:
    return [billing.invoiced(owner, acme, "100.00", **MARCH) for _ in range(2)]


def reminded(staff: Staff, acme: str, kind: str, post: Post) -> None:
    """A reminder of the client's invoices is queued, all that was before has left."""
    firm_works_by(staff, STEPS[kind][0])
    post.run()
    post.sent.clear()
    assert look(acme, "2026-04-07") == 1
    (queued,) = rows(acme, kind)
    assert queued["status"] == "queued"


def rows(client_id: str, kind: str) -> list[dict[str, Any]]:
    return [each["row"] for each in of_client(client_id, kind)]


def missed(staff: Staff, client_id: str) -> set[str]:
    """What the steps that were missed are about."""
    listed = staff.get(f"/v1/clients/{client_id}/missed").body["items"]
    return {each["text"].partition(":")[0] for each in listed}


@KINDS
def test_a_reminder_of_a_client_that_is_suspended_before_it_leaves_is_missed(
    owner: Staff, acme: str, invoices: list[dict[str, Any]], post: Post, kind: str
):
    reminded(owner, acme, kind, post)
    owner.post(f"/v1/clients/{acme}/suspend")
    post.run()
    assert post.sent == []
    (row,) = rows(acme, kind)
    assert (row["status"], row["failure"]) == (
        "failed",
        "Its client was suspended before it was sent.",
    )
    assert "held_at" not in row
    assert of_client(acme, "HELD") == []
    assert [set(marks(each).values()) for each in invoices] == [{"again"}, {"again"}]
    told = [each["text"] for each in of_client(acme, "HISTORY") if "text" in each]
    assert told.count("A reminder was not sent: the client was suspended") == 1

    assert look(acme, "2026-04-07", "11:00") == 1
    assert missed(owner, acme) == {f"Invoice {each['number']}" for each in invoices}

    # One is paid: what staff want done after all is about the other.
    paid, unpaid = invoices
    owner.post(
        f"/v1/clients/{acme}/payments",
        {
            "amount": "100.00",
            "allocations": [{"invoice_id": paid["invoice_id"], "amount": "100.00"}],
        },
    )
    owner.post(f"/v1/clients/{acme}/activate", {"missed": "today"})
    post.run()
    assert rows(acme, kind)[0]["status"] == "failed"
    assert look(acme, "2026-04-20") == 1
    again = of_client(acme, kind)[-1]
    assert list(again["reminds"]) == [unpaid["invoice_id"]]
    post.run()
    assert [each["status"] for each in rows(acme, kind)] == ["failed", "sent"]


@KINDS
def test_a_client_that_is_activated_while_its_reminder_is_taken_back_gets_it(
    owner: Staff, acme: str, invoices: list[dict[str, Any]], post: Post, kind: str
):
    reminded(owner, acme, kind, post)
    owner.post(f"/v1/clients/{acme}/suspend")
    rival = lambda: owner.post(f"/v1/clients/{acme}/activate")  # noqa: E731
    with faults.before_transaction(f"{kind}#", rival):
        post.run()
    assert [each["status"] for each in rows(acme, kind)] == ["sent"]
    assert [set(marks(each).values()) for each in invoices] == [{STEPS[kind][1]}] * 2


@KINDS
def test_what_staff_decided_about_a_step_meanwhile_stays(
    owner: Staff, acme: str, invoices: list[dict[str, Any]], post: Post, kind: str
):
    """The mark of one invoice is another's by the time the reminder is taken back."""
    reminded(owner, acme, kind, post)
    owner.post(f"/v1/clients/{acme}/suspend")
    changed, other = invoices
    (mark,) = marks(changed)

    def rival() -> None:
        place = f"CLIENT#{acme}", f"INVOICE#{changed['invoice_id']}"
        steps = {mark: {"on": "2026-04-07", "what": "dropped"}}
        with running(None):  # it is not the worker who asks
            stored.alter(*place, steps=steps)

    with faults.before_transaction(f"{kind}#", rival):
        post.run()
    assert (marks(changed)[mark], marks(other)[mark]) == ("dropped", "again")
    assert [each["status"] for each in rows(acme, kind)] == ["failed"]


@KINDS
def test_wherever_the_worker_dies_a_reminder_is_taken_back_once(
    owner: Staff, acme: str, invoices: list[dict[str, Any]], post: Post, kind: str
):
    reminded(owner, acme, kind, post)
    owner.post(f"/v1/clients/{acme}/suspend")
    with faults.death_at_write(1, when="after"), pytest.raises(faults.Death):
        post.run()
    (item,) = of_client(acme, kind)
    assert item["row"]["status"] == "failed"
    before = item["version"]
    worker = "mailer" if kind == "EMAIL" else "texter"
    named = {"client_id": acme, f"{kind.lower()}_id": item["sk"].partition("#")[2]}
    with recorded() as calls:
        assert post.deliver(worker, named) == []
    assert "TransactWriteItems" not in [operation for operation, _ in calls]
    assert of_client(acme, kind)[0]["version"] == before
    assert post.sent == []
