"""Imports of client lists: /v1/imports."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from dataclasses import asdict
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.callers import Role
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey
from tallybook.idempotency import AlreadyAnswered
from tallybook.imports import bucket, downloads, store
from tallybook.imports.fields import FIELDS
from tallybook.imports.models import (
    FieldInfo,
    Fields,
    Import,
    ImportRow,
    Link,
    NewImport,
    Preview,
    Start,
    Upload,
)
from tallybook.versions import etag

app = http.resolver()
IMPORT = "/v1/imports/<import_id>"
TAGS = ["Imports"]


@app.get("/v1/imports/template", tags=TAGS, summary="Get a file to start from")
def get_template(
    format: Annotated[Literal["csv", "xlsx"], Query()] = "csv",  # noqa: A002 - API.md
) -> Response[Link]:
    return http.ok(downloads.template(format, at=now()))


@app.get("/v1/imports/fields", tags=TAGS, summary="List the fields that columns go into")
def list_fields() -> Response[Fields]:
    return http.ok(Fields(items=[FieldInfo.model_validate(asdict(field)) for field in FIELDS]))


@app.post("/v1/imports", tags=TAGS, summary="Begin an import", status_code=201)
def create_import(new: NewImport, key: IdempotencyKey = None) -> Response[Import]:
    me, once = http.caller(app).staff_id, http.claim(app, key, _created)
    try:
        return _with_form(store.create(new, by=me, at=now(), once=once))
    except AlreadyAnswered as answered:
        # The form is made anew: for an hour it is a secret, which no item may hold.
        answer = _with_form(Import.model_validate_json(answered.record.body))
        answer.headers["Idempotency-Replayed"] = "true"
        return answer


@app.get("/v1/imports", tags=TAGS, summary="List imports, newest first")
def list_imports(
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[ImportRow]]:
    scope = ["imports"]
    rows, position = store.page(limit=limit, after=unseal(cursor, scope))
    return http.ok(Page.model_construct(items=rows, next_cursor=seal(position, scope)))


@app.get(IMPORT, tags=TAGS, summary="Read an import")
def get_import(import_id: str) -> Response[Import]:
    return _shown(store.get(import_id))


@app.get(f"{IMPORT}/preview", tags=TAGS, summary="See the first rows of the file")
def preview_import(import_id: str) -> Response[Preview]:
    return http.ok(downloads.preview(import_id))


@app.post(f"{IMPORT}/start", tags=TAGS, summary="Start an import, or a dry run of it")
def start_import(
    import_id: str,
    wanted: Annotated[Start, Body()] = Start(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
) -> Response[Import]:
    me, once = http.caller(app).staff_id, http.claim(app, key, _shown)
    return _shown(store.start(import_id, wanted, by=me, at=now(), once=once))


@app.post(f"{IMPORT}/undo", tags=TAGS, summary="Undo an import")
def undo_import(import_id: str, key: IdempotencyKey = None) -> Response[Import]:
    caller = http.caller(app)
    caller.must_be(Role.MANAGER)
    once = http.claim(app, key, _shown)
    return _shown(store.undo(import_id, by=caller.staff_id, at=now(), once=once))


@app.get(f"{IMPORT}/rejects", tags=TAGS, summary="Get the rows that did not go in")
def get_rejects(import_id: str) -> Response[Link]:
    return http.ok(downloads.rejects(import_id, at=now()))


@app.get(f"{IMPORT}/left", tags=TAGS, summary="Get the clients that undoing left as they are")
def get_left(import_id: str) -> Response[Link]:
    return http.ok(downloads.left(import_id, at=now()))


def _shown(found: Import) -> Response[Import]:
    return http.ok(found, _etag(found))


def _created(made: Import) -> Response[Import]:
    return http.created(made, _etag(made), f"/v1/imports/{made.import_id}")


def _with_form(made: Import) -> Response[Import]:
    form = bucket.upload_form(*bucket.upload_key(made.import_id, made.filename))
    return _created(made.model_copy(update={"upload": Upload(**form)}))


def _etag(found: Import) -> str:
    """Counting changes an import without a new version."""
    return etag(f"{found.version}-{found.progress}")


handler = http.serve(app)
