"""Sending an SMS, so that it leaves once at most (DESIGN.md, section 5; `claims`)."""

from contextlib import suppress
from datetime import datetime

from aws_lambda_powertools import Logger
from pynamodb.expressions.operand import Path

from tallybook import claims
from tallybook.clients.records import ClientRecord, is_there
from tallybook.dates import now, timestamp
from tallybook.mail.records import HeldRecord
from tallybook.sms import network
from tallybook.sms.mapping import PREFIX, key
from tallybook.sms.records import SmsRecord
from tallybook.table import find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged, version_changed

logger = Logger()


def work(client_id: str, sms_id: str) -> str:
    """Send the SMS if it is due; returns its state, or "gone" or "held".

    Raises `claims.InHand` while another worker may be sending it, and `network.NotNow` when the
    network takes nothing now: it is queued again then.
    """
    return until_unchanged(lambda: _attempt(client_id, sms_id, now()))


def _attempt(client_id: str, sms_id: str, at: datetime) -> str:
    found = _look(client_id, sms_id)
    if found is None:
        return "gone"
    client, record = found
    if not claims.is_due(record.row, record.claim, at):
        return _left_alone(record, at)
    if client.suspended is not None:
        _hold(record, at)
        return "held"
    try:
        claim_id = claims.take(record, "sending", at=at, also=_no_longer_held(record))
    except claims.Lost as lost:
        return str(lost)
    return _given(record, claim_id)


def _look(client_id: str, sms_id: str) -> tuple[ClientRecord, SmsRecord] | None:
    """The client and the SMS, if they are there. One BatchGetItem."""
    pk, sk = key(client_id, sms_id)
    found = {
        item["sk"]["S"]: item for item in find_all([(pk, "CLIENT"), (pk, sk)], consistent=True)
    }
    if len(found) < 2 or "removed_at" in found["CLIENT"]:
        return None
    return read(ClientRecord, found["CLIENT"]), read(SmsRecord, found[sk])


def _left_alone(record: SmsRecord, at: datetime) -> str:
    """The state of one that is not to be sent; one that a worker left half-way is given up."""
    if not claims.is_over(record.row, at):
        return str(record.row["status"])
    with suppress(claims.Lost):
        claims.give_up(record, at=at)
    return "unknown"


def _hold(record: SmsRecord, at: datetime) -> None:
    """Put it aside until its client is active again; looks again when the client is by now."""
    if "held_at" in record.row:
        return
    transaction = Transaction()
    is_suspended = is_there() & ClientRecord.suspended.exists()
    transaction.check(ClientRecord(record.pk, "CLIENT"), is_suspended, version_changed)
    is_queued = SmsRecord.version == record.version
    marks = [Path(["row", "held_at"]).set({"S": timestamp(at)}), SmsRecord.version.add(1)]
    transaction.update(record, marks, is_queued, version_changed)
    transaction.put(_held(record))
    transaction.commit()


def _no_longer_held(record: SmsRecord) -> Transaction | None:
    if "held_at" not in record.row:
        return None
    transaction = Transaction()
    transaction.delete(_held(record))
    return transaction


def _held(record: SmsRecord) -> HeldRecord:
    return HeldRecord(record.pk, f"HELD#SMS#{record.sk.removeprefix(PREFIX)}", via="sms")


def _given(record: SmsRecord, claim_id: str) -> str:
    """Give it to the network; returns its state."""
    try:
        message_id = network.send(record.row["to"], record.row["body"])
    except network.NotNow:
        claims.release(record, claim_id)
        raise
    except network.Refused as refused:
        return _concluded(record, claim_id, "failed", failure=str(refused))
    except network.Unclear:
        logger.warning("unclear", exc_info=True)
        return _concluded(record, claim_id, "unknown")
    return _concluded(record, claim_id, "sent", sent_at=timestamp(now()), message_id=message_id)


def _concluded(record: SmsRecord, claim_id: str, status: str, **row: object) -> str:
    try:
        claims.conclude(record, claim_id, status, **row)
    except claims.Lost as lost:  # the client was deleted meanwhile
        return str(lost)
    return status
