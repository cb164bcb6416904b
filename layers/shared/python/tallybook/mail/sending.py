"""Sending a mail, so that it leaves once at most (DESIGN.md, section 5; `claims`).

look → is_due → write → give. Each mail is asked again, when its turn comes, whether it may
be sent: its client may be suspended or gone by now.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from tallybook import claims
from tallybook.dates import now, timestamp
from tallybook.dynamodb import pause
from tallybook.handover import NotNow, Refused, Unclear
from tallybook.mail import ses
from tallybook.mail.composing import Stationery
from tallybook.mail.holding import no_longer_held
from tallybook.mail.letters import Letter, is_held, look, tell
from tallybook.mail.pace import pace
from tallybook.mail.records import SentTextRecord
from tallybook.mail.rendering import Rendered
from tallybook.mail.rules import ascii_address, folded
from tallybook.settings.models import Settings
from tallybook.transactions import Transaction

logger, metrics = Logger(), Metrics()
_PATIENCE = timedelta(seconds=20)  # with a mail service that asks to slow down
_LONGEST_KEPT = 30_000  # characters of a text: an item has 400 KB
_FRESH = timedelta(seconds=2)  # for so long what was read of the client is the present


@dataclass(frozen=True)
class Post:
    """A letter as it was written: `to` are the addresses that get it, `skipped` those that don't.

    `outgoing` is what the mail service is given; None when nobody is left to get it.
    """

    letter: Letter
    to: Sequence[str]
    skipped: Sequence[dict[str, str]]
    rendered: Rendered
    outgoing: ses.Outgoing | None


def write(
    letter: Letter, stationery: Stationery, *, files: Sequence[ses.File] = (), **extra: object
) -> Post:
    """The mail as its recipients will read it. Raises `Unrenderable`."""
    suppressed = (letter.client.suppressed if letter.client else None) or {}
    to, skipped = [], []
    for address in letter.record.row["to"]:
        given_up = suppressed.get(folded(address))
        if given_up:
            skipped.append({"address": address, "reason": _why(given_up)})
        else:
            to.append(address)
    rendered = stationery.write(letter.record, letter.client, extra)
    outgoing = _outgoing(letter, to, rendered, stationery.settings) if to else None
    if outgoing:
        outgoing = replace(outgoing, files=files)
    return Post(letter, to, skipped, rendered, outgoing)


def _why(given_up: dict[str, Any]) -> str:
    happened = {"bounce": "It bounced", "complaint": "Its owner complained"}[given_up["reason"]]
    detail = f": {given_up['detail']}" if given_up.get("detail") else ""
    return f"{happened} on {given_up['at'][:10]}{detail}"


def kept(post: Post, *, instead: Rendered | None = None) -> Transaction:
    """What puts down what the mail says, for the transaction that claims it.

    `instead` is said in its place when the mail holds what must not be kept.
    """
    said = instead or post.rendered
    cut = said.text if len(said.text) <= _LONGEST_KEPT else said.text[:_LONGEST_KEPT] + " […]"
    place = post.letter.record.pk, f"SENTTEXT#{post.letter.email_id}"
    transaction = Transaction()
    transaction.put(SentTextRecord(*place, subject=said.subject, text=cut))
    return transaction


def give(post: Post, claim_id: str | None = None) -> str:
    """Claim the mail unless that is done, and give it to the mail service; returns its state.

    Raises `NotNow` when the mail service takes nothing now; the mail is queued again then.
    """
    letter = post.letter
    if post.outgoing is None:
        return fail(letter, "All of its addresses are given up.", claim_id, skipped=post.skipped)
    pace.wait()
    try:
        letter = _asked_again(letter, claim_id)
        claim_id = claim_id or _taken(letter, kept(post), **_known(post))
        message_id = _sent(post.outgoing, letter, claim_id)
    except claims.Lost as lost:
        return str(lost)
    except Refused as refused:
        return fail(letter, f"The mail service refused it: {refused}", claim_id, **_known(post))
    except Unclear:
        logger.warning("unclear", exc_info=True)  # its events settle it, or its lease runs out
        return "sending"
    known = _known(post) | {"sent_at": timestamp(now()), "ses_id": message_id}
    with suppress(claims.Lost):  # the mail service's events were quicker
        claims.conclude(letter.record, claim_id, "sent", **known)
    return "sent"


def fail(letter: Letter, reason: str, claim_id: str | None = None, **row: object) -> str:
    """Say that the mail cannot be sent, and why; the client's history is told."""
    told = Transaction()
    tell(told, letter, f"An e-mail could not be sent: {reason}", "email.failed", at=now())
    try:
        claim_id = claim_id or _taken(letter, Transaction())
        claims.conclude(letter.record, claim_id, "failed", told, failure=reason, **row)
    except claims.Lost as lost:
        return str(lost)
    return "failed"


def _taken(letter: Letter, also: Transaction, **row: object) -> str:
    also.extend(no_longer_held(letter.record))
    return claims.take(letter.record, "sending", at=now(), also=also, **row)


def _known(post: Post) -> dict[str, object]:
    """What a mail's row says of it from when it is written on."""
    row: dict[str, object] = {"subject": post.rendered.subject}
    return row | {"skipped": list(post.skipped)} if post.skipped else row


def _asked_again(letter: Letter, claim_id: str | None) -> Letter:
    """The letter whose client is not suspended just now; raises `claims.Lost` when it is."""
    at = now()
    if letter.client is None or at - letter.at < _FRESH:
        return letter
    again = look([(letter.client_id, letter.email_id)], at=at)
    current = again.get((letter.client_id, letter.email_id))
    if current is None or current.client is None:
        raise claims.Lost("gone")
    if current.client.suspended is not None:
        if claim_id:
            claims.release(letter.record, claim_id)
        if is_held(current, at):
            raise claims.Lost("held")
        raise NotNow("The client was suspended for a moment.")
    return current


def _sent(outgoing: ses.Outgoing, letter: Letter, claim_id: str) -> str:
    """The mail service's id of the mail. Waits a while when it asks to slow down."""
    attempt, begun = 1, now()
    while True:
        try:
            return ses.send(outgoing)
        except NotNow as refusal:
            metrics.add_metric("MailRefusedForNow", MetricUnit.Count, 1)
            if not refusal.slower or now() - begun > _PATIENCE:
                claims.release(letter.record, claim_id)
                raise
        pause(attempt)
        attempt += 1
        pace.wait()
        letter = _asked_again(letter, claim_id)


def _outgoing(
    letter: Letter, to: Sequence[str], rendered: Rendered, firm: Settings
) -> ses.Outgoing:
    own = letter.record.sender or {}
    tags = {"client_id": letter.client_id} if letter.client_id else {}
    return ses.Outgoing(
        sender=ses.sender(own.get("name") or firm.name, own.get("email")),
        reply_to=ses.mailable_or_none(own.get("email") or firm.email),
        to=[ascii_address(address) for address in to],
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        tags=tags | {"email_id": letter.email_id},
        # Absence notes and the like do not answer what no person wrote (RFC 3834).
        headers={} if own else {"Auto-Submitted": "auto-generated"},
    )
