"""Activating a client, and what becomes of what was missed while it was suspended."""

from contextlib import suppress
from datetime import datetime

from tallybook.authors import By
from tallybook.clients import store
from tallybook.idempotency import AlreadyAnswered, Once
from tallybook.missed import listing
from tallybook.missed.deciding import apply, same_for_all
from tallybook.missed.models import Activated, Activation, DecidedOutcome
from tallybook.transactions import Transaction


def activate(client_id: str, wanted: Activation, *, by: By, at: datetime, once: Once) -> Activated:
    """Activate the client, then decide about the oldest hundred of what was missed, if asked to.

    Each in transactions of its own, with its own claim: a request that is repeated after a crash
    goes on where the first one stopped. Raises `ClientNotFound`.
    """
    once.recall()
    with suppress(AlreadyAnswered):  # by the request that this one repeats
        store.activate(client_id, by=by, at=at, once=once.part("activate"))
    results: list[DecidedOutcome] = []
    if wanted.missed != "ask":
        chosen = same_for_all(client_id, wanted.missed)
        results = apply(client_id, chosen, by=by, at=at, once=once)
    client = store.get(client_id, by=by.staff_id, at=at)
    activated = Activated.model_construct(
        **dict(client), missed=listing.count(client_id), results=results
    )
    transaction = Transaction()
    once.claim(transaction, activated)
    transaction.commit()
    return activated
