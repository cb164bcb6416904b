"""What the client said to an estimate: accepted or declined, once."""

from datetime import datetime

from tallybook.authors import By
from tallybook.clients import presence
from tallybook.dates import timestamp
from tallybook.estimates.mapping import freeze, to_estimate
from tallybook.estimates.models import Choice, Estimate
from tallybook.estimates.reading import with_estimate
from tallybook.estimates.revising import next_of, write
from tallybook.estimates.rules import must_hold
from tallybook.estimates.store import must_say_something
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged


def decide(
    client_id: str,
    estimate_id: str,
    decision: Choice,
    *,
    reason: str | None,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> Estimate:
    """Note down that the client accepted or declined. One BatchGetItem and one transaction.

    Raises `EstimateClosed` when that is decided already, or the estimate holds no longer;
    `StaleVersion`; and `InvalidField` when it says nothing.
    """

    def attempt() -> Estimate:
        found, before = with_estimate(client_id, estimate_id, at=at)
        must_match(if_match, etag(int(before.version)))
        must_hold(before.row, found.today)
        must_say_something(before)
        after = next_of(before, at=at)
        freeze(after, found)
        after.row["status"] = decision
        decided = {"decision": decision, "at": timestamp(at), "by": by.model_dump()}
        after.decided = decided | ({"reason": reason} if reason else {})
        estimate = to_estimate(after, found)
        transaction = Transaction()
        once.claim(transaction, estimate)
        write(transaction, before, after)
        presence.stays(transaction, client_id)
        told = {"estimate_id": estimate_id, "number": estimate.number, "what": decision}
        text = f"Estimate {estimate.number} {decision}" + (f": {reason}" if reason else "")
        event = f"estimate.{decision}"
        transaction.put(entry(client_id, "estimate", at=at, by=by, text=text, event=event, **told))
        transaction.commit()
        return estimate

    return until_unchanged(attempt)
