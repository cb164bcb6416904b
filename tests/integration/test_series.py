"""Numbers of invoices: many people finalize at once, and none is missing or given twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tallybook.authors import By
from tallybook.dates import now
from tallybook.errors import Busy, NotADraft
from tallybook.idempotency import once
from tallybook.invoices import bulk, finalizing
from tallybook.invoices.models import InvoiceRef, InvoicesToFinalize
from tests.support.api import Staff
from tests.support.billing import account, drafted, new_client_id, path

WORKERS = 20
ADA = By(staff_id="0b1fd0a1-0000-4000-8000-000000000001", name="Ada")
NO_CLAIM: Any = once(None, caller="", request="", body="", at=now(), answer=lambda _: None)  # type: ignore[arg-type, return-value]

# People are threads that call what the handler calls: a resolver, like a function's container,
# serves one request at a time.


def finalize(draft: dict[str, Any]) -> dict[str, Any]:
    ids = draft["client_id"], draft["invoice_id"]
    found = finalizing.finalize(*ids, by=ADA, at=now(), if_match=None, once=NO_CLAIM)
    return found.model_dump(mode="json")


def finalize_at_once(drafts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each draft by a person of its own, who tries again when told to; what they were answered."""

    def one(draft: dict[str, Any]) -> dict[str, Any]:
        while True:
            try:
                return finalize(draft)
            except Busy:
                continue

    with ThreadPoolExecutor(max_workers=WORKERS) as people:
        return list(people.map(one, drafts))


def numbering(owner: Staff, **fields: Any) -> None:
    assert owner.patch("/v1/settings", {"numbering": fields}).status == 200


@pytest.mark.parametrize("yearly", [True, False], ids=["yearly", "for ever"])
def test_numbers_are_gapless_and_unique_over_two_years(yearly: bool, owner: Staff):
    if not yearly:
        numbering(owner, yearly=False, invoice="INV-{seq:05}")
    clients = [new_client_id(owner) for _ in range(5)]
    days = ("2025-12-31", "2026-01-01")
    drafts = [drafted(owner, clients[place % 5], issue_date=days[place % 2]) for place in range(40)]
    invoices = finalize_at_once(drafts)
    numbers = sorted(each["number"] for each in invoices)
    if yearly:
        expected = [f"INV-{year}-{place:05}" for year in (2025, 2026) for place in range(1, 21)]
        assert all(each["number"][4:8] == each["issue_date"][:4] for each in invoices)
    else:
        expected = [f"INV-{place:05}" for place in range(1, 41)]
    assert numbers == expected
    for client_id in clients:
        assert account(owner, client_id)["unpaid"] == f"{8 * 238}.00"


def test_packs_and_single_ones_share_a_series(owner: Staff):
    client_id, others = new_client_id(owner), [new_client_id(owner) for _ in range(6)]
    packs = [
        [drafted(owner, each, issue_date="2026-01-01") for each in others for _ in range(3)]
        for _ in range(4)
    ]
    single = [drafted(owner, client_id, issue_date="2026-01-01") for _ in range(12)]

    def pack(drafts: list[dict[str, Any]]) -> list[str]:
        numbers: dict[str, str] = {}
        while len(numbers) < len(drafts):
            refs = [
                InvoiceRef(client_id=each["client_id"], invoice_id=each["invoice_id"])
                for each in drafts
                if each["invoice_id"] not in numbers
            ]
            wanted = InvoicesToFinalize(invoices=refs)
            for each in bulk.finalize(wanted, by=ADA, at=now(), once=NO_CLAIM).results:
                assert each.code in (None, "try_again"), each
                if each.number:
                    numbers[each.invoice_id] = each.number
        return list(numbers.values())

    with ThreadPoolExecutor(max_workers=WORKERS) as people:
        packed = [people.submit(pack, each) for each in packs]
        alone = finalize_at_once(single)
        found = [*(each["number"] for each in alone)]
        found += [number for each in packed for number in each.result()]
    assert sorted(found) == [f"INV-2026-{place:05}" for place in range(1, 85)]


def test_one_draft_that_many_finalize_has_one_number(owner: Staff):
    draft = drafted(owner, new_client_id(owner), issue_date="2026-01-01")

    def one(_: int) -> str:
        try:
            return str(finalize(draft)["number"])
        except (NotADraft, Busy) as refusal:
            return refusal.code

    with ThreadPoolExecutor(max_workers=WORKERS) as people:
        counted = Counter(people.map(one, range(WORKERS)))
    assert counted.pop("INV-2026-00001") == 1
    assert counted.keys() <= {"not_a_draft", "try_again"}
    assert owner.get("/v1/settings/numbering/invoice").body["in_use"]
    other = drafted(owner, draft["client_id"], issue_date="2026-01-01")
    assert owner.post(f"{path(other)}/finalize").body["number"] == "INV-2026-00002"
