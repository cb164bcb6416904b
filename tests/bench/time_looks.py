"""What a look at a client asks of the table: with nothing due, and with one reminder to send."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from datetime import timedelta
from functools import partial
from statistics import median
from typing import Any

from tallybook.chasing import looking
from tallybook.dates import now
from tests.bench.billing_books import lengthen
from tests.bench.operations import Measured
from tests.support import billing, capacity, firm
from tests.support.api import Staff

HISTORY = (10, 10_000)
_OWNER = Staff("owner")
_STEPS = [{"days": 3, "action": "email", "template": "reminder_friendly"}]

type Look = Callable[[], object]


def measure(
    admin: Any, *, rounds: int, histories: Sequence[int] = HISTORY
) -> list[tuple[Measured, ...]]:
    """Each kind of look with each history. Needs a table to itself."""
    with redirect_stdout(io.StringIO()):
        workflow = _OWNER.post("/v1/workflows", {"name": "Bench", "steps": _STEPS}).body
        _OWNER.patch("/v1/settings", {"workflow_id": workflow["workflow_id"]})
        ids = firm.fill(admin, map(firm.client, range(len(histories))))
        found = [
            list(_looks(admin, client_id, older, rounds))
            for client_id, older in zip(ids, histories, strict=True)
        ]
    return list(zip(*found, strict=True))


def _looks(admin: Any, client_id: str, older: int, rounds: int) -> Iterator[Measured]:
    billing.invoiced(_OWNER, client_id, "100.00")
    lengthen(admin, client_id, older)
    look = partial(_look, client_id)
    look()  # plans the next one
    yield _measured(admin, "look, nothing due", [], look, rounds)
    yield _measured(
        admin,
        "look, a reminder of one invoice",
        [partial(_end_overdue, client_id), look, partial(_overdue, client_id)],
        look,
        rounds,
    )


def _look(client_id: str) -> None:
    looking.look(client_id, now())


def _overdue(client_id: str) -> None:
    """An invoice that has been due for five days."""
    day = now().date()
    dates = {"issue_date": f"{day - timedelta(20)}", "due_date": f"{day - timedelta(5)}"}
    billing.invoiced(_OWNER, client_id, "100.00", **dates)


def _end_overdue(client_id: str) -> None:
    path = f"/v1/clients/{client_id}/invoices"
    for each in _OWNER.get(path, status="overdue").body["items"]:
        answer = _OWNER.post(f"{path}/{each['invoice_id']}/void", {})
        assert answer.status == 200, answer.body


def _measured(admin: Any, name: str, before: Sequence[Look], look: Look, rounds: int) -> Measured:
    for act in (*before, look, *before):
        act()
    with capacity.spent(admin) as spent:
        look()
        requests, reads, writes = spent.requests, spent.reads, spent.writes
    runs = []
    for _ in range(rounds):
        for act in before:
            act()
        began = time.process_time()
        look()
        runs.append(1000 * (time.process_time() - began))
    return Measured(name, requests, reads, writes, median(runs))
