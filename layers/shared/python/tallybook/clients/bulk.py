"""Bulk actions: each client on its own, so that one that fails does not stop the others."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from tallybook.authors import By
from tallybook.clients import deletion, store
from tallybook.clients.models import Change, Outcome, Outcomes
from tallybook.errors import TallybookError
from tallybook.idempotency import AlreadyAnswered, Once
from tallybook.transactions import Transaction

_AT_ONCE = 8


def apply(change: Change, *, by: By, at: datetime, once: Once) -> Outcomes:
    """Do the action on every client, and say for each whether it worked.

    With an Idempotency-Key each client's transaction carries its own claim, so that a repetition
    after a crash goes on where the first one stopped and reports the same.
    """
    once.recall()
    act = _action(change.action, by=by, at=at)
    client_ids = list(dict.fromkeys(change.client_ids))
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as workers:
        outcomes = workers.map(lambda each: _outcome(act, each, once.part(each)), client_ids)
        results = Outcomes(results=list(outcomes))
    transaction = Transaction()
    once.claim(transaction, results)
    transaction.commit()
    return results


def _action(name: str, *, by: By, at: datetime) -> Callable[[str, Once], object]:
    match name:
        case "delete":
            return lambda each, once: deletion.delete(each, by=by, at=at, once=once)
        case "suspend":
            return lambda each, once: store.suspend(each, None, by=by, at=at, once=once)
        case _:
            return lambda each, once: store.activate(each, by=by, at=at, once=once)


def _outcome(act: Callable[[str, Once], object], client_id: str, once: Once) -> Outcome:
    try:
        act(client_id, once)
    except AlreadyAnswered:
        return Outcome(client_id=client_id, ok=True, code=None)
    except TallybookError as error:
        return _after_refusal(client_id, once, error)
    return Outcome(client_id=client_id, ok=True, code=None)


def _after_refusal(client_id: str, once: Once, error: TallybookError) -> Outcome:
    """A client that an earlier try deleted is not missing: it was done."""
    try:
        once.recall()
    except AlreadyAnswered:
        return Outcome(client_id=client_id, ok=True, code=None)
    return Outcome(client_id=client_id, ok=False, code=error.code)
