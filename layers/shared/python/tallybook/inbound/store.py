"""The inbox in the table: messages wait there until somebody says whose they are."""

from datetime import datetime

from tallybook.authors import By
from tallybook.clients.records import ClientRecord, is_there
from tallybook.contacts.records import ContactRecord
from tallybook.dates import timestamp
from tallybook.errors import InboxMessageNotFound, InvalidField
from tallybook.history.entries import entry
from tallybook.history.records import HistoryRecord
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, time_of
from tallybook.inbound.mapping import key, to_message, to_row
from tallybook.inbound.models import Assignment, Filed, InboxMessage, InboxRow
from tallybook.inbound.records import InboxRecord
from tallybook.inbound.taking import event_of
from tallybook.listings import newest
from tallybook.table import Item, absent, find, present
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match


def tag(message: InboxMessage) -> str:
    return etag(message.version)


def get(message_id: str) -> InboxMessage:
    """One message. One GetItem. Raises `InboxMessageNotFound`."""
    return to_message(message_id, _current(message_id))


def page(*, limit: int, after: str | None) -> tuple[list[InboxRow], str | None]:
    """The newest messages, those behind the position `after`, and the position of the next page."""
    rows, position = newest("INBOX", limit=limit, after=after)
    return [to_row(*each) for each in rows], position


def assign(
    message_id: str,
    wanted: Assignment,
    *,
    by: By,
    at: datetime,
    once: Once,
    if_match: str | None,
) -> Filed:
    """File the message under a client, at the time when it came in. One transaction.

    Raises `InboxMessageNotFound`, also when somebody else assigned or deleted it meanwhile, and
    `InvalidField` for a client or contact that is not there.
    """
    record = _current(message_id)
    must_match(if_match, etag(int(record.version)))
    filed = Filed(client_id=wanted.client_id, contact_id=wanted.contact_id, entry_id=message_id)
    kind = record.row["kind"]
    assigned = {"at": timestamp(at), "by": by.model_dump()}
    details = record.details | {"contact_id": wanted.contact_id, "assigned": assigned}
    transaction = Transaction()
    once.claim(transaction, filed)
    transaction.delete(record, present(InboxRecord), _gone)
    client = ClientRecord(f"CLIENT#{wanted.client_id}", "CLIENT")
    transaction.check(client, is_there(), _no_client)
    if wanted.contact_id:
        contact = ContactRecord(f"CLIENT#{wanted.client_id}", f"CONTACT#{wanted.contact_id}")
        transaction.check(contact, present(ContactRecord), _no_contact)
    transaction.put(
        entry(
            wanted.client_id,
            kind,
            at=time_of(message_id),
            text=record.text,
            event=event_of(kind),
            entry_id=message_id,
            **details,
        ),
        absent(HistoryRecord),
        _gone,
    )
    transaction.commit()
    return filed


def delete(message_id: str, *, if_match: str | None) -> None:
    """Delete the message. The mail itself stays in the bucket."""
    record = _current(message_id)
    must_match(if_match, etag(int(record.version)))
    transaction = Transaction()
    transaction.delete(record, present(InboxRecord), _gone)
    transaction.commit()


def _current(message_id: str) -> InboxRecord:
    record = find(InboxRecord, *key(message_id)) if is_ulid(message_id) else None
    if record is None:
        raise InboxMessageNotFound
    return record


def _gone(_: Item) -> Exception:
    return InboxMessageNotFound()


def _no_client(_: Item) -> Exception:
    return InvalidField("client_id", "This is not the id of a client.")


def _no_contact(_: Item) -> Exception:
    return InvalidField("contact_id", "This is not the id of a contact of the client.")
