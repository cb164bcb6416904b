"""The history of a client, its notes and calls: /v1/clients/{client_id}/history."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.history import store, timeline
from tallybook.history.models import Call, HistoryEntry, NewCall, NewNote, Note, NotePatch
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.versions import etag

app = http.resolver()
CLIENT = "/v1/clients/<client_id>"
NOTE = f"{CLIENT}/notes/<note_id>"
CALL = f"{CLIENT}/calls/<call_id>"
TAGS = ["History"]
_UNEDITED = etag(1)  # what every call is

Types = Annotated[
    str,
    Field(
        max_length=200,
        description="Only these types, separated by commas. A page may then have fewer items than"
        " `limit` although there are more: go on while there is a `next_cursor`.",
        examples=["note,call"],
    ),
]


@app.get(f"{CLIENT}/history", tags=TAGS, summary="Read a client's history")
def read_history(
    client_id: str,
    wanted: Annotated[Types | None, Query(alias="type")] = None,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[HistoryEntry]]:
    kinds = timeline.kinds_of(wanted)
    scope = ["history", client_id, *kinds]
    after = unseal(cursor, scope)
    entries, position = timeline.page(client_id, kinds=kinds, limit=limit, after=after)
    return http.ok(Page(items=entries, next_cursor=seal(position, scope)))


@app.post(f"{CLIENT}/notes", tags=TAGS, summary="Write a note", status_code=201)
def write_note(client_id: str, note: NewNote, key: IdempotencyKey = None) -> Response[Note]:
    def written(note: Note) -> Response[Note]:
        location = f"/v1/clients/{client_id}/notes/{note.note_id}"
        return http.created(note, etag(note.version), location)

    once = http.claim(app, key, written)
    by = by_of(http.caller(app))
    return written(store.add_note(client_id, note, by=by, at=now(), once=once))


@app.get(NOTE, tags=TAGS, summary="Read a note")
def read_note(client_id: str, note_id: str) -> Response[Note]:
    note = store.get_note(client_id, note_id)
    return http.ok(note, etag(note.version))


@app.patch(NOTE, tags=TAGS, summary="Edit a note")
def edit_note(
    client_id: str, note_id: str, patch: NotePatch, if_match: IfMatch = None
) -> Response[Note]:
    by = by_of(http.caller(app))
    note = store.edit_note(client_id, note_id, patch, by=by, at=now(), if_match=if_match)
    return http.ok(note, etag(note.version))


@app.delete(NOTE, tags=TAGS, summary="Delete a note", status_code=204)
def delete_note(client_id: str, note_id: str, if_match: IfMatch = None) -> Response[None]:
    caller = http.caller(app)
    store.delete(client_id, note_id, kind="note", caller=caller, if_match=if_match)
    return http.no_content()


@app.post(f"{CLIENT}/calls", tags=TAGS, summary="Log a call", status_code=201)
def log_call(client_id: str, call: NewCall, key: IdempotencyKey = None) -> Response[Call]:
    def logged(call: Call) -> Response[Call]:
        location = f"/v1/clients/{client_id}/calls/{call.call_id}"
        return http.created(call, _UNEDITED, location)

    once = http.claim(app, key, logged)
    by = by_of(http.caller(app))
    return logged(store.log_call(client_id, call, by=by, at=now(), once=once))


@app.get(CALL, tags=TAGS, summary="Read a call")
def read_call(client_id: str, call_id: str) -> Response[Call]:
    return http.ok(store.get_call(client_id, call_id), _UNEDITED)


@app.delete(CALL, tags=TAGS, summary="Delete a call", status_code=204)
def delete_call(client_id: str, call_id: str, if_match: IfMatch = None) -> Response[None]:
    """A call that was logged wrongly is deleted and logged anew."""
    caller = http.caller(app)
    store.delete(client_id, call_id, kind="call", caller=caller, if_match=if_match)
    return http.no_content()


handler = http.serve(app)
