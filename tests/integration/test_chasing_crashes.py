"""A look at a client dies anywhere, comes twice, or meets what people do: every step once at most.

And none that people took the reason away from: nobody is reminded of what was paid by then.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tallybook.chasing import looking
from tallybook.errors import Busy
from tests.support import billing, billing_audit, snapshots
from tests.support.api import Staff
from tests.support.billing_trial import seen
from tests.support.faults import Death, before_call, death_at_call, no_pauses
from tests.support.local_table import forget
from tests.support.snapshots import Snapshot

WHEN = pytest.mark.parametrize("when", ["before", "after"])
DAY = datetime(2026, 4, 14, 9, tzinfo=UTC)
FEE = {"amount": "5.00", "currency": "EUR", "per": "week"}
STEPS = [
    {"days": 3, "action": "email"},
    {"days": 7, "action": "late_fee", "fee": FEE},
    {"days": 7, "action": "email"},
    {"days": 7, "action": "sms", "text": "{{ invoice.number }} is unpaid"},
    {"days": 9, "action": "suspend_services"},
    {"days": 10, "action": "call"},
]
# Fees of two weeks for each of two invoices, services, a call, a mail and an SMS.
THINGS = 8
_LINK = re.compile(r"https://firm\.example/pay/[^\"\\]+")

type Json = dict[str, Any]


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    with no_pauses():
        yield


@pytest.fixture
def acme(owner: Staff) -> str:
    """A client with two invoices that are overdue, and a service."""
    workflow = owner.post("/v1/workflows", {"name": "Standard", "steps": STEPS})
    assert workflow.status == 201, workflow.body
    firm = {"workflow_id": workflow.body["workflow_id"]}
    assert owner.patch("/v1/settings", firm).status == 200
    known = {"emails": ["zoe@acme.example"], "telephone": "+49221123456"}
    client_id = billing.new_client_id(owner, **known)
    for gross in ("100.00", "20.00"):
        billing.invoiced(owner, client_id, gross, issue_date="2026-03-01", due_date="2026-03-31")
    service = owner.post(f"/v1/clients/{client_id}/services", {"name": "Hosting"})
    assert service.status == 201, service.body
    return client_id


def kinds(admin: Any, client_id: str) -> Counter[str]:
    """How many items of each kind the client has."""
    items = snapshots.take(admin, objects=False).plain(f"CLIENT#{client_id}")
    return Counter(sk.partition("#")[0] for _, sk in items)


def marks(admin: Any, client_id: str) -> list[Json]:
    """The marks of each of the client's invoices."""
    items = snapshots.take(admin, objects=False).plain(f"CLIENT#{client_id}")
    return [each.get("steps", {}) for (_, sk), each in items.items() if sk.startswith("INVOICE#")]


def told(admin: Any, before: Snapshot) -> Counter[str]:
    """Every item, but for new ids, the time, and the links that are made of both."""
    found: Counter[str] = Counter()
    for text, count in seen(snapshots.take(admin, objects=False), before).items():
        found[_LINK.sub("<link>", text)] += count
    return found


def finish(client_id: str) -> None:
    """What the queue and the agenda do: the client is looked at until nothing is due."""
    for _ in range(10):
        forget()
        try:
            looking.look(client_id, DAY)
        except Busy:
            continue
        return
    raise AssertionError("A look that never ends")


@WHEN
def test_every_step_is_done_once_wherever_the_worker_died(admin: Any, acme: str, when: str):
    before = snapshots.take(admin, objects=False)
    assert looking.look(acme, DAY) == THINGS
    expected = told(admin, before)
    assert kinds(admin, acme) >= Counter(EMAIL=1, SMS=1, TASK=1, LEDGER=6, PAYLINK=2)
    died = 0
    for count in range(1, 200):
        snapshots.restore(admin, before, objects=False)
        forget()
        try:
            with death_at_call(count, when=when):
                looking.look(acme, DAY)
        except Death:
            died += 1
        else:
            break
        half = snapshots.take(admin, objects=False)
        assert billing_audit.faults(half.plain()) == []
        place = half.plain()[f"CLIENT#{acme}", "CLIENT"].get("agenda_sk", "")
        is_over = when == "after" and told(admin, before) == expected
        assert is_over or place < "2026-12", "it stays on the agenda until all is done"
        finish(acme)
        assert told(admin, before) == expected
    assert died > (40 if when == "before" else 8)


def test_workers_that_look_at_a_client_at_once_do_everything_once(admin: Any, acme: str):
    before = snapshots.take(admin, objects=False)
    looking.look(acme, DAY)
    expected = told(admin, before)
    snapshots.restore(admin, before, objects=False)
    with ThreadPoolExecutor(4) as workers:
        for look in [workers.submit(finish, acme) for _ in range(4)]:
            look.result()
    finish(acme)
    assert told(admin, before) == expected


def paid(owner: Staff, client_id: str) -> Callable[[], object]:
    return lambda: owner.post(f"/v1/clients/{client_id}/payments", {"amount": "200.00"})


def suspended(owner: Staff, client_id: str) -> Callable[[], object]:
    return lambda: owner.post(f"/v1/clients/{client_id}/suspend", {})


def disputed(owner: Staff, client_id: str) -> Callable[[], object]:
    invoices = owner.get(f"/v1/clients/{client_id}/invoices").body["items"]
    state = {"status": "in_dispute"}

    def act() -> None:
        for each in invoices:
            owner.put(f"{billing.path(each)}/collection-status", state)

    return act


def told_since(admin: Any, client_id: str, known: set[Any]) -> list[str]:
    """The mails, SMS, tasks and late fees that were made since."""
    items = snapshots.take(admin, objects=False).plain(f"CLIENT#{client_id}")
    return [
        sk
        for (_, sk), each in items.items()
        if sk.startswith(("EMAIL#", "SMS#", "TASK#", "LEDGER#"))
        and sk not in known
        and each.get("row", {}).get("kind") != "payment"
    ]


@pytest.mark.parametrize("rival", [paid, suspended, disputed])
def test_nothing_is_done_once_people_have_taken_the_reason_away(
    admin: Any, owner: Staff, acme: str, rival: Callable[[Staff, str], Callable[[], object]]
):
    """Somebody acts before each call of AWS of the look in turn; what he knew is all there is."""
    act = rival(owner, acme)
    before = snapshots.take(admin, objects=False)
    for count in range(1, 200):
        snapshots.restore(admin, before, objects=False)
        forget()
        known: set[str] = set()

        def intrude(known: set[str] = known) -> None:
            act()
            items = snapshots.take(admin, objects=False).plain(f"CLIENT#{acme}")
            known.update(sk for _, sk in items)

        with before_call(count, intrude) as acted:
            looking.look(acme, DAY)
        if not acted:
            break
        finish(acme)
        assert told_since(admin, acme, known) == []
        assert billing_audit.faults(snapshots.take(admin, objects=False).plain()) == []
        if rival is suspended:
            assert all(len(each) == 7 for each in marks(admin, acme))
    assert count > 40
