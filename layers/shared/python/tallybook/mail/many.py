"""A mail to more people than the mail service takes at once (DESIGN.md section 5)."""

from dataclasses import replace
from datetime import datetime
from itertools import batched

from tallybook.mail.models import MOST_RECIPIENTS
from tallybook.mail.queueing import Mail, queue
from tallybook.mail.rules import mailable
from tallybook.transactions import Transaction


def queue_all(transaction: Transaction, mail: Mail, *, client_id: str, at: datetime) -> list[str]:
    """Add as many mails to `transaction` as `mail.to` takes; returns their ids, one at least.

    Two actions for each fifty addresses. Those that cannot be mailed are left out. Raises
    `NoEmailAddress`, which names them, when there are no others.
    """
    taken, _ = mailable(mail.to)
    parts = batched(taken, MOST_RECIPIENTS, strict=False) if taken else [mail.to]
    made = [queue(transaction, replace(mail, to=to), client_id=client_id, at=at) for to in parts]
    return [str(each.row["email_id"]) for each in made]
