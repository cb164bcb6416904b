"""What the operations of billing ask of the table: writes, and reads whatever was before."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any

from tests.bench.billing_books import lengthen, new_invoice
from tests.bench.operations import Measured, Request, measured, send
from tests.support import firm

HISTORY = (10, 10_000)
_GROSS = "2142.00"  # of such an invoice
_OF_THE_MONTH = 10  # invoices


class _Desk:
    """Makes requests, each about a client of its own, so that all of a kind are alike."""

    def __init__(self, admin: Any, clients: int) -> None:
        self._clients = iter(firm.fill(admin, map(firm.client, range(clients))))
        self._keys = itertools.count(1)

    def client(self) -> str:
        return next(self._clients)

    def draft(self, client_id: str | None = None) -> Request:
        path = f"/v1/clients/{client_id or self.client()}/invoices"
        return "invoices", "POST", path, {"body": new_invoice()}

    def finalize(self, client_id: str | None = None) -> Request:
        path = send(self.draft(client_id)).headers["location"]
        return "invoices", "POST", f"{path}/finalize", {}

    def keyed(self) -> Request:
        name, method, path, _ = self.finalize()
        return name, method, path, {"headers": {"Idempotency-Key": f"bench {next(self._keys)}"}}

    def invoice(self, client_id: str) -> str:
        """The path of an invoice that is finalized."""
        request = self.finalize(client_id)
        send(request)
        return request[2].removesuffix("/finalize")

    def payment(self, invoices: int, how: str) -> Request:
        client_id = self.client()
        ids = [self.invoice(client_id).rpartition("/")[2] for _ in range(invoices)]
        named = [{"invoice_id": each, "amount": _GROSS} for each in ids]
        amount = f"{2142 * invoices}.00"
        body = {"amount": amount, "allocations": named if how == "named" else how}
        return "payments", "POST", f"/v1/clients/{client_id}/payments", {"body": body}

    def paid(self, what: str, body: dict[str, Any], how: str) -> Request:
        path = send(self.payment(1, how)).headers["location"]
        return "payments", "POST", f"{path}/{what}", {"body": body}

    def ended(self, what: str) -> Request:
        return "invoices", "POST", f"{self.invoice(self.client())}/{what}", {"body": {}}

    def note(self) -> Request:
        client_id = self.client()
        body = {"invoice_id": self.invoice(client_id).rpartition("/")[2], "full": True}
        return "credit_notes", "POST", f"/v1/clients/{client_id}/credit-notes", {"body": body}


def writing(admin: Any, *, rounds: int) -> Iterator[Measured]:
    desk = _Desk(admin, 20 * (rounds + 2))
    kinds: dict[str, Callable[[], Request]] = {
        "draft an invoice of three lines": desk.draft,
        "finalize it": desk.finalize,
        "  with an Idempotency-Key": desk.keyed,
        "record a payment, one invoice named": lambda: desk.payment(1, "named"),
        "  ten named": lambda: desk.payment(10, "named"),
        "  the oldest of ten": lambda: desk.payment(10, "oldest_first"),
        "apply it to one invoice later": lambda: desk.paid("apply", {}, "none"),
        "refund some of it": lambda: desk.paid("refund", {"amount": "10.00"}, "none"),
        "reverse it, one invoice": lambda: desk.paid("reverse", {}, "named"),
        "void an invoice": lambda: desk.ended("void"),
        "write off an invoice": lambda: desk.ended("write-off"),
        "credit an invoice in full": desk.note,
    }
    for name, make in kinds.items():
        yield measured(admin, name, make, rounds=rounds)


def reading(
    admin: Any, *, rounds: int, histories: Sequence[int] = HISTORY
) -> list[tuple[Measured, ...]]:
    """Each operation with each history."""
    desk, month, found = _Desk(admin, len(histories)), f"{date.today():%Y-%m}", []  # noqa: DTZ011
    for entries in histories:
        client_id = desk.client()
        path = f"/v1/clients/{client_id}"
        for _ in range(_OF_THE_MONTH):
            invoice = desk.invoice(client_id)
        lengthen(admin, client_id, entries)
        days = {"from": f"{month}-01", "to": f"{date.today()}"}  # noqa: DTZ011
        listed = {"limit": str(_OF_THE_MONTH)}
        kinds: dict[str, Request] = {
            "read an invoice": ("invoices", "GET", invoice, {}),
            "a client's invoices, page of ten": _get("invoices", f"{path}/invoices", **listed),
            "the firm's invoices of the month, page of ten": _get(
                "invoices", "/v1/invoices", month=month, **listed
            ),
            "the firm's unpaid invoices, page of ten": _get(
                "invoices", "/v1/invoices", status="unpaid", **listed
            ),
            "overview of a client": _get("clients", f"{path}/overview"),
            "statement of this month": _get("statements", f"{path}/statement", **days),
        }
        found.append(
            [
                measured(admin, name, partial(_same, request), rounds=rounds)
                for name, request in kinds.items()
            ]
        )
    return list(zip(*found, strict=True))


def _get(function: str, path: str, **query: str) -> Request:
    return function, "GET", path, {"query": query}


def _same(request: Request) -> Request:
    return request
