"""Credit notes: /v1/clients/{client_id}/credit-notes."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.callers import Role
from tallybook.credit_notes import issuing, store
from tallybook.credit_notes.models import CreditNote, CreditNoteRow, CreditNoteToSend, NewCreditNote
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.mail.models import EmailId
from tallybook.payments import applying, refunding, sending
from tallybook.payments.deeds import Deed
from tallybook.payments.models import Application, NewRefund
from tallybook.versions import etag

app = http.resolver()
CREDIT_NOTES = "/v1/clients/<client_id>/credit-notes"
CREDIT_NOTE = f"{CREDIT_NOTES}/<credit_note_id>"
TAGS = ["Credit notes"]


def created(note: CreditNote) -> Response[CreditNote]:
    location = f"/v1/clients/{note.client_id}/credit-notes/{note.credit_note_id}"
    return http.created(note, etag(note.version), location)


def ok(note: CreditNote) -> Response[CreditNote]:
    return http.ok(note, etag(note.version))


def queued(email: EmailId) -> Response[EmailId]:
    return http.accepted(email, f"/v1/clients/{email.client_id}/emails/{email.email_id}")


def deed(
    client_id: str, credit_note_id: str, key: str | None, if_match: str | None
) -> Deed[CreditNote]:
    """What the caller does to the credit note by the current request."""
    me, once = by_of(http.caller(app)), http.claim(app, key, ok)
    return store.deed(client_id, credit_note_id, by=me, at=now(), once=once, if_match=if_match)


@app.get(CREDIT_NOTES, tags=TAGS, summary="List a client's credit notes, the last issued first")
def list_credit_notes(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[CreditNoteRow]]:
    scope = ["credit-notes", client_id]
    rows, position = store.page(client_id, limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.post(CREDIT_NOTES, tags=TAGS, summary="Issue a credit note", status_code=201)
def issue_credit_note(
    client_id: str, credit_note: NewCreditNote, key: IdempotencyKey = None
) -> Response[CreditNote]:
    caller = http.caller(app)
    caller.must_be(Role.MANAGER)
    once = http.claim(app, key, created)
    return created(issuing.issue(client_id, credit_note, by=by_of(caller), at=now(), once=once))


@app.get(CREDIT_NOTE, tags=TAGS, summary="Read a credit note and what became of it")
def get_credit_note(client_id: str, credit_note_id: str) -> Response[CreditNote]:
    return ok(store.get(client_id, credit_note_id))


@app.post(f"{CREDIT_NOTE}/apply", tags=TAGS, summary="Pay invoices with what is left of it")
def apply_credit_note(
    client_id: str,
    credit_note_id: str,
    application: Annotated[Application, Body()] = Application(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[CreditNote]:
    mine = deed(client_id, credit_note_id, key, if_match)
    return ok(applying.apply(mine, application))


@app.post(f"{CREDIT_NOTE}/refund", tags=TAGS, summary="Pay out some of what is left of it")
def refund_credit_note(
    client_id: str,
    credit_note_id: str,
    refund: NewRefund,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[CreditNote]:
    http.caller(app).must_be(Role.MANAGER)
    mine = deed(client_id, credit_note_id, key, if_match)
    return ok(refunding.refund(mine, refund))


@app.post(f"{CREDIT_NOTE}/send", tags=TAGS, summary="Send a credit note", status_code=202)
def send_credit_note(
    client_id: str,
    credit_note_id: str,
    how: Annotated[CreditNoteToSend, Body()] = CreditNoteToSend(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[EmailId]:
    me, once = by_of(http.caller(app)), http.claim(app, key, queued)
    mine = store.deed(client_id, credit_note_id, by=me, at=now(), once=once, if_match=if_match)
    return queued(sending.send(mine, how.to, how.message))


handler = http.serve(app)
