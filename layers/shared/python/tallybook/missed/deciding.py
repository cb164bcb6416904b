"""Deciding about what was missed: each on its own, so that one that fails stops no other.

With an Idempotency-Key each decision's transaction carries its own claim, so that a request that is
repeated after a crash goes on where the first one stopped and reports the same.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tallybook import dates
from tallybook.authors import By
from tallybook.clients import presence
from tallybook.errors import MissedNotFound, TallybookError
from tallybook.idempotency import AlreadyAnswered, Once
from tallybook.missed import listing
from tallybook.missed.doing import Deed, do
from tallybook.missed.kinds import Decision
from tallybook.missed.models import MOST_DECISIONS, DecidedMissed, DecidedOutcome, Decisions
from tallybook.missed.records import MissedRecord
from tallybook.problems import problem_of
from tallybook.settings import store as settings_store
from tallybook.transactions import Transaction


def decide(client_id: str, wanted: Decisions, *, by: By, at: datetime, once: Once) -> DecidedMissed:
    """Do what staff decided. A transaction for each, one after another: they are of one client.

    Raises `ClientNotFound`, and `ClientSuspended` when anything is to be done for one that is.
    """
    once.recall()
    client = presence.current(client_id)
    chosen = _chosen(client_id, wanted)
    if any(what != "drop" for what in chosen.values()):
        presence.must_be_active(client)
    results = apply(client_id, chosen, by=by, at=at, once=once)
    decided = DecidedMissed(results=results, left=listing.count(client_id))
    transaction = Transaction()
    once.claim(transaction, decided)
    transaction.commit()
    return decided


def apply(
    client_id: str, chosen: dict[str, Decision], *, by: By, at: datetime, once: Once
) -> list[DecidedOutcome]:
    """What became of the decisions, by the ids of what was missed. One BatchGetItem beside them."""
    records = listing.find(client_id, chosen)
    today = dates.today(at, settings_store.get().time_zone)
    results = []
    for place, (missed_id, what) in enumerate(chosen.items()):
        moment = at + timedelta(milliseconds=place)  # so that the ids of what is made are in order
        part = once.part(missed_id)
        deed = Deed(client_id=client_id, today=today, by=by, at=moment, once=part)
        results.append(_outcome(missed_id, records.get(missed_id), what, deed))
    return results


def same_for_all(client_id: str, what: Decision) -> dict[str, Decision]:
    """The same decision about all that was missed, but about the oldest hundred at most."""
    oldest: Iterable[MissedRecord] = listing.oldest(client_id, MOST_DECISIONS)
    return {each.row["missed_id"]: what for each in oldest}


def _chosen(client_id: str, wanted: Decisions) -> dict[str, Decision]:
    if wanted.all is not None:
        return same_for_all(client_id, wanted.all)
    return {each.missed_id: each.do for each in wanted.decisions or ()}


def _outcome(
    missed_id: str, record: MissedRecord | None, what: Decision, deed: Deed
) -> DecidedOutcome:
    try:
        if record is None:
            raise MissedNotFound
        do(record, what, deed)
    except AlreadyAnswered:
        pass
    except TallybookError as error:
        return _after_refusal(missed_id, deed, error)
    return _done(missed_id)


def _after_refusal(missed_id: str, deed: Deed, error: TallybookError) -> DecidedOutcome:
    """What an earlier try did is not missing: it was done."""
    try:
        deed.once.recall()
    except AlreadyAnswered:
        return _done(missed_id)
    return DecidedOutcome(
        missed_id=missed_id, ok=False, code=error.code, detail=problem_of(error).detail
    )


def _done(missed_id: str) -> DecidedOutcome:
    return DecidedOutcome(missed_id=missed_id, ok=True, code=None, detail=None)
