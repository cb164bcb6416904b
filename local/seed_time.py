"""What goes on by itself in the demo firm: reminders, recurring invoices, services, promises."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from local import firm
from local.business import line
from local.firm import SeedClient

type Json = dict[str, Any]
type Call = Callable[..., Json]
"""Calls the API: method, path, body, and the key that makes it safe to repeat."""

_SENDING = {"from": "08:00", "until": "18:00", "days": ["mon", "tue", "wed", "thu", "fri"]}
_RETAINERS = ("Bookkeeping {month} {year}", "Support {month} {year}", "Maintenance, {period}")
_SERVICES = ("Hosting", "Mailboxes", "Archive of documents", "Online shop")
_PROMISES = 5


def seed_time(
    call: Call, pool: Executor, clients: Sequence[tuple[SeedClient, str]], today: date | None = None
) -> Counter[str]:
    """Enter everything; returns how much of each kind. `clients` with their ids."""
    today = today or firm.today()
    active = [(client, each) for client, each in clients if not client.suspension]
    done: Counter[str] = Counter()
    for counted in pool.map(lambda each: _of_client(call, today, *each), active):
        done += counted
    done += _promised(call, today)
    # Last: what the workflow finds due is done as soon as the agenda is worked through.
    workflow = call("POST", "/v1/workflows", {"preset": "standard"}, key="seed-workflow")
    settings = {
        "workflow_id": workflow["workflow_id"],
        "sending": _SENDING | {"holidays": list(_holidays(today))},
    }
    call("PATCH", "/v1/settings", settings)
    return done


def _of_client(call: Call, today: date, client: SeedClient, client_id: str) -> Counter[str]:
    chance = random.Random(client.request["emails"][0])  # noqa: S311 (the same every time)
    done: Counter[str] = Counter()
    if chance.random() < 0.15:
        body = _recurring(chance, client, today)
        path = f"/v1/clients/{client_id}/recurring-invoices"
        call("POST", path, body, key=f"seed-recurring-{client_id}")
        done["recurring invoices"] += 1
    if chance.random() < 0.08:
        name = f"{chance.choice(_SERVICES)} of {client.request['business_name']}"
        body = {"name": name[:200], "reference": f"srv-{chance.randint(1000, 9999)}"}
        call("POST", f"/v1/clients/{client_id}/services", body, key=f"seed-service-{client_id}")
        done["services"] += 1
    return done


def _recurring(chance: random.Random, client: SeedClient, today: date) -> Json:
    """Most began with this month, so that the first invoice is due at once; some begin later."""
    country, currency = client.request["billing_address"]["country"], client.request["currency"]
    frequency = chance.choice(("monthly", "monthly", "monthly", "quarterly", "yearly"))
    first = today.replace(day=1)
    start = first if chance.random() < 0.6 else first + timedelta(days=45)
    content = line(chance, country, currency) | {"description": chance.choice(_RETAINERS)}
    body: Json = {"frequency": frequency, "start_date": start.isoformat()}
    body["template"] = {"lines": [content | {"quantity": "1"}], "due_days": 30}
    if chance.random() < 0.2:
        body["auto_send"] = False
    return body


def _promised(call: Call, today: date) -> Counter[str]:
    """Some who owe something said when they will pay; one of them does not keep it."""
    overdue = call("GET", f"/v1/invoices?status=overdue&limit={_PROMISES}")["items"]
    for number, invoice in enumerate(overdue):
        body = {
            "amount": str(Decimal(invoice["balance"])),
            "currency": invoice["currency"],
            # From tomorrow on: that is not over when midnight comes meanwhile.
            "date": (today + timedelta(days=1 + 3 * number)).isoformat(),
            "invoice_ids": [invoice["invoice_id"]],
            "note": "Said so on the telephone.",
        }
        path = f"/v1/clients/{invoice['client_id']}/promises"
        call("POST", path, body, key=f"seed-promise-{number}")
    return Counter({"promises": len(overdue)})


def _holidays(today: date) -> Iterator[str]:
    for year in (today.year, today.year + 1):
        yield from (f"{year}-{day}" for day in ("01-01", "05-01", "10-03", "12-25", "12-26"))
