"""Invoices: /v1/clients/{client_id}/invoices and /v1/invoices."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from aws_lambda_powertools.event_handler import Response

from tallybook import http
from tallybook.authors import by_of
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.invoices import drafts, finalizing
from tallybook.invoices.answers import Invoice
from tallybook.invoices.models import InvoicePatch, NewInvoice
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


handler = http.serve(app)
