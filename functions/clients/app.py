"""Clients: /v1/clients."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.callers import Role
from tallybook.clients import bulk, creation, deletion, listing, overview, store
from tallybook.clients.filters import ClientQuery
from tallybook.clients.models import (
    Change,
    Client,
    ClientPatch,
    ClientRow,
    NewClient,
    OptionalReason,
    Outcomes,
    Overview,
    Reason,
)
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.versions import etag

app = http.resolver()
CLIENT = "/v1/clients/<client_id>"
TAGS = ["Clients"]


@app.get("/v1/clients", tags=TAGS, summary="List and search clients")
def list_clients(
    wanted: Annotated[ClientQuery, Query()],
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[ClientRow]]:
    me = http.caller(app).staff_id
    scope = ["clients", me, *wanted.scope()]
    after = unseal(cursor, scope)
    rows, position = listing.page(wanted, me, at=now(), limit=limit, after=after)
    return http.ok(Page.model_construct(items=rows, next_cursor=seal(position, scope)))


@app.post("/v1/clients", tags=TAGS, summary="Create a client", status_code=201)
def create_client(client: NewClient, key: IdempotencyKey = None) -> Response[Client]:
    def created(client: Client) -> Response[Client]:
        return http.created(client, etag(client.version), f"/v1/clients/{client.client_id}")

    me, once = http.caller(app).staff_id, http.claim(app, key, created)
    return created(creation.create(client, by=me, at=now(), once=once))


@app.post("/v1/clients/bulk", tags=TAGS, summary="Delete, suspend or activate many clients")
def change_many(change: Change, key: IdempotencyKey = None) -> Response[Outcomes]:
    caller = http.caller(app)
    if change.action == "delete":
        caller.must_be(Role.MANAGER)
    once = http.claim(app, key, http.ok)
    return http.ok(bulk.apply(change, by=by_of(caller), at=now(), once=once))


@app.get(CLIENT, tags=TAGS, summary="Read a client")
def get_client(client_id: str) -> Response[Client]:
    return _shown(store.get(client_id, by=http.caller(app).staff_id, at=now()))


@app.patch(CLIENT, tags=TAGS, summary="Change a client")
def change_client(client_id: str, patch: ClientPatch, if_match: IfMatch = None) -> Response[Client]:
    by = by_of(http.caller(app))
    return _shown(store.change(client_id, patch, by=by, at=now(), if_match=if_match))


@app.delete(CLIENT, tags=TAGS, summary="Delete a client and all its data", status_code=204)
def delete_client(
    client_id: str,
    erase: Annotated[bool, Query(description="Keep the ledger, erase the person.")] = False,
    if_match: IfMatch = None,
) -> Response[None]:
    caller = http.caller(app)
    caller.must_be(Role.MANAGER)
    deletion.delete(client_id, by=by_of(caller), at=now(), erase=erase, if_match=if_match)
    return http.no_content()


@app.post(f"{CLIENT}/suspend", tags=TAGS, summary="Suspend a client")
def suspend_client(
    client_id: str,
    why: Annotated[OptionalReason, Body()] = OptionalReason(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
) -> Response[Client]:
    by, once = by_of(http.caller(app)), http.claim(app, key, _shown)
    return _shown(store.suspend(client_id, why.reason, by=by, at=now(), once=once))


@app.put(f"{CLIENT}/flag", tags=TAGS, summary="Flag a client with a reason")
def flag_client(client_id: str, why: Reason, if_match: IfMatch = None) -> Response[Client]:
    by = by_of(http.caller(app))
    return _shown(store.flag(client_id, why.reason, by=by, at=now(), if_match=if_match))


@app.delete(f"{CLIENT}/flag", tags=TAGS, summary="Clear a client's flag", status_code=204)
def clear_flag(client_id: str, if_match: IfMatch = None) -> Response[None]:
    by = by_of(http.caller(app))
    client = store.flag(client_id, None, by=by, at=now(), if_match=if_match)
    return http.no_content(etag(client.version))


@app.put(f"{CLIENT}/favourite", tags=TAGS, summary="Mark a client as a favourite of yours")
def mark_favourite(client_id: str, if_match: IfMatch = None) -> Response[Client]:
    me = http.caller(app).staff_id
    return _shown(store.set_favourite(client_id, by=me, at=now(), on=True, if_match=if_match))


@app.delete(
    f"{CLIENT}/favourite", tags=TAGS, summary="Take a client off your favourites", status_code=204
)
def unmark_favourite(client_id: str, if_match: IfMatch = None) -> Response[None]:
    me = http.caller(app).staff_id
    client = store.set_favourite(client_id, by=me, at=now(), on=False, if_match=if_match)
    return http.no_content(etag(client.version))


@app.get(f"{CLIENT}/overview", tags=TAGS, summary="Read a client with its latest activity")
def get_overview(client_id: str) -> Response[Overview]:
    found = overview.overview(client_id, by=http.caller(app).staff_id, at=now())
    return http.ok(found, etag(found.client.version))


def _shown(client: Client) -> Response[Client]:
    return http.ok(client, etag(client.version))


handler = http.serve(app)
