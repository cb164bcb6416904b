"""Payments: /v1/clients/{client_id}/payments and /v1/payments."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.callers import Role
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.listings import Month
from tallybook.mail.models import EmailId
from tallybook.payments import applying, recording, refunding, reversing, sending, store
from tallybook.payments.deeds import Deed
from tallybook.payments.models import (
    Application,
    NewPayment,
    NewRefund,
    NewReversal,
    Payment,
    PaymentRow,
    ReceiptToSend,
)
from tallybook.versions import etag

app = http.resolver()
PAYMENTS = "/v1/clients/<client_id>/payments"
PAYMENT = f"{PAYMENTS}/<payment_id>"
TAGS = ["Payments"]


def created(payment: Payment) -> Response[Payment]:
    location = f"/v1/clients/{payment.client_id}/payments/{payment.payment_id}"
    return http.created(payment, etag(payment.version), location)


def ok(payment: Payment) -> Response[Payment]:
    return http.ok(payment, etag(payment.version))


def queued(email: EmailId) -> Response[EmailId]:
    return http.accepted(email, f"/v1/clients/{email.client_id}/emails/{email.email_id}")


def deed(client_id: str, payment_id: str, key: str | None, if_match: str | None) -> Deed[Payment]:
    """What the caller does to the payment by the current request."""
    me, once = by_of(http.caller(app)), http.claim(app, key, ok)
    return store.deed(client_id, payment_id, by=me, at=now(), once=once, if_match=if_match)


@app.get(PAYMENTS, tags=TAGS, summary="List a client's payments, the last recorded first")
def list_payments(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[PaymentRow]]:
    scope = ["payments", client_id]
    rows, position = store.page(client_id, limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.post(PAYMENTS, tags=TAGS, summary="Record a payment", status_code=201)
def record_payment(
    client_id: str, payment: NewPayment, key: IdempotencyKey = None
) -> Response[Payment]:
    me, once = by_of(http.caller(app)), http.claim(app, key, created)
    return created(recording.record(client_id, payment, by=me, at=now(), once=once))


@app.get(PAYMENT, tags=TAGS, summary="Read a payment and what became of it")
def get_payment(client_id: str, payment_id: str) -> Response[Payment]:
    return ok(store.get(client_id, payment_id))


@app.post(f"{PAYMENT}/apply", tags=TAGS, summary="Pay invoices with what is left of a payment")
def apply_payment(
    client_id: str,
    payment_id: str,
    application: Annotated[Application, Body()] = Application(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[Payment]:
    mine = deed(client_id, payment_id, key, if_match)
    return ok(applying.apply(mine, application))


@app.post(f"{PAYMENT}/refund", tags=TAGS, summary="Give back some of what is left of a payment")
def refund_payment(
    client_id: str,
    payment_id: str,
    refund: NewRefund,
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[Payment]:
    http.caller(app).must_be(Role.MANAGER)
    mine = deed(client_id, payment_id, key, if_match)
    return ok(refunding.refund(mine, refund))


@app.post(f"{PAYMENT}/reverse", tags=TAGS, summary="Take back a payment that was none")
def reverse_payment(
    client_id: str,
    payment_id: str,
    reversal: Annotated[NewReversal, Body()] = NewReversal(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[Payment]:
    http.caller(app).must_be(Role.MANAGER)
    return ok(reversing.reverse(deed(client_id, payment_id, key, if_match), reversal))


@app.post(f"{PAYMENT}/send", tags=TAGS, summary="Send the receipt of a payment", status_code=202)
def send_receipt(
    client_id: str,
    payment_id: str,
    receipt: Annotated[ReceiptToSend, Body()] = ReceiptToSend(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
    if_match: IfMatch = None,
) -> Response[EmailId]:
    me, once = by_of(http.caller(app)), http.claim(app, key, queued)
    mine = store.deed(client_id, payment_id, by=me, at=now(), once=once, if_match=if_match)
    return queued(sending.send(mine, receipt.to))


@app.get("/v1/payments", tags=TAGS, summary="List the firm's payments, the latest day first")
def list_all_payments(
    month: Annotated[Month | None, Query()] = None,
    status: Annotated[
        Literal["unapplied"] | None, Query(description="Only those of which something is left.")
    ] = None,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[store.FirmPaymentRow]]:
    scope = ["payments", month or "", status or ""]
    rows, position = store.firm_page(
        month=month, unapplied=status is not None, limit=limit, after=unseal(cursor, scope)
    )
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


handler = http.serve(app)
