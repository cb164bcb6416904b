"""Estimates: /v1/clients/{client_id}/estimates and /v1/estimates."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.estimates import converting, creation, deciding, listing, sending, store
from tallybook.estimates.listing import ClientEstimateQuery, EstimateQuery
from tallybook.estimates.models import (
    Answered,
    Choice,
    Estimate,
    EstimatePatch,
    EstimateRow,
    EstimateToSend,
    FirmEstimateRow,
    NewEstimate,
)
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.invoices.answers import Invoice
from tallybook.mail.models import EmailId
from tallybook.versions import etag

app = http.resolver()
ESTIMATES = "/v1/clients/<client_id>/estimates"
ESTIMATE = f"{ESTIMATES}/<estimate_id>"
TAGS = ["Estimates"]


@app.get("/v1/estimates", tags=TAGS, summary="List the firm's estimates, the newest first")
def list_firm_estimates(
    wanted: Annotated[EstimateQuery, Query()],
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[FirmEstimateRow]]:
    scope = ["estimates", wanted.model_dump_json()]
    rows, position = listing.of_firm(wanted, at=now(), limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.get(ESTIMATES, tags=TAGS, summary="List a client's estimates, the newest first")
def list_estimates(
    client_id: str,
    wanted: Annotated[ClientEstimateQuery, Query()],
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[EstimateRow]]:
    scope = ["estimates", client_id, wanted.model_dump_json()]
    after = unseal(cursor, scope)
    rows, position = listing.of_client(client_id, wanted, at=now(), limit=limit, after=after)
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.post(ESTIMATES, tags=TAGS, summary="Make an estimate", status_code=201)
def create_estimate(
    client_id: str, estimate: NewEstimate, key: IdempotencyKey = None
) -> Response[Estimate]:
    def created(made: Estimate) -> Response[Estimate]:
        location = f"/v1/clients/{client_id}/estimates/{made.estimate_id}"
        return http.created(made, etag(made.version), location)

    me, once = by_of(http.caller(app)), http.claim(app, key, created)
    return created(creation.create(client_id, estimate, by=me, at=now(), once=once))


@app.get(ESTIMATE, tags=TAGS, summary="Read an estimate")
def get_estimate(client_id: str, estimate_id: str) -> Response[Estimate]:
    return _shown(store.get(client_id, estimate_id, at=now()))


@app.patch(ESTIMATE, tags=TAGS, summary="Change an estimate that nobody has decided about")
def change_estimate(
    client_id: str, estimate_id: str, patch: EstimatePatch, if_match: IfMatch = None
) -> Response[Estimate]:
    me = by_of(http.caller(app))
    changed = store.change(client_id, estimate_id, patch, by=me, at=now(), if_match=if_match)
    return _shown(changed)


@app.delete(
    ESTIMATE, tags=TAGS, summary="Delete an estimate that nobody has decided about", status_code=204
)
def delete_estimate(client_id: str, estimate_id: str, if_match: IfMatch = None) -> Response[None]:
    caller = http.caller(app)
    store.delete(client_id, estimate_id, caller=caller, at=now(), if_match=if_match)
    return http.no_content()


@app.post(f"{ESTIMATE}/send", tags=TAGS, summary="Send an estimate by e-mail", status_code=202)
def send_estimate(
    client_id: str,
    estimate_id: str,
    how: Annotated[EstimateToSend, Body()] = EstimateToSend(),  # noqa: B008 - never changed
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[EmailId]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _queued)
    queued = sending.send(
        client_id, estimate_id, how, by=me, at=now(), if_match=if_match, once=once
    )
    return _queued(queued)


@app.post(f"{ESTIMATE}/accept", tags=TAGS, summary="Note down that the client accepted")
def accept_estimate(
    client_id: str,
    estimate_id: str,
    answered: Annotated[Answered, Body()] = Answered(),  # noqa: B008
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[Estimate]:
    return _decide(client_id, estimate_id, "accepted", answered, if_match, key)


@app.post(f"{ESTIMATE}/decline", tags=TAGS, summary="Note down that the client declined")
def decline_estimate(
    client_id: str,
    estimate_id: str,
    answered: Annotated[Answered, Body()] = Answered(),  # noqa: B008
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[Estimate]:
    return _decide(client_id, estimate_id, "declined", answered, if_match, key)


@app.post(
    f"{ESTIMATE}/convert", tags=TAGS, summary="Make the draft of an invoice, once", status_code=201
)
def convert_estimate(
    client_id: str, estimate_id: str, if_match: IfMatch = None, key: IdempotencyKey = None
) -> Response[Invoice]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _drafted)
    draft = converting.convert(
        client_id, estimate_id, by=me, at=now(), if_match=if_match, once=once
    )
    return _drafted(draft)


def _decide(
    client_id: str,
    estimate_id: str,
    decision: Choice,
    answered: Answered,
    if_match: str | None,
    key: str | None,
) -> Response[Estimate]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _shown)
    decided = deciding.decide(
        client_id,
        estimate_id,
        decision,
        reason=answered.reason,
        by=me,
        at=now(),
        if_match=if_match,
        once=once,
    )
    return _shown(decided)


def _shown(estimate: Estimate) -> Response[Estimate]:
    return http.ok(estimate, etag(estimate.version))


def _queued(queued: EmailId) -> Response[EmailId]:
    return http.accepted(queued, f"/v1/clients/{queued.client_id}/emails/{queued.email_id}")


def _drafted(draft: Invoice) -> Response[Invoice]:
    location = f"/v1/clients/{draft.client_id}/invoices/{draft.invoice_id}"
    return http.created(draft, etag(draft.version), location)


handler = http.serve(app)
