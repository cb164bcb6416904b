"""A deed of billing whose container dies anywhere is done once when it is asked for again.

The container dies before each of its calls of AWS, or after each that writes. The same request with
the same key comes to a new container. Afterwards the table is as if nobody had died, but for ids
that chance makes and for the time.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import billing, snapshots
from tests.support.api import Staff
from tests.support.billing_trial import Trial, seen
from tests.support.faults import no_pauses

WHEN = pytest.mark.parametrize("when", ["before", "after"])
EARLIER = {"issue_date": "2026-01-10", "due_date": "2026-02-10"}

type Json = dict[str, Any]


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    with no_pauses():
        yield


@pytest.fixture
def acme(owner: Staff) -> str:
    """The id of a client."""
    return billing.new_client_id(owner)


@dataclass
class Firm:
    """A client whose books hold what the deeds are about."""

    admin: Any
    owner: Staff
    client: str

    def __post_init__(self) -> None:
        self.invoices = [
            billing.invoiced(self.owner, self.client, gross, **EARLIER)
            for gross in ("100.00", "200.00", "300.00")
        ]
        self.drafts = [billing.drafted(self.owner, self.client, **EARLIER) for _ in range(2)]
        self.payment = self.owner.post(
            f"/v1/clients/{self.client}/payments",
            {"amount": "250.00", "date": "2026-03-01", "allocations": self.named("100", "50")},
        ).body

    def named(self, *amounts: str) -> list[Json]:
        return [
            {"invoice_id": each["invoice_id"], "amount": amount}
            for each, amount in zip(self.invoices, amounts, strict=False)
        ]

    def trial(self, deed: str) -> Trial:
        mine = f"/v1/clients/{self.client}"
        paid, payment = billing.path(self.invoices[0]), f"payments/{self.payment['payment_id']}"
        note = {
            "invoice_id": self.invoices[1]["invoice_id"],
            "lines": [billing.new_line(quantity="1", unit_price="180.00", tax_rate="0")],
        }
        deeds: dict[str, tuple[str, Any]] = {
            "finalize": (f"{billing.path(self.drafts[0])}/finalize", None),
            "pay the oldest": (f"{mine}/payments", {"amount": "500.00"}),
            "pay by name": (
                f"{mine}/payments",
                {"amount": "300.00", "allocations": self.named("0.00", "150", "20")[1:]},
            ),
            "apply": (f"{mine}/{payment}/apply", {}),
            "refund": (f"{mine}/{payment}/refund", {"amount": "60.00"}),
            "reverse": (f"{mine}/{payment}/reverse", {"reason": "It bounced"}),
            "void": (f"{paid}/void", {"reason": "Wrong client"}),
            "write off": (f"{billing.path(self.invoices[2])}/write-off", {"reason": "Insolvent"}),
            "credit note": (f"{mine}/credit-notes", note),
        }
        return Trial(self.admin, self.owner, *deeds[deed])


DEEDS = [
    *("finalize", "pay the oldest", "pay by name", "apply", "refund"),
    *("reverse", "void", "write off", "credit note"),
]


@WHEN
@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_done_once_wherever_its_container_died(
    admin: Any, owner: Staff, acme: str, deed: str, when: str
):
    trial = Firm(admin, owner, acme).trial(deed)
    trial.check(when, deaths=2 if when == "before" else 1)


@WHEN
def test_the_first_invoice_of_a_firm_gets_the_first_number_wherever_its_container_died(
    admin: Any, owner: Staff, acme: str, when: str
):
    draft = billing.drafted(owner, acme)
    trial = Trial(admin, owner, f"{billing.path(draft)}/finalize", None)
    trial.check(when, deaths=2 if when == "before" else 1)
    assert billing.read(owner, draft)["number"].endswith("-00001")


# ---- What takes several transactions ------------------------------------------------------------


@WHEN
def test_a_bulk_run_that_died_is_resumed_without_a_gap_and_nothing_is_finalized_twice(
    admin: Any, owner: Staff, acme: str, when: str
):
    """Drafts of two clients and two years, and one that cannot be finalized."""
    bolt = billing.new_client_id(owner)
    drafts = [billing.drafted(owner, acme) for _ in range(14)]
    drafts += [billing.drafted(owner, bolt) for _ in range(20)]
    drafts += [billing.drafted(owner, bolt, issue_date="2025-12-31") for _ in range(5)]
    drafts.append(billing.drafted(owner, acme, lines=[]))
    named = [{name: each[name] for name in ("client_id", "invoice_id")} for each in drafts]
    trial = Trial(admin, owner, "/v1/invoices/finalize", {"invoices": named})
    results = trial.ask().body["results"]
    assert [each["ok"] for each in results] == [True] * 39 + [False]
    trial.seen()
    died = 0
    for _ in trial.deaths(when):
        died += 1
        resumed = trial.ask()
        assert resumed.status == 200, resumed.body
        trial.seen()  # the books are right, and no number is missing
        now = [billing.read(owner, each) for each in drafts]
        assert [each["status"] for each in now] == ["open"] * 39 + ["draft"]
        numbers = [each["number"] for each in resumed.body["results"]]
        assert all(told in (None, each["number"]) for told, each in zip(numbers, now, strict=True))
    assert died >= 4


@pytest.fixture
def long_account(admin: Any, owner: Staff, acme: str) -> list[Json]:
    """More open invoices than one transaction pays."""
    invoices = [billing.invoiced(owner, acme, "10.00", **EARLIER) for _ in range(45)]
    return sorted(invoices, key=lambda each: str(each["invoice_id"]))


@WHEN
def test_a_payment_of_very_many_invoices_is_booked_once_and_none_of_it_is_lost(
    admin: Any, owner: Staff, acme: str, long_account: list[Json], when: str
):
    """What a dead container left unpaid is credit: it is applied as any other."""
    path = f"/v1/clients/{acme}/payments"
    trial = Trial(admin, owner, path, {"amount": "440.00", "date": "2026-03-01"})
    assert trial.ask().body["applied"] == "440.00"
    died = 0
    for _ in trial.deaths(when):
        died += 1
        payment = trial.ask()
        assert payment.status == 201, payment.body
        assert trial.ask().body == payment.body
        trial.seen()
        now = owner.get(f"{path}/{payment.body['payment_id']}").body
        assert now["applied"] in ("400.00", "440.00")
        if now["applied"] == "400.00":
            applied = owner.post(f"{path}/{now['payment_id']}/apply", {"date": "2026-03-01"})
            assert applied.body["applied"] == "440.00"
            trial.seen()
        assert billing.account(owner, acme)["unpaid"] == "10.00"
        assert len(owner.get(path).body["items"]) == 1
    assert died >= 2


@WHEN
def test_the_reversal_of_a_payment_of_very_many_invoices_is_finished_when_asked_again(
    admin: Any, owner: Staff, acme: str, long_account: list[Json], when: str
):
    path = f"/v1/clients/{acme}/payments"
    paid = owner.post(path, {"amount": "450.00", "date": "2026-03-01"}).body
    assert paid["applied"] == "450.00"
    trial = Trial(admin, owner, f"{path}/{paid['payment_id']}/reverse", {"reason": "It bounced"})
    trial.check(when, deaths=2)
    assert billing.account(owner, acme)["unpaid"] == "450.00"


def test_what_is_seen_of_the_table_tells_one_thing_from_another(
    admin: Any, owner: Staff, acme: str
):
    """Else nothing above could fail."""
    before = snapshots.take(admin, objects=False)
    found: list[Counter[str]] = []
    acts: list[Callable[[], object]] = [
        lambda: billing.invoiced(owner, acme, "10.00"),
        lambda: billing.invoiced(owner, acme, "10.00"),
        lambda: billing.invoiced(owner, acme, "11.00"),
    ]
    for act in acts:
        snapshots.restore(admin, before, objects=False)
        act()
        found.append(seen(snapshots.take(admin, objects=False), before))
    assert found[0] == found[1] != found[2]
