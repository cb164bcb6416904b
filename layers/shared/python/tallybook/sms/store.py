"""SMS to a client in the table: writing one to be sent, and reading what became of them.

Whoever wants one sent writes it, with its entry in the history; the stream and the queue do the
rest, and the one who sends it asks again whether it may be (DESIGN.md, section 5).
"""

from datetime import datetime
from functools import partial

from tallybook.authors import By
from tallybook.clients.presence import current, must_be_active, of_client, stays_active
from tallybook.clients.records import ClientRecord
from tallybook.contacts.records import ContactRecord
from tallybook.errors import InvalidField, NoTelephoneNumber, SmsNotFound
from tallybook.idempotency import Once
from tallybook.ids import is_ulid
from tallybook.listings import newest_below
from tallybook.sms import queueing
from tallybook.sms.mapping import PREFIX, key, to_sms
from tallybook.sms.models import NewSms, Sms, SmsToSend
from tallybook.sms.records import SmsRecord
from tallybook.sms.rules import number, segments
from tallybook.table import find, read
from tallybook.transactions import Transaction


def queue(client_id: str, new: NewSms, *, by: By, at: datetime, once: Once) -> SmsToSend:
    """Write an SMS for the queue to send.

    A read of the client, one of its primary contact when the client has no number, and one
    transaction. Raises `ClientNotFound`, `ClientSuspended`, `NoTelephoneNumber` and, for a number
    that is none, `InvalidField`.
    """
    client = current(client_id)
    must_be_active(client)
    to, contact_id = _recipient(client_id, client, new.to)
    writing = Transaction()
    sms_id = queueing.queue(
        writing, client_id, to=to, body=new.body, contact_id=contact_id, by=by, at=at
    )
    result = SmsToSend(sms_id=sms_id, to=to, segments=segments(new.body))
    transaction = Transaction()
    once.claim(transaction, result)
    stays_active(transaction, client_id)
    transaction.extend(writing)
    transaction.commit()
    return result


def get(client_id: str, sms_id: str, *, at: datetime) -> Sms:
    """One SMS. Raises `ClientNotFound` and `SmsNotFound`."""
    record = of_client(
        client_id, lambda: find(SmsRecord, *key(client_id, sms_id)) if is_ulid(sms_id) else None
    )
    if record is None:
        raise SmsNotFound
    return to_sms(record, at)


def page(
    client_id: str, *, limit: int, after: str | None, at: datetime
) -> tuple[list[Sms], str | None]:
    """The newest SMS behind the id `after`, and the id that the next page begins behind."""
    pk, _ = key(client_id, "")
    look = partial(newest_below, pk, PREFIX, limit=limit, after=after)
    items, position = of_client(client_id, look)
    return [to_sms(read(SmsRecord, item), at) for item in items], position


def _recipient(client_id: str, client: ClientRecord, wanted: str | None) -> tuple[str, str | None]:
    """The number to send to, and whose it is when it is a contact's."""
    country = client.row.country
    if wanted:
        to = number(wanted, country)
        if to is None:
            message = "This is no telephone number; write it as +49221123456, without extension."
            raise InvalidField("to", message)
        return to, None
    if own := client.row.telephone and number(client.row.telephone, country):
        return own, None
    contact_id = client.primary_contact
    contact = contact_id and find(ContactRecord, f"CLIENT#{client_id}", f"CONTACT#{contact_id}")
    if contact and contact.telephone:
        country = (contact.address or {}).get("country") or country
        if its := number(contact.telephone, country):
            return its, contact_id
    raise NoTelephoneNumber
