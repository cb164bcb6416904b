"""A mail that waits to be sent, and whether it may be sent now (DESIGN.md, section 4, 7)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from tallybook import claims
from tallybook.clients.records import ClientRecord
from tallybook.history.entries import entry
from tallybook.mail.holding import hold
from tallybook.mail.queueing import key, named, partition
from tallybook.mail.records import EmailRecord
from tallybook.table import find_all, read
from tallybook.transactions import Transaction

type Name = tuple[str | None, str]
"""Which mail: the client's id, None for one to the firm; and the mail's."""


@dataclass(frozen=True)
class Letter:
    """A mail to send and the client it goes to, as read at `at`."""

    record: EmailRecord
    client: ClientRecord | None
    at: datetime

    @property
    def client_id(self) -> str | None:
        return named(self.record)[0]

    @property
    def email_id(self) -> str:
        return named(self.record)[1]


def look(names: Sequence[Name], *, at: datetime) -> dict[Name, Letter]:
    """The mails that are still there, with their clients. One BatchGetItem for fifty."""
    keys = [key(*name) for name in names]
    keys += [(partition(client_id), "CLIENT") for client_id in {n[0] for n in names if n[0]}]
    found = {(i["pk"]["S"], i["sk"]["S"]): i for i in find_all(keys, consistent=True)}
    letters = {}
    for name in names:
        item, client_item = found.get(key(*name)), found.get((partition(name[0]), "CLIENT"))
        client = read(ClientRecord, client_item) if client_item else None
        is_gone = name[0] is not None and (client is None or client.removed_at)
        if item and not is_gone:
            letters[name] = Letter(read(EmailRecord, item), client, at)
    return letters


def is_due(letter: Letter, *, at: datetime) -> bool:
    """Whether the mail is to be sent now.

    Holds the mail of a suspended client, and gives up one that a worker left half-way. Raises
    `claims.InHand` while another worker has it.
    """
    record = letter.record
    if not claims.is_due(record.row, record.claim, at):
        if claims.is_over(record.row, at):
            told = Transaction()
            text = "Nobody knows whether an e-mail was sent: a worker died over it."
            tell(told, letter, text, "email.unknown", at=at)
            with suppress(claims.Lost):
                claims.give_up(record, at=at, also=told)
        return False
    if letter.client is not None and letter.client.suspended is not None:
        return not is_held(letter, at)
    return True


def is_held(letter: Letter, at: datetime) -> bool:
    """Put the mail aside until its client is active again, unless it is so by now.

    Raises `claims.InHand` when another worker has the mail by now.
    """
    return hold(letter.record, via=letter.record.via, at=at)


def tell(transaction: Transaction, letter: Letter, text: str, event: str, *, at: datetime) -> None:
    """Add to `transaction` what became of the mail, for the client's history and the bus."""
    if letter.client_id:
        details = {"email_id": letter.email_id, "to": letter.record.row["to"]}
        transaction.put(entry(letter.client_id, "email", at=at, text=text, event=event, **details))
