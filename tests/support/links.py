"""Payment links of a client, and whoever opens one."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallybook.dates import now
from tallybook.ids import new_id
from tests.support import stored
from tests.support.api import Answer, Caller, Staff, function

FINALIZED = {
    "number": "INV-2026-00042",
    "currency": "EUR",
    "issue_date": "2026-11-01",
    "due_date": "2199-12-01",
    "status": "partially_paid",
    "total": Decimal("1250.00"),
    "paid": Decimal("1000.00"),
    "credited": Decimal(0),
    "written_off": Decimal(0),
    "balance": Decimal("250.00"),
}


def add_invoice(client_id: str, **row: Any) -> str:
    """An invoice as it stands in the table, without its lines: what a link looks at."""
    invoice_id = new_id(now())
    own = {"client_id": client_id, "invoice_id": invoice_id}
    stored.put(
        f"CLIENT#{client_id}",
        f"INVOICE#{invoice_id}",
        listing_pk="INVOICES",
        listing_sk=f"2026-11-01#{invoice_id}",
        row={name: value for name, value in (FINALIZED | own | row).items() if value is not None},
        entered={},
        sums={},
        updated_at="2026-11-01T07:04:00.000Z",
        version=1,
    )
    return invoice_id


def made(staff: Staff, client_id: str, **fields: Any) -> dict[str, Any]:
    """A payment link, as the API gives it."""
    answer = staff.post(f"/v1/clients/{client_id}/payment-links", fields)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def token_of(link: dict[str, Any]) -> str:
    return str(link["url"]).rpartition("/")[2]


def opened(link: dict[str, Any] | str) -> Answer:
    """What the page behind a link, or a token, is told."""
    return Caller().get(f"/pay/{link if isinstance(link, str) else token_of(link)}")


def later(clock: pytest.MonkeyPatch, **by: float) -> None:
    """Time has passed for links, those who make them and those who open them."""
    for name in ("pay", "payment_links"):
        clock.setattr(function(name), "now", lambda: now() + timedelta(**by))
