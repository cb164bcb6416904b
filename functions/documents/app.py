"""Papers to download: a link to the PDF or e-invoice of whatever a client was given."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from tallybook import http
from tallybook.dates import Day, now
from tallybook.documents import downloads
from tallybook.imports.models import Link
from tallybook.mail.attachments import Attachment

app = http.resolver()
CLIENT = "/v1/clients/<client_id>"
TAGS = ["Documents"]

First = Annotated[Day, Field(description="The first day.", examples=["2026-10-01"])]
Last = Annotated[Day, Field(description="The last day.", examples=["2026-10-31"])]


@app.get(f"{CLIENT}/invoices/<invoice_id>/pdf", tags=TAGS, summary="Download an invoice")
def invoice_pdf(client_id: str, invoice_id: str) -> Response[Link]:
    wanted = Attachment(kind="invoice", id=invoice_id)
    return http.ok(downloads.pdf(client_id, wanted, at=now()))


@app.get(f"{CLIENT}/invoices/<invoice_id>/ubl", tags=TAGS, summary="Download it as UBL")
def invoice_ubl(client_id: str, invoice_id: str) -> Response[Link]:
    wanted = Attachment(kind="invoice", id=invoice_id)
    return http.ok(downloads.e_invoice(client_id, wanted, at=now()))


@app.get(f"{CLIENT}/credit-notes/<credit_note_id>/pdf", tags=TAGS, summary="Download a credit note")
def credit_note_pdf(client_id: str, credit_note_id: str) -> Response[Link]:
    wanted = Attachment(kind="credit_note", id=credit_note_id)
    return http.ok(downloads.pdf(client_id, wanted, at=now()))


@app.get(f"{CLIENT}/credit-notes/<credit_note_id>/ubl", tags=TAGS, summary="Download it as UBL")
def credit_note_ubl(client_id: str, credit_note_id: str) -> Response[Link]:
    wanted = Attachment(kind="credit_note", id=credit_note_id)
    return http.ok(downloads.e_invoice(client_id, wanted, at=now()))


@app.get(f"{CLIENT}/estimates/<estimate_id>/pdf", tags=TAGS, summary="Download an estimate")
def estimate_pdf(client_id: str, estimate_id: str) -> Response[Link]:
    wanted = Attachment(kind="estimate", id=estimate_id)
    return http.ok(downloads.pdf(client_id, wanted, at=now()))


@app.get(f"{CLIENT}/payments/<payment_id>/pdf", tags=TAGS, summary="Download a receipt")
def receipt_pdf(client_id: str, payment_id: str) -> Response[Link]:
    wanted = Attachment(kind="receipt", id=payment_id)
    return http.ok(downloads.pdf(client_id, wanted, at=now()))


@app.get(f"{CLIENT}/statement/pdf", tags=TAGS, summary="Download a statement")
def statement_pdf(
    client_id: str,
    first: Annotated[First | None, Query(alias="from")] = None,
    last: Annotated[Last | None, Query(alias="to")] = None,
) -> Response[Link]:
    """Without `to` up to today, without `from` from the first of that month."""
    wanted = Attachment(kind="statement", from_date=first, to_date=last)
    return http.ok(downloads.pdf(client_id, wanted, at=now()))


handler = http.serve(app)
