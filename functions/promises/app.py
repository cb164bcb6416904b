"""Promises to pay: /v1/clients/{client_id}/promises."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.promises import store
from tallybook.promises.models import NewPromise, Promise
from tallybook.versions import etag

app = http.resolver()
PROMISES = "/v1/clients/<client_id>/promises"
PROMISE = f"{PROMISES}/<promise_id>"
TAGS = ["Promises"]


@app.get(PROMISES, tags=TAGS, summary="List a client's promises to pay, the newest first")
def list_promises(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[Promise]]:
    scope = ["promises", client_id]
    found, position = store.page(client_id, at=now(), limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=found, next_cursor=seal(position, scope)))


@app.post(PROMISES, tags=TAGS, summary="Note down a promise to pay", status_code=201)
def make_promise(
    client_id: str, promise: NewPromise, key: IdempotencyKey = None
) -> Response[Promise]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _created)
    return _created(store.make(client_id, promise, by=me, at=now(), once=once))


@app.get(PROMISE, tags=TAGS, summary="Read a promise, and whether it was kept")
def get_promise(client_id: str, promise_id: str) -> Response[Promise]:
    found = store.get(client_id, promise_id, at=now())
    return http.ok(found, etag(found.version))


@app.delete(PROMISE, tags=TAGS, summary="Cancel a promise that is pending", status_code=204)
def cancel_promise(client_id: str, promise_id: str, if_match: IfMatch = None) -> Response[None]:
    me = by_of(http.caller(app))
    store.cancel(client_id, promise_id, by=me, at=now(), if_match=if_match)
    return http.no_content()


def _created(made: Promise) -> Response[Promise]:
    location = f"/v1/clients/{made.client_id}/promises/{made.promise_id}"
    return http.created(made, etag(made.version), location)


handler = http.serve(app)
