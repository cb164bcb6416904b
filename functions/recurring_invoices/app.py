"""Recurring invoices: /v1/clients/{client_id}/recurring-invoices and /v1/recurring-invoices."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.recurring import listing, previewing, store
from tallybook.recurring.models import (
    FirmRecurringInvoiceRow,
    NewRecurringInvoice,
    RecurringInvoice,
    RecurringInvoicePatch,
    RecurringInvoiceRow,
    RecurringPause,
    RecurringQuery,
    RecurringResumption,
    RecurringRuns,
)
from tallybook.versions import etag

app = http.resolver()
RECURRING = "/v1/clients/<client_id>/recurring-invoices"
ONE = f"{RECURRING}/<recurring_id>"
TAGS = ["Recurring invoices"]
Count = Annotated[int, Field(ge=1, le=100, description="How many runs.")]


def ok(recurring: RecurringInvoice) -> Response[RecurringInvoice]:
    return http.ok(recurring, etag(recurring.version))


def created(recurring: RecurringInvoice) -> Response[RecurringInvoice]:
    where = f"/v1/clients/{recurring.client_id}/recurring-invoices/{recurring.recurring_id}"
    return http.created(recurring, etag(recurring.version), where)


@app.get("/v1/recurring-invoices", tags=TAGS, summary="List the firm's recurring invoices")
def list_all_recurring_invoices(
    wanted: Annotated[RecurringQuery, Query()],
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[FirmRecurringInvoiceRow]]:
    scope = ["recurring", wanted.model_dump_json()]
    rows, position = listing.of_firm(wanted, limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.get(RECURRING, tags=TAGS, summary="List a client's recurring invoices, the newest first")
def list_recurring_invoices(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[RecurringInvoiceRow]]:
    scope = ["recurring", client_id]
    rows, position = listing.of_client(client_id, limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.post(RECURRING, tags=TAGS, summary="Invoice something again and again", status_code=201)
def create_recurring_invoice(
    client_id: str, recurring: NewRecurringInvoice, key: IdempotencyKey = None
) -> Response[RecurringInvoice]:
    me, once = by_of(http.caller(app)), http.claim(app, key, created)
    return created(store.create(client_id, recurring, by=me, at=now(), once=once))


@app.get(ONE, tags=TAGS, summary="Read a recurring invoice")
def get_recurring_invoice(client_id: str, recurring_id: str) -> Response[RecurringInvoice]:
    return ok(store.get(client_id, recurring_id, at=now()))


@app.patch(ONE, tags=TAGS, summary="Change a recurring invoice from its next run on")
def change_recurring_invoice(
    client_id: str, recurring_id: str, patch: RecurringInvoicePatch, if_match: IfMatch = None
) -> Response[RecurringInvoice]:
    me = by_of(http.caller(app))
    changed = store.change(client_id, recurring_id, patch, by=me, at=now(), if_match=if_match)
    return ok(changed)


@app.delete(ONE, tags=TAGS, summary="Delete a recurring invoice", status_code=204)
def delete_recurring_invoice(
    client_id: str, recurring_id: str, if_match: IfMatch = None
) -> Response[None]:
    me = by_of(http.caller(app))
    store.delete(client_id, recurring_id, by=me, at=now(), if_match=if_match)
    return http.no_content()


@app.post(f"{ONE}/pause", tags=TAGS, summary="Pause a recurring invoice")
def pause_recurring_invoice(
    client_id: str,
    recurring_id: str,
    how: Annotated[RecurringPause, Body()] = RecurringPause(),  # noqa: B008 - never changed
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[RecurringInvoice]:
    me, once = by_of(http.caller(app)), http.claim(app, key, ok)
    paused = store.pause(
        client_id, recurring_id, how, by=me, at=now(), if_match=if_match, once=once
    )
    return ok(paused)


@app.post(f"{ONE}/resume", tags=TAGS, summary="Resume a recurring invoice that is paused")
def resume_recurring_invoice(
    client_id: str,
    recurring_id: str,
    how: Annotated[RecurringResumption, Body()] = RecurringResumption(),  # noqa: B008
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[RecurringInvoice]:
    me, once = by_of(http.caller(app)), http.claim(app, key, ok)
    resumed = store.start_again(
        client_id, recurring_id, how, by=me, at=now(), if_match=if_match, once=once
    )
    return ok(resumed)


@app.get(f"{ONE}/preview", tags=TAGS, summary="Preview the next runs of a recurring invoice")
def preview_recurring_invoice(
    client_id: str, recurring_id: str, count: Annotated[Count, Query()] = 12
) -> Response[RecurringRuns]:
    return http.ok(previewing.preview(client_id, recurring_id, count=count, at=now()))


handler = http.serve(app)
