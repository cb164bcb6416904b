"""The same operations with few clients and with very many, who are imported in between."""

from collections.abc import Callable
from typing import Any

from tests.bench.operations import Measured, Request, create, fields, get, measured
from tests.support import firm

FEW = 100
_NEEDLES = 3


class Firm:
    """A firm of `FEW` clients, the first three of whom are called Needle."""

    def __init__(self, admin: Any) -> None:
        needles = [firm.client(number, first_name="Needle") for number in range(_NEEDLES)]
        ids = firm.fill(admin, [*needles, *map(firm.client, range(_NEEDLES, FEW))])
        self._admin = admin
        self._operations: dict[str, Callable[[], Request]] = {
            "list, page of 50": lambda: get("/v1/clients", limit="50"),
            "list, page of 50, newest first": lambda: get(
                "/v1/clients", limit="50", sort="-created_at"
            ),
            "quick search, three found": lambda: get("/v1/clients", q="needle"),
            "find by number": lambda: get("/v1/clients", number="F-000007"),
            "read a client": lambda: get(f"/v1/clients/{ids[0]}"),
            "create a client": lambda: create(**fields()),
        }

    def measure(self, *, rounds: int) -> list[Measured]:
        """What each operation takes with the clients that are there now."""
        return [
            measured(self._admin, name, make, rounds=rounds)
            for name, make in self._operations.items()
        ]


def broad_search(admin: Any, *, rounds: int) -> Measured:
    """A search for a word that every eighth client has."""
    return measured(admin, "", lambda: get("/v1/clients", q="bakery"), rounds=rounds)
