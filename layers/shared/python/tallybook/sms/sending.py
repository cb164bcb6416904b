"""Sending an SMS, so that it leaves once at most (DESIGN.md, section 5; `claims`)."""

from contextlib import suppress
from datetime import datetime

from aws_lambda_powertools import Logger

from tallybook import claims
from tallybook.clients.presence import current_with
from tallybook.clients.records import ClientRecord
from tallybook.dates import now, timestamp
from tallybook.errors import ClientNotFound
from tallybook.handover import NotNow, Refused, Unclear
from tallybook.mail.holding import hold, no_longer_held
from tallybook.sms import network
from tallybook.sms.mapping import key
from tallybook.sms.records import SmsRecord
from tallybook.table import read
from tallybook.versions import VersionChanged, until_unchanged

logger = Logger()


def work(client_id: str, sms_id: str) -> str:
    """Send the SMS if it is due; returns its state, or "gone" or "held".

    Raises `claims.InHand` while another worker may be sending it, and `NotNow` when the
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
        if hold(record, via="sms", at=at):
            return "held"
        raise VersionChanged  # active by now: look again
    try:
        claim_id = claims.take(record, "sending", at=at, also=no_longer_held(record))
    except claims.Lost as lost:
        return str(lost)
    return _given(record, claim_id)


def _look(client_id: str, sms_id: str) -> tuple[ClientRecord, SmsRecord] | None:
    """The client and the SMS, if they are there. One BatchGetItem."""
    _, sk = key(client_id, sms_id)
    try:
        client, items = current_with(client_id, sk)
    except ClientNotFound:
        return None
    return (client, read(SmsRecord, items[sk])) if sk in items else None


def _left_alone(record: SmsRecord, at: datetime) -> str:
    """The state of one that is not to be sent; one that a worker left half-way is given up."""
    if not claims.is_over(record.row, at):
        return str(record.row["status"])
    with suppress(claims.Lost):
        claims.give_up(record, at=at)
    return "unknown"


def _given(record: SmsRecord, claim_id: str) -> str:
    """Give it to the network; returns its state."""
    try:
        message_id = network.send(record.row["to"], record.row["body"])
    except NotNow:
        claims.release(record, claim_id)
        raise
    except Refused as refused:
        return _concluded(record, claim_id, "failed", failure=str(refused))
    except Unclear:
        logger.warning("unclear", exc_info=True)
        return _concluded(record, claim_id, "unknown")
    return _concluded(record, claim_id, "sent", sent_at=timestamp(now()), message_id=message_id)


def _concluded(record: SmsRecord, claim_id: str, status: str, **row: object) -> str:
    try:
        claims.conclude(record, claim_id, status, **row)
    except claims.Lost as lost:  # the client was deleted meanwhile
        return str(lost)
    return status
