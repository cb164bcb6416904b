"""A client's mail, as staff see it, send it and send it again."""

from datetime import datetime
from functools import partial

from tallybook.authors import By
from tallybook.clients.presence import (
    current,
    current_with,
    must_be_active,
    of_client,
    stays_active,
)
from tallybook.clients.records import ClientRecord, is_there
from tallybook.errors import (
    EmailNotFound,
    EmailNotRepeatable,
    InvalidField,
    SuppressionNotFound,
)
from tallybook.idempotency import Once
from tallybook.ids import is_ulid
from tallybook.listings import newest_below
from tallybook.mail.attachments import from_stored
from tallybook.mail.models import (
    Email,
    EmailId,
    EmailRow,
    NewEmail,
    Suppression,
    Suppressions,
)
from tallybook.mail.queueing import Mail, key, partition, queue
from tallybook.mail.records import EmailRecord, SentTextRecord
from tallybook.mail.rules import events_of, folded, row_fields
from tallybook.mail.template_records import TemplateRecord
from tallybook.table import find, find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, until_unchanged, version_changed

MESSAGE = "message"
_REPEATABLE = ("failed", "unknown", "bounced")


def send(
    client_id: str, new: NewEmail, *, by: By, own_address: str, at: datetime, once: Once
) -> EmailId:
    """Queue a mail under the name of `by`, whom answers go to.

    Raises `ClientNotFound`, `ClientSuspended`, `NoEmailAddress`, `InvalidField`.
    """
    client = current(client_id)
    must_be_active(client)
    _must_be_for_messages(new.template or MESSAGE)
    transaction = Transaction()
    mail = Mail(
        template=new.template or MESSAGE,
        to=new.to or list(client.row.emails or []),
        context={"message": new.body},
        by=by,
        sender={"name": by.name, "email": own_address},
        subject=new.subject,
        note=f"{new.subject}\n\n{new.body}",
        attach_documents=new.attach_documents,
    )
    record = queue(transaction, mail, client_id=client_id, at=at)
    return _commit(transaction, client_id, record, once)


def send_again(client_id: str, email_id: str, *, by: By, at: datetime, once: Once) -> EmailId:
    """Queue a mail anew that did not arrive, or of which nobody knows.

    Raises `EmailNotRepeatable` for others, and for invitations, whose password is not kept.
    """
    client, record, _ = _pair(client_id, email_id)
    must_be_active(client)
    row = record.row
    status = row_fields(row, at)["status"]
    if record.via == "access":
        raise EmailNotRepeatable("Invite again instead: a new password is made for it.")
    if status not in _REPEATABLE:
        raise EmailNotRepeatable(f"status: the mail is {status}.")
    transaction = Transaction()
    mail = Mail(
        template=record.template,
        to=row["to"],
        context=record.context,
        by=by,
        sender=record.sender,
        subject=row.get("subject"),
        contact_id=record.contact_id,
        attach_documents=bool(record.attach_documents),
        attachments=[from_stored(each) for each in record.attachments or []],
    )
    again = queue(transaction, mail, client_id=client_id, at=at)
    return _commit(transaction, client_id, again, once)


def _commit(transaction: Transaction, client_id: str, record: EmailRecord, once: Once) -> EmailId:
    """Write it down unless the client was suspended or deleted meanwhile."""
    queued = EmailId(client_id=client_id, email_id=record.row["email_id"])
    once.claim(transaction, queued)
    stays_active(transaction, client_id)
    transaction.commit()
    return queued


def page(
    client_id: str, *, held: bool, limit: int, after: str | None, at: datetime
) -> tuple[list[EmailRow], str | None]:
    """The newest mails behind the position `after`; only those that are held, when asked."""
    prefix = "HELD#EMAIL#" if held else "EMAIL#"
    look = partial(newest_below, partition(client_id), prefix, limit=limit, after=after)
    items, position = of_client(client_id, look)
    if held:
        ids = [item["sk"]["S"].removeprefix(prefix) for item in items]
        items = find_all([key(client_id, each) for each in ids])
    rows = [EmailRow(**row_fields(read(EmailRecord, item).row, at)) for item in items]
    return rows, position


def get(client_id: str, email_id: str, *, at: datetime) -> Email:
    """One mail with what is known of it. Raises `ClientNotFound` and `EmailNotFound`."""
    _, record, text = _pair(client_id, email_id)
    failure: str | None = record.row.get("failure")
    rejected = record.evidence.get("reject")
    if rejected and not failure:
        failure = f"The mail service rejected it: {rejected.get('detail')}"
    unmailable = [
        {"address": address, "reason": "Mail cannot be sent to such an address."}
        for address in record.unmailable or []
    ]
    return Email(
        **row_fields(record.row, at),
        text=text,
        skipped=[*record.row.get("skipped", []), *unmailable],
        failure=failure,
        attach_documents=bool(record.attach_documents),
        attachments=list(record.attachments or []),
        events=events_of(record.evidence),
        version=int(record.version),
    )


def tag(email: Email) -> str:
    """The ETag: opens are counted without a new version."""
    return etag(f"{email.version}-{email.open_count}-{email.machine_open_count}")


def suppressions(client_id: str) -> Suppressions:
    """The addresses of the client that no mail goes to, the newest first."""
    listed = (current(client_id).suppressed or {}).values()
    newest = sorted(listed, key=lambda each: str(each["at"]), reverse=True)
    fields = {"detail": None, "email_id": None}
    return Suppressions(items=[Suppression.model_validate(fields | each) for each in newest])


def lift(client_id: str, address: str) -> None:
    """Send to the address again. Raises `SuppressionNotFound`."""

    def attempt() -> None:
        client = current(client_id)
        listed = dict(client.suppressed or {})
        if listed.pop(_folded(address), None) is None:
            raise SuppressionNotFound
        attribute = ClientRecord.suppressed
        transaction = Transaction()
        transaction.update(
            client,
            [attribute.set(listed) if listed else attribute.remove()],
            is_there() & (attribute == client.suppressed),
            version_changed,
        )
        transaction.commit()

    until_unchanged(attempt)


def _folded(address: str) -> str:
    try:
        return folded(address)
    except UnicodeError as error:  # no domain that could be on the list
        raise SuppressionNotFound from error


def _pair(client_id: str, email_id: str) -> tuple[ClientRecord, EmailRecord, str | None]:
    """The client, the mail, and what the mail says. Raises `ClientNotFound`, `EmailNotFound`."""
    own, text = f"EMAIL#{email_id}", f"SENTTEXT#{email_id}"
    client, items = current_with(client_id, *((own, text) if is_ulid(email_id) else ()))
    if own not in items:
        raise EmailNotFound
    kept = read(SentTextRecord, items[text]).text if text in items else None
    return client, read(EmailRecord, items[own]), kept


def _must_be_for_messages(template: str) -> None:
    """Others tell of an invoice, say, and this mail is about none."""
    if template == MESSAGE:
        return
    own = find(TemplateRecord, f"TEMPLATE#{template}", "TEMPLATE")
    if own is None or own.based_on != MESSAGE:
        message = f"{template!r} is no template for messages: {MESSAGE!r} is, or one based on it."
        raise InvalidField("template", message)
