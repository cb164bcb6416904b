"""What was missed: /v1/clients/{client_id}/missed, and activating a client, which asks for it."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey
from tallybook.missed import activating, deciding, listing
from tallybook.missed.models import Activated, Activation, DecidedMissed, Decisions, Missed
from tallybook.versions import etag

app = http.resolver()
CLIENT = "/v1/clients/<client_id>"
MISSED = f"{CLIENT}/missed"


@app.get(MISSED, tags=["Missed"], summary="List what was missed of a client, the oldest first")
def list_missed(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[Missed]]:
    scope = ["missed", client_id]
    found, position = listing.page(client_id, limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=found, next_cursor=seal(position, scope)))


@app.post(MISSED, tags=["Missed"], summary="Decide about what was missed")
def decide_missed(
    client_id: str, wanted: Decisions, key: IdempotencyKey = None
) -> Response[DecidedMissed]:
    me, once = by_of(http.caller(app)), http.claim(app, key, http.ok)
    return http.ok(deciding.decide(client_id, wanted, by=me, at=now(), once=once))


@app.post(f"{CLIENT}/activate", tags=["Clients"], summary="Activate a suspended client")
def activate_client(
    client_id: str,
    wanted: Annotated[Activation, Body()] = Activation(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
) -> Response[Activated]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _activated)
    return _activated(activating.activate(client_id, wanted, by=me, at=now(), once=once))


def _activated(client: Activated) -> Response[Activated]:
    return http.ok(client, etag(client.version))


handler = http.serve(app)
