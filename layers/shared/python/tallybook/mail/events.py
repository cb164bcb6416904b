"""What the mail service tells of a mail, written down. Twice or in another order, it is the same.

An address whose mail came back for good, or whose owner complained, goes to the client's
suppression list in the same transaction.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from tallybook.clients.records import ClientRecord, is_there
from tallybook.dates import timestamp
from tallybook.history.entries import entry
from tallybook.history.records import HistoryRecord
from tallybook.ids import derived_id, is_ulid
from tallybook.mail.queueing import key, partition
from tallybook.mail.records import EmailRecord, HeldRecord
from tallybook.mail.rules import (
    Event,
    NotOurs,
    delivered_at,
    event_of,
    folded,
    given_up,
    grounds,
    status_of,
    with_event,
)
from tallybook.table import encode, find, present
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged, version_changed

MOST_SUPPRESSED = 200  # of a client: beyond, the oldest goes


def work(message: Mapping[str, Any]) -> dict[str, object]:
    """Write down one event. What is about no mail of ours, or one that is gone, is let go."""
    try:
        event = event_of(message)
    except NotOurs as error:
        return {"state": f"not ours: {error}"}
    if not is_ulid(event.email_id) or (event.client_id and not is_ulid(event.client_id)):
        return {"state": "not ours: no ids"}
    sent_at = _moment((message["mail"].get("timestamp")) or event.at)
    return {"email_id": event.email_id, "state": until_unchanged(lambda: _apply(event, sent_at))}


def _apply(event: Event, sent_at: str) -> str:
    record = find(EmailRecord, *key(event.client_id, event.email_id))
    if record is None:
        return "gone"
    evidence = with_event(record.evidence, event)
    if evidence == record.evidence:
        return "known"
    row = dict(record.row)
    sent_to = {folded(each) for each in row["to"]}
    sent_to -= {folded(each["address"]) for each in row.get("skipped", [])}
    row["status"] = status_of(row["status"], evidence, sent_to)
    row.setdefault("sent_at", sent_at)
    if moment := delivered_at(evidence):
        row["delivered_at"] = _moment(moment)
    transaction = Transaction()
    condition = present(EmailRecord) & (EmailRecord.version == record.version)
    known = [Path("evidence").set(encode(evidence)), EmailRecord.version.add(1)]
    actions: list[Action] = [*known, *_changes(record.row, row), *_freed(record, row)]
    transaction.update(record, actions, condition, version_changed)
    if "held_at" in record.row and row["status"] != "queued":
        transaction.delete(HeldRecord(record.pk, f"HELD#EMAIL#{event.email_id}"))
    _suppress(transaction, record, event, evidence)
    transaction.commit()
    return str(row["status"])


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Action]:
    """Member by member: opens are counted in the same row meanwhile."""
    return [
        Path(["row", name]).set(encode(value))
        for name, value in after.items()
        if before.get(name) != value
    ]


def _freed(record: EmailRecord, row: Mapping[str, Any]) -> list[Action]:
    """A mail of which this tells what came waits for nobody: who was sending it may be gone."""
    if row["status"] in ("queued", "sending"):
        return []
    marks = [Path(["row", "held_at"])] if "held_at" in record.row else []
    if record.claim is not None:
        marks += [Path("claim"), Path(["row", "sending_until"])]
    return [mark.remove() for mark in marks]


def _suppress(
    transaction: Transaction, record: EmailRecord, event: Event, evidence: dict[str, Any]
) -> None:
    """Put the addresses that this event says are to be given up on the client's list.

    A complaint takes the place of a bounce; either is told to the client's history.
    """
    known, client_id, email_id = grounds(record.evidence), event.client_id, event.email_id
    new = {ground: fact for ground, fact in grounds(evidence).items() if ground not in known}
    client = find(ClientRecord, partition(client_id), "CLIENT") if client_id and new else None
    if client is None or client_id is None or client.removed_at:
        return
    for (address, reason), fact in new.items():
        transaction.put(_told(client_id, email_id, address, reason, fact))
    listed = dict(client.suppressed or {})
    for address, (reason, fact) in given_up(evidence).items():
        if (address, reason) in new:
            listed[address] = {
                "address": address,
                "reason": reason,
                "detail": fact["detail"],
                "at": _moment(fact["at"]),
                "email_id": email_id,
            }
    while len(listed) > MOST_SUPPRESSED:
        del listed[min(listed, key=lambda address: listed[address]["at"])]
    list_ = ClientRecord.suppressed
    unchanged = list_ == client.suppressed if client.suppressed else list_.does_not_exist()
    transaction.update(client, [list_.set(listed)], is_there() & unchanged, version_changed)


def _told(
    client_id: str, email_id: str, address: str, reason: str, fact: Mapping[str, Any]
) -> HistoryRecord:
    """The entry of the client's history; it is the same one when the event comes again."""
    digest = hashlib.sha256(f"{email_id} {address} {reason}".encode()).digest()
    at = datetime.fromisoformat(fact["at"])
    happened = {"bounce": "Mail came back from", "complaint": "Marked as spam by"}[reason]
    return entry(
        client_id,
        "email",
        at=at,
        entry_id=derived_id(at, int.from_bytes(digest[:10])),
        text=f"{happened} {address}",
        event={"bounce": "email.bounced", "complaint": "email.complained"}[reason],
        email_id=email_id,
        address=address,
        detail=fact["detail"],
    )


def _moment(text: str) -> str:
    """A time as the mail service writes it, as all times are written here."""
    return timestamp(datetime.fromisoformat(text))
