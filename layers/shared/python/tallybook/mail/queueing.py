"""Queueing mail: written with the change that causes it, sent by a worker afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tallybook.authors import By
from tallybook.dates import timestamp
from tallybook.errors import NoEmailAddress
from tallybook.history.entries import entry
from tallybook.ids import new_id
from tallybook.mail.attachments import Attachment, to_stored
from tallybook.mail.records import EmailRecord, FirmEmailRecord
from tallybook.mail.rules import mailable
from tallybook.table import absent
from tallybook.transactions import Transaction


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail to write. `via` names the worker that sends it; `context` is for its template.

    `sender` is the member of staff {name, email} whom it is from; None: the firm. `note` is a text
    for the client's notes. `attachments` are papers, which are made before the mail is sent.
    `reminds` are the invoices of a reminder, each with its mark of the step.
    """

    template: str
    to: Sequence[str]
    context: Mapping[str, object] = field(default_factory=dict)
    by: By | None = None
    sender: Mapping[str, str] | None = None
    subject: str | None = None
    via: Literal["mail", "access"] = "mail"
    contact_id: str | None = None
    note: str | None = None
    attach_documents: bool = False
    attachments: Sequence[Attachment] = ()
    reminds: Mapping[str, str] | None = None


def queue(
    transaction: Transaction,
    mail: Mail,
    *,
    client_id: str | None,
    at: datetime,
    email_id: str | None = None,
) -> EmailRecord:
    """Add to `transaction` a mail to a client, or to the firm itself (`client_id` None).

    The stream takes it to its worker. The client's history gets an entry. `email_id` is given where
    it is told to others before. Raises `NoEmailAddress` when no address can be mailed.
    """
    taken, unmailable = mailable(mail.to)
    if not taken:
        raise NoEmailAddress(_why_none(unmailable))
    email_id = email_id or new_id(at)
    known = {"subject": mail.subject, "by": mail.by.model_dump() if mail.by else None}
    record = (EmailRecord if client_id else FirmEmailRecord)(
        *key(client_id, email_id),
        row={
            **{name: value for name, value in known.items() if value is not None},
            "email_id": email_id,
            "to": taken,
            "template": mail.template,
            "status": "queued",
            "created_at": timestamp(at),
        },
        via="documents" if mail.attachments else mail.via,
        template=mail.template,
        context=dict(mail.context),
        sender=dict(mail.sender) if mail.sender else None,
        contact_id=mail.contact_id,
        attach_documents=mail.attach_documents or None,
        attachments=[to_stored(each) for each in mail.attachments] or None,
        reminds=dict(mail.reminds) if mail.reminds else None,
        unmailable=unmailable or None,
        evidence={},
        version=1,
    )
    transaction.put(record, absent(EmailRecord))
    if client_id:
        _tell(transaction, client_id, record, mail, at)
    return record


def key(client_id: str | None, email_id: str) -> tuple[str, str]:
    return partition(client_id), f"EMAIL#{email_id}"


def named(record: EmailRecord) -> tuple[str | None, str]:
    """The ids of the client, None for a mail to the firm itself, and of the mail."""
    owner, _, client_id = record.pk.partition("#")
    return client_id if owner == "CLIENT" else None, record.sk.removeprefix("EMAIL#")


def partition(client_id: str | None) -> str:
    """Where a client's mail is, or that to the firm itself."""
    return f"CLIENT#{client_id}" if client_id else "FIRM"


def _tell(
    transaction: Transaction, client_id: str, record: EmailRecord, mail: Mail, at: datetime
) -> None:
    row: dict[str, Any] = record.row
    told_of = {"email_id", "to", "subject", "template"} & row.keys()
    details: dict[str, Any] = {"direction": "outbound"} | {name: row[name] for name in told_of}
    if mail.contact_id:
        details["contact_id"] = mail.contact_id
    transaction.put(entry(client_id, "email", at=at, by=mail.by, text=mail.subject, **details))
    if mail.note:
        email_id = row["email_id"]
        transaction.put(
            entry(client_id, "note", at=at, by=mail.by, text=mail.note, email_id=email_id)
        )


def _why_none(unmailable: Sequence[str]) -> str | None:
    if not unmailable:
        return None
    listed = ", ".join(repr(address) for address in unmailable)
    return f"{listed}: mail can only be sent to addresses of plain letters before the @."
