"""A mail to more people than the mail service takes at once (DESIGN.md section 5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import batched
from typing import Any

from tallybook.authors import By
from tallybook.dates import timestamp
from tallybook.mail.models import MOST_RECIPIENTS
from tallybook.mail.queueing import Mail, queue
from tallybook.mail.rules import mailable
from tallybook.transactions import Transaction

_MOST_REMEMBERED = 10


def queue_all(transaction: Transaction, mail: Mail, *, client_id: str, at: datetime) -> list[str]:
    """Add as many mails to `transaction` as `mail.to` takes; returns their ids, one at least.

    Two actions for each fifty addresses. Those that cannot be mailed are left out. Raises
    `NoEmailAddress`, which names them, when there are no others.
    """
    taken, _ = mailable(mail.to)
    parts = batched(taken, MOST_RECIPIENTS, strict=False) if taken else [mail.to]
    made = [queue(transaction, replace(mail, to=to), client_id=client_id, at=at) for to in parts]
    return [str(each.row["email_id"]) for each in made]


def remembered(
    before: Sequence[dict[str, Any]] | None,
    email_ids: Sequence[str],
    *,
    by: By | None,
    at: datetime,
) -> list[dict[str, Any]]:
    """What a paper remembers of being sent, as stored: {email_id, at, by} of its last ten mails."""
    said = {"by": by.model_dump()} if by else {}
    sent = [{"email_id": each, "at": timestamp(at), **said} for each in email_ids]
    return [*(before or []), *sent][-_MOST_REMEMBERED:]
