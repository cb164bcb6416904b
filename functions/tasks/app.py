"""Tasks: /v1/tasks and /v1/clients/{client_id}/tasks."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.tasks import listing, store
from tallybook.tasks.models import FirmTaskRow, NewTask, Task, TaskRow
from tallybook.text import ShortLine
from tallybook.versions import etag

app = http.resolver()
TASKS = "/v1/clients/<client_id>/tasks"
TASK = f"{TASKS}/<task_id>"
TAGS = ["Tasks"]
Assignee = Annotated[ShortLine, Field(description="me, none (nobody as yet) or a staff id.")]


@app.get("/v1/tasks", tags=TAGS, summary="List what somebody has to do, what is due first")
def list_tasks(
    assignee: Annotated[Assignee, Query()] = "me",
    status: Annotated[Literal["open"], Query()] = "open",
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[FirmTaskRow]]:
    whose = http.caller(app).staff_id if assignee == "me" else assignee
    scope = ["tasks", whose, status]
    rows, position = listing.of_staff(whose, limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.get(TASKS, tags=TAGS, summary="List a client's tasks, the newest first")
def list_client_tasks(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[TaskRow]]:
    scope = ["tasks of a client", client_id]
    after = unseal(cursor, scope)
    rows, position = listing.of_client_page(client_id, limit=limit, after=after)
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.post(TASKS, tags=TAGS, summary="Make a task", status_code=201)
def make_task(client_id: str, task: NewTask, key: IdempotencyKey = None) -> Response[Task]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _created)
    return _created(store.make(client_id, task, by=me, at=now(), once=once))


@app.get(TASK, tags=TAGS, summary="Read a task")
def get_task(client_id: str, task_id: str) -> Response[Task]:
    return _shown(store.get(client_id, task_id))


@app.post(f"{TASK}/complete", tags=TAGS, summary="Say that a task is done")
def complete_task(
    client_id: str, task_id: str, if_match: IfMatch = None, key: IdempotencyKey = None
) -> Response[Task]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _shown)
    done = store.complete(client_id, task_id, by=me, at=now(), if_match=if_match, once=once)
    return _shown(done)


@app.post(f"{TASK}/reopen", tags=TAGS, summary="Say that a task is not done after all")
def reopen_task(
    client_id: str, task_id: str, if_match: IfMatch = None, key: IdempotencyKey = None
) -> Response[Task]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _shown)
    opened = store.reopen(client_id, task_id, by=me, at=now(), if_match=if_match, once=once)
    return _shown(opened)


def _created(made: Task) -> Response[Task]:
    location = f"/v1/clients/{made.client_id}/tasks/{made.task_id}"
    return http.created(made, etag(made.version), location)


def _shown(task: Task) -> Response[Task]:
    return http.ok(task, etag(task.version))


handler = http.serve(app)
