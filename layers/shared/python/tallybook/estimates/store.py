"""A client's estimates: read, changed and deleted while nobody has decided."""

from datetime import datetime

from tallybook.authors import By, by_of
from tallybook.callers import Caller, Role
from tallybook.clients import presence
from tallybook.errors import InvalidField
from tallybook.estimates.mapping import key, to_estimate, write_up
from tallybook.estimates.models import Estimate, EstimatePatch, NewEstimate
from tallybook.estimates.reading import with_estimate
from tallybook.estimates.records import EstimateRecord
from tallybook.estimates.revising import next_of, write
from tallybook.estimates.rules import must_be_undecided
from tallybook.history.entries import entry
from tallybook.invoices.sums import entered
from tallybook.models import merged_into
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed


def get(client_id: str, estimate_id: str, *, at: datetime) -> Estimate:
    """Raises `ClientNotFound` and `EstimateNotFound`."""
    found, record = with_estimate(client_id, estimate_id, at=at)
    return to_estimate(record, found)


def change(
    client_id: str,
    estimate_id: str,
    patch: EstimatePatch,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
) -> Estimate:
    """Merge `patch` into an estimate that nobody has decided about; it is a draft again.

    What the client was sent is another text by then, so it has to be sent again. Raises
    `EstimateClosed`, `StaleVersion` and `InvalidFields`.
    """
    document = patch.model_dump(mode="json", exclude_unset=True)

    def attempt() -> Estimate:
        found, before = with_estimate(client_id, estimate_id, at=at)
        must_match(if_match, etag(int(before.version)))
        must_be_undecided(before.row)
        new = merged_into(NewEstimate, before.entered, document)
        after = next_of(before, at=at)
        write_up(after, entered(new), found)
        if after.entered == before.entered:
            return to_estimate(before, found)
        after.row["status"], after.parties = "draft", None
        transaction = Transaction()
        write(transaction, before, after)
        presence.stays(transaction, client_id)
        names = sorted({*after.entered, *before.entered})
        changed = [n for n in names if after.entered.get(n) != before.entered.get(n)]
        text = f"Estimate {before.row['number']} changed: {', '.join(changed)}"
        told = {"estimate_id": estimate_id, "number": before.row["number"], "what": "changed"}
        transaction.put(entry(client_id, "estimate", at=at, by=by, text=text, **told))
        transaction.commit()
        return to_estimate(after, found)

    return until_unchanged(attempt)


def delete(
    client_id: str, estimate_id: str, *, caller: Caller, at: datetime, if_match: str | None
) -> None:
    """Delete an estimate that nobody has decided about; its number is never given again.

    Managers alone delete one that the client has seen. Raises `Forbidden`, `EstimateClosed` and
    `StaleVersion`.
    """

    def attempt() -> None:
        _, record = with_estimate(client_id, estimate_id, at=at)
        must_match(if_match, etag(int(record.version)))
        must_be_undecided(record.row)
        if "sent_at" in record.row:
            caller.must_be(Role.MANAGER)
        number = record.row["number"]
        transaction = Transaction()
        is_unchanged = EstimateRecord.version == record.version
        transaction.delete(
            EstimateRecord(*key(client_id, estimate_id)), is_unchanged, version_changed
        )
        presence.stays(transaction, client_id)
        told = {"estimate_id": estimate_id, "number": number, "what": "deleted"}
        text = f"Estimate {number} deleted"
        transaction.put(entry(client_id, "estimate", at=at, by=by_of(caller), text=text, **told))
        transaction.commit()

    until_unchanged(attempt)


def must_say_something(record: EstimateRecord) -> None:
    """Raises `InvalidField` unless it has lines that come to something that can be asked for."""
    if not record.entered.get("lines"):
        raise InvalidField("lines", "An estimate needs a line.")
    if record.row["total"] < 0:
        raise InvalidField("lines", "It comes to less than nothing.")
