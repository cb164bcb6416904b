"""Invoices: /v1/clients/{client_id}/invoices and /v1/invoices."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.authors import By, by_of
from tallybook.callers import Role
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.invoices import bulk, collecting, drafts, ending, finalizing, listing, sending
from tallybook.invoices.answers import FirmInvoiceRow, Invoice, InvoiceRow
from tallybook.invoices.listing import ClientInvoiceQuery, InvoiceQuery
from tallybook.invoices.models import (
    CollectionState,
    Ending,
    FinalizeOutcomes,
    InvoicePatch,
    InvoicesToFinalize,
    InvoiceToSend,
    NewInvoice,
)
from tallybook.mail.models import EmailId
from tallybook.versions import etag

app = http.resolver()
INVOICES = "/v1/clients/<client_id>/invoices"
INVOICE = f"{INVOICES}/<invoice_id>"
TAGS = ["Invoices"]


def created(invoice: Invoice) -> Response[Invoice]:
    location = f"/v1/clients/{invoice.client_id}/invoices/{invoice.invoice_id}"
    return http.created(invoice, etag(invoice.version), location)


def ok(invoice: Invoice) -> Response[Invoice]:
    return http.ok(invoice, etag(invoice.version))


def queued(mail: EmailId) -> Response[EmailId]:
    return http.accepted(mail, f"/v1/clients/{mail.client_id}/emails/{mail.email_id}")


@app.get("/v1/invoices", tags=TAGS, summary="List the firm's invoices")
def list_firm_invoices(
    wanted: Annotated[InvoiceQuery, Query()],
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[FirmInvoiceRow]]:
    scope = ["invoices", wanted.model_dump_json()]
    rows, position = listing.of_firm(wanted, at=now(), limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.get(INVOICES, tags=TAGS, summary="List a client's invoices")
def list_invoices(
    client_id: str,
    wanted: Annotated[ClientInvoiceQuery, Query()],
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[InvoiceRow]]:
    scope = ["invoices", client_id, wanted.model_dump_json()]
    after = unseal(cursor, scope)
    rows, position = listing.of_client(client_id, wanted, at=now(), limit=limit, after=after)
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.post(INVOICES, tags=TAGS, summary="Draft an invoice", status_code=201)
def create_invoice(
    client_id: str, invoice: NewInvoice, key: IdempotencyKey = None
) -> Response[Invoice]:
    once = http.claim(app, key, created)
    by = by_of(http.caller(app))
    return created(drafts.create(client_id, invoice, by=by, at=now(), once=once))


@app.get(INVOICE, tags=TAGS, summary="Read an invoice")
def get_invoice(client_id: str, invoice_id: str) -> Response[Invoice]:
    return ok(drafts.get(client_id, invoice_id, at=now()))


@app.patch(INVOICE, tags=TAGS, summary="Change a draft")
def change_invoice(
    client_id: str, invoice_id: str, patch: InvoicePatch, if_match: IfMatch = None
) -> Response[Invoice]:
    return ok(drafts.change(client_id, invoice_id, patch, at=now(), if_match=if_match))


@app.delete(INVOICE, tags=TAGS, summary="Delete a draft", status_code=204)
def delete_invoice(client_id: str, invoice_id: str, if_match: IfMatch = None) -> Response[None]:
    by = by_of(http.caller(app))
    drafts.delete(client_id, invoice_id, by=by, at=now(), if_match=if_match)
    return http.no_content()


@app.post(f"{INVOICE}/copy", tags=TAGS, summary="Draft an invoice like another", status_code=201)
def copy_invoice(client_id: str, invoice_id: str, key: IdempotencyKey = None) -> Response[Invoice]:
    once = http.claim(app, key, created)
    by = by_of(http.caller(app))
    return created(drafts.copy(client_id, invoice_id, by=by, at=now(), once=once))


@app.post(f"{INVOICE}/finalize", tags=TAGS, summary="Give a draft its number and book it")
def finalize_invoice(
    client_id: str, invoice_id: str, if_match: IfMatch = None, key: IdempotencyKey = None
) -> Response[Invoice]:
    once = http.claim(app, key, ok)
    by = by_of(http.caller(app))
    return ok(
        finalizing.finalize(client_id, invoice_id, by=by, at=now(), if_match=if_match, once=once)
    )


@app.post("/v1/invoices/finalize", tags=TAGS, summary="Finalize many drafts")
def finalize_invoices(
    wanted: InvoicesToFinalize, key: IdempotencyKey = None
) -> Response[FinalizeOutcomes]:
    by, once = by_of(http.caller(app)), http.claim(app, key, http.ok)
    return http.ok(bulk.finalize(wanted, by=by, at=now(), once=once))


@app.post(f"{INVOICE}/send", tags=TAGS, summary="Send an invoice", status_code=202)
def send_invoice(
    client_id: str,
    invoice_id: str,
    how: Annotated[InvoiceToSend, Body()] = InvoiceToSend(),  # noqa: B008 - never changed
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[EmailId]:
    by, once = by_of(http.caller(app)), http.claim(app, key, queued)
    return queued(
        sending.send(client_id, invoice_id, how, by=by, at=now(), if_match=if_match, once=once)
    )


@app.post(f"{INVOICE}/void", tags=TAGS, summary="Take an invoice back")
def void_invoice(
    client_id: str,
    invoice_id: str,
    why: Annotated[Ending, Body()] = Ending(),  # noqa: B008 - never changed
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[Invoice]:
    by, once = _manager(), http.claim(app, key, ok)
    return ok(
        ending.void(client_id, invoice_id, why, by=by, at=now(), if_match=if_match, once=once)
    )


@app.post(f"{INVOICE}/write-off", tags=TAGS, summary="Give up what is unpaid of an invoice")
def write_off_invoice(
    client_id: str,
    invoice_id: str,
    why: Annotated[Ending, Body()] = Ending(),  # noqa: B008 - never changed
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[Invoice]:
    by, once = _manager(), http.claim(app, key, ok)
    return ok(
        ending.write_off(client_id, invoice_id, why, by=by, at=now(), if_match=if_match, once=once)
    )


@app.put(f"{INVOICE}/collection-status", tags=TAGS, summary="Say how its collecting stands")
def set_collection_status(
    client_id: str, invoice_id: str, state: CollectionState, if_match: IfMatch = None
) -> Response[Invoice]:
    by = by_of(http.caller(app))
    return ok(
        collecting.set_status(client_id, invoice_id, state, by=by, at=now(), if_match=if_match)
    )


def _manager() -> By:
    caller = http.caller(app)
    caller.must_be(Role.MANAGER)
    return by_of(caller)


handler = http.serve(app)
