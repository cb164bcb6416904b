"""Notes and calls in the table: entries of a client's history that people write themselves.

Both are made only on a client that is there, checked by the write itself.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel

from tallybook.authors import By, by_of
from tallybook.callers import Caller, Role
from tallybook.clients.presence import current_with
from tallybook.clients.records import ClientRecord, is_there
from tallybook.contacts.records import ContactRecord
from tallybook.dates import timestamp
from tallybook.errors import (
    CallNotFound,
    ClientNotFound,
    Forbidden,
    InvalidField,
    NoteNotFound,
    NotFound,
)
from tallybook.history.entries import entry
from tallybook.history.mapping import PREFIX, partition, to_call, to_note
from tallybook.history.models import Call, NewCall, NewNote, Note, NotePatch
from tallybook.history.records import HistoryRecord
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id
from tallybook.models import merged_into
from tallybook.table import absent, differences, present, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed

_CLOCKS_DIFFER = timedelta(minutes=2)
_EARLIEST = datetime.fromisoformat("1970-01-01T00:00:00Z")  # of an id

_MISSING: dict[str, type[NotFound]] = {"note": NoteNotFound, "call": CallNotFound}


def add_note(client_id: str, new: NewNote, *, by: By, at: datetime, once: Once) -> Note:
    """One transaction and no read. Raises `ClientNotFound`."""
    record = entry(client_id, "note", at=at, by=by, text=new.body)
    note = to_note(record)
    _add(client_id, record, Transaction(), note, once)
    return note


def log_call(client_id: str, new: NewCall, *, by: By, at: datetime, once: Once) -> Call:
    """Log a call, which stands in the history at the time when it was.

    One transaction and no read. Raises `ClientNotFound`, and `InvalidField` for a contact that the
    client has not and for a time that is still to come.
    """
    record = entry(
        client_id,
        "call",
        at=at,
        by=by,
        text=new.body,
        entry_id=new_id(_moment(new.at, at)),
        direction=new.direction,
        contact_id=new.contact_id,
        outcome=new.outcome,
        duration_minutes=new.duration_minutes,
        logged_at=timestamp(at),
    )
    call = to_call(record)
    transaction = Transaction()
    if new.contact_id:
        contact = ContactRecord(partition(client_id), f"CONTACT#{new.contact_id}")
        transaction.check(contact, present(ContactRecord), _no_contact)
    _add(client_id, record, transaction, call, once)
    return call


def get_note(client_id: str, note_id: str) -> Note:
    """Raises `ClientNotFound` and `NoteNotFound`."""
    return to_note(_current(client_id, note_id, "note"))


def get_call(client_id: str, call_id: str) -> Call:
    """Raises `ClientNotFound` and `CallNotFound`."""
    return to_call(_current(client_id, call_id, "call"))


def edit_note(
    client_id: str, note_id: str, patch: NotePatch, *, by: By, at: datetime, if_match: str | None
) -> Note:
    """Merge `patch` into the note, which says from then on who edited it last.

    Raises `ClientNotFound`, `NoteNotFound` and `StaleVersion`.
    """
    document = patch.model_dump(exclude_unset=True)

    def attempt() -> Note:
        before = _current(client_id, note_id, "note")
        must_match(if_match, etag(int(before.version)))
        after = read(HistoryRecord, before.serialize())
        after.text = merged_into(NewNote, {"body": before.text}, document).body
        if after.text == before.text:
            return to_note(before)
        after.edited = {"at": timestamp(at), "by": by.model_dump()}
        after.version = int(before.version) + 1
        transaction = Transaction()
        is_unchanged = HistoryRecord.version == before.version
        transaction.update(before, differences(before, after), is_unchanged, version_changed)
        transaction.commit()
        return to_note(after)

    return until_unchanged(attempt)


def delete(
    client_id: str, entry_id: str, *, kind: str, caller: Caller, if_match: str | None
) -> None:
    """Delete a note or a call: its author may, and managers.

    Raises `Forbidden`, and what `edit_note` raises.
    """

    def attempt() -> None:
        record = _current(client_id, entry_id, kind)
        if not record.by or record.by["staff_id"] != by_of(caller).staff_id:
            _must_be_manager(caller, kind)
        must_match(if_match, etag(int(record.version)))
        transaction = Transaction()
        transaction.delete(record, HistoryRecord.version == record.version, version_changed)
        transaction.commit()

    until_unchanged(attempt)


def _must_be_manager(caller: Caller, kind: str) -> None:
    if caller.role < Role.MANAGER:
        raise Forbidden(f"A {kind} is deleted by its author, a manager or an owner.")


def _add(
    client_id: str, record: HistoryRecord, transaction: Transaction, result: BaseModel, once: Once
) -> None:
    if not is_ulid(client_id):
        raise ClientNotFound
    whole = Transaction()
    once.claim(whole, result)
    whole.check(
        ClientRecord(partition(client_id), "CLIENT"), is_there(), lambda _: ClientNotFound()
    )
    whole.extend(transaction)
    whole.put(record, absent(HistoryRecord))
    whole.commit()


def _no_contact(_: object) -> Exception:
    return InvalidField("contact_id", "The client has no such contact.")


def _moment(given: datetime | None, at: datetime) -> datetime:
    """When the call was. A caller's clock may be a little ahead."""
    if given is None:
        return at
    if given > at + _CLOCKS_DIFFER:
        raise InvalidField("at", "This is in the future.")
    if given < _EARLIEST:
        raise InvalidField("at", "This is before 1970.")
    return min(given, at)


def _current(client_id: str, entry_id: str, kind: str) -> HistoryRecord:
    """The entry as it is, in one BatchGetItem with its client."""
    sk = f"{PREFIX}{entry_id}"
    _, items = current_with(client_id, *((sk,) if is_ulid(entry_id) else ()))
    if sk not in items or items[sk]["kind"]["S"] != kind:
        raise _MISSING[kind]
    return read(HistoryRecord, items[sk])
