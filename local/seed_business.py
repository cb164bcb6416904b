"""Enters the two years of business through the API, as the staff would have, day by day.

Each call has a key, so that what was interrupted goes on where it was, for a day.
"""

import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import batched, groupby
from typing import Any

from local import firm
from local.business import Deed, Sale, sales, work
from local.firm import SeedClient

type Json = dict[str, Any]
type Call = Callable[..., Json]
"""Calls the API: method, path, body, and the key that makes it safe to repeat."""

_AT_ONCE = 100  # of a bulk finalizing
_ESTIMATES, _MAILS = 40, 6
_BILLING = {
    "billing": {
        "vat_id": "DE811569869",
        "registration": "Amtsgericht Köln HRB 12345",
        "bank": "Sparkasse KölnBonn",
        "iban": "DE89370400440532013000",
        "bic": "COLSDE33XXX",
        "payment_terms": "Payable without deduction by the due date.",
        "locale": "de-DE",
    },
    "tax_rates": [{"name": "VAT 19 %", "rate": "19"}, {"name": "VAT 7 %", "rate": "7"}],
}


@dataclass
class Entered:
    """An invoice as it is in the books: its path, and what it comes to."""

    sale: Sale
    client_id: str
    invoice_id: str
    payable: Decimal
    net: Decimal

    @property
    def path(self) -> str:
        return f"/v1/clients/{self.client_id}/invoices/{self.invoice_id}"


def seed_business(
    call: Call, pool: Executor, clients: Sequence[tuple[SeedClient, str]], today: date | None = None
) -> Counter[str]:
    """Enter everything; returns how much of each kind. `clients` with their ids."""
    today = today or firm.today()
    call("PATCH", "/v1/settings", _BILLING)
    billed = [(client, each) for client, each in clients if not client.suspension]
    kinds = [
        (client.request["billing_address"]["country"], client.request["currency"])
        for client, _ in billed
    ]
    ids = [each for _, each in billed]
    done: Counter[str] = Counter()
    entered: list[Entered] = []
    planned = sales(kinds, today)
    for _, month in groupby(planned, key=lambda sale: sale.issued.replace(day=1)):
        entered += _finalized(call, pool, list(month), ids)
    done["invoices"] = len(entered)
    for counted in pool.map(lambda own: _settled(call, own, today), _by_client(entered)):
        done += counted
    done += _estimated(call, pool, kinds, ids, today)
    for each in entered[-_MAILS:]:
        call("POST", f"{each.path}/send", {}, key=f"seed-mail-{each.sale.number}")
    done["mails with a PDF"] = len(entered[-_MAILS:])
    return done


def _finalized(
    call: Call, pool: Executor, planned: Sequence[Sale], ids: Sequence[str]
) -> Iterator[Entered]:
    """A month's invoices: drafted side by side, and finalized in the order of their dates."""

    def drafted(sale: Sale) -> Entered:
        client_id = ids[sale.buyer.number]
        path, key = f"/v1/clients/{client_id}/invoices", f"seed-invoice-{sale.number}"
        draft = call("POST", path, sale.request, key=key)
        totals = draft["totals"]
        payable, net = Decimal(totals["payable"]), Decimal(totals["net"])
        return Entered(sale, client_id, draft["invoice_id"], payable, net)

    for batch in batched(pool.map(drafted, planned), _AT_ONCE, strict=False):
        named = [{"client_id": e.client_id, "invoice_id": e.invoice_id} for e in batch]
        key = f"seed-finalize-{batch[0].sale.number}"
        answer = call("POST", "/v1/invoices/finalize", {"invoices": named}, key=key)
        for each, result in zip(batch, answer["results"], strict=True):
            if not result["ok"]:  # others were in its way, or it is so already
                call("POST", f"{each.path}/finalize", key=f"seed-finalize-one-{each.sale.number}")
        yield from batch


def _by_client(entered: Iterable[Entered]) -> list[list[Entered]]:
    """What happens to one client happens in turn."""
    groups: dict[str, list[Entered]] = defaultdict(list)
    for each in entered:
        groups[each.client_id].append(each)
    return list(groups.values())


def _settled(call: Call, own: Sequence[Entered], today: date) -> Counter[str]:
    """All that happened to a client's invoices up to today, by its date."""
    done: Counter[str] = Counter()
    happened = [
        (each.sale.issued + timedelta(days=deed.days), each, place, deed)
        for each in own
        for place, deed in enumerate(each.sale.deeds)
    ]
    payments: dict[str, str] = {}  # the last of an invoice
    for day, each, place, deed in sorted(happened, key=lambda h: (h[0], h[1].sale.number, h[2])):
        if day <= today:
            key = f"seed-{deed.kind}-{each.sale.number}-{place}"
            _do(call, day, each, deed, payments, key)
            done[f"{deed.kind.replace('_', ' ')}s"] += 1
    return done


def _do(
    call: Call, day: date, each: Entered, deed: Deed, payments: dict[str, str], key: str
) -> None:
    client, on = f"/v1/clients/{each.client_id}", {"date": day.isoformat()}
    match deed.kind:
        case "payment":
            made = call("POST", f"{client}/payments", _paid(call, each, deed) | on, key=key)
            payments[each.invoice_id] = made["payment_id"]
        case "reversal":
            path = f"{client}/payments/{payments[each.invoice_id]}/reverse"
            call("POST", path, on | {"reason": "The cheque bounced"}, key=key)
        case "write_off":
            path = f"{each.path}/write-off"
            call("POST", path, on | {"reason": "The firm is insolvent"}, key=key)
        case "credit_note":
            call("POST", f"{client}/credit-notes", _credited(each, deed, day), key=key)


def _paid(call: Call, each: Entered, deed: Deed) -> Json:
    """A part of the invoice, what is left of it, or more than that."""
    amount = _part(each.payable, deed.share)
    applied = min(amount, each.payable)
    if deed is each.sale.deeds[-1] and deed is not each.sale.deeds[0]:
        amount = applied = Decimal(call("GET", each.path)["totals"]["balance"])
    return {
        "amount": str(amount),
        "currency": each.sale.buyer.currency,
        "method": deed.method,
        "allocations": [{"invoice_id": each.invoice_id, "amount": str(applied)}],
    }


def _credited(each: Entered, deed: Deed, day: date) -> Json:
    """A tenth of the net, at the tax of the invoice's first line."""
    first = each.sale.lines[0]
    tax = {name: first[name] for name in ("tax_rate", "tax_category") if name in first}
    price = str(_part(each.net, deed.share))
    line = {"description": "Credited as agreed", "unit_price": price} | tax
    days = {"issue_date": day.isoformat(), "reason": "Not all was as ordered"}
    return days | {"invoice_id": each.invoice_id, "lines": [line]}


def _part(amount: Decimal, share: Decimal) -> Decimal:
    """Of what was invoiced, with the currency's decimals."""
    return (amount * share).quantize(amount, ROUND_HALF_UP)


def _estimated(
    call: Call,
    pool: Executor,
    kinds: Sequence[tuple[str, str]],
    ids: Sequence[str],
    today: date,
) -> Counter[str]:
    """The estimates of the last weeks: some are open, some taken, some not, some ran out."""

    def one(number: int) -> str:
        chance = random.Random(zlib.crc32(f"estimate {number}".encode()))  # noqa: S311
        place = chance.randrange(len(ids))
        issued = today - timedelta(days=chance.randint(0, 60))
        body = {"issue_date": issued.isoformat(), "lines": work(chance, *kinds[place])}
        path, key = f"/v1/clients/{ids[place]}/estimates", f"seed-estimate-{number}"
        made = call("POST", path, body, key=key)
        if made["status"] == "expired":
            return "estimates"
        what = chance.choice(("accept", "accept", "decline", None, None))
        if what:
            call("POST", f"{path}/{made['estimate_id']}/{what}", {}, key=f"{key}-{what}")
        if what == "accept" and number % 2:
            call("POST", f"{path}/{made['estimate_id']}/convert", key=f"{key}-convert")
            return "estimates that are invoices by now"
        return "estimates"

    return Counter(pool.map(one, range(_ESTIMATES)))
