"""The same operations with few clients and with very many."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from tests.bench.operations import Measured, Request, create, fields, get, measured
from tests.support import firm, local_table

FEW = 100
_CHUNK = 1_000
_NEEDLES = 3


def measure(admin: Any, url: str, *, many: int, rounds: int) -> dict[str, list[Measured]]:
    """What each operation takes with `FEW` clients, and with `many`."""
    needles = [firm.client(number, first_name="Needle") for number in range(_NEEDLES)]
    ids = firm.fill(admin, [*needles, *map(firm.client, range(_NEEDLES, FEW))])
    operations: dict[str, Callable[[], Request]] = {
        "list, page of 50": lambda: get("/v1/clients", limit="50"),
        "list, page of 50, newest first": lambda: get(
            "/v1/clients", limit="50", sort="-created_at"
        ),
        "quick search, three found": lambda: get("/v1/clients", q="needle"),
        "find by number": lambda: get("/v1/clients", number="F-000007"),
        "read a client": lambda: get(f"/v1/clients/{ids[0]}"),
        "create a client": lambda: create(**fields()),
    }

    def all_operations() -> list[Measured]:
        return [measured(admin, name, make, rounds=rounds) for name, make in operations.items()]

    few = all_operations()
    fill(url, FEW, many)
    return {
        before.name: [before, after] for before, after in zip(few, all_operations(), strict=True)
    }


def broad_search(admin: Any, *, rounds: int) -> Measured:
    """A search for a word that every eighth client has."""
    return measured(admin, "", lambda: get("/v1/clients", q="bakery"), rounds=rounds)


def fill(url: str, first: int, last: int) -> None:
    """Write the clients from number `first` up to `last`, with two processes."""
    chunks = [(url, start, min(start + _CHUNK, last)) for start in range(first, last, _CHUNK)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as writers:
        list(writers.map(_fill, chunks))


def _fill(chunk: tuple[str, int, int]) -> None:
    url, start, end = chunk
    firm.fill(local_table.client_for(url), map(firm.client, range(start, end)), start=start)
