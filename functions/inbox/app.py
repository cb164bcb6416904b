"""The inbox, of messages that are from nobody known or from several: /v1/inbox."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.callers import Role
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.inbound import remembering, store
from tallybook.inbound.models import Assignment, Filed, InboxMessage, InboxRow
from tallybook.versions import must_match

app = http.resolver()
MESSAGE = "/v1/inbox/<message_id>"
TAGS = ["Inbox"]


@app.get("/v1/inbox", tags=TAGS, summary="List the messages that wait, newest first")
def list_inbox(
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[InboxRow]]:
    scope = ["inbox"]
    rows, position = store.page(limit=limit, after=unseal(cursor, scope))
    return http.ok(Page.model_construct(items=rows, next_cursor=seal(position, scope)))


@app.get(MESSAGE, tags=TAGS, summary="Read a message of the inbox")
def get_message(message_id: str) -> Response[InboxMessage]:
    message = store.get(message_id)
    return http.ok(message, store.tag(message))


@app.post(f"{MESSAGE}/assign", tags=TAGS, summary="Say whose message it is")
def assign_message(
    message_id: str, wanted: Assignment, key: IdempotencyKey = None, if_match: IfMatch = None
) -> Response[Filed]:
    by, at = by_of(http.caller(app)), now()
    once = http.claim(app, key, http.ok)
    if wanted.remember:
        message = store.get(message_id)
        must_match(if_match, store.tag(message))
        remembering.remember(message, wanted, by=by, at=at)
    return http.ok(store.assign(message_id, wanted, by=by, at=at, once=once, if_match=if_match))


@app.delete(MESSAGE, tags=TAGS, summary="Delete a message of the inbox", status_code=204)
def delete_message(message_id: str, if_match: IfMatch = None) -> Response[None]:
    http.caller(app).must_be(Role.MANAGER)
    store.delete(message_id, if_match=if_match)
    return http.no_content()


handler = http.serve(app)
