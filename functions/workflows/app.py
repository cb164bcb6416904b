"""What is done about unpaid invoices: /v1/workflows, and what is to come for a client."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.callers import Role
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.versions import etag
from tallybook.workflows import presets, store
from tallybook.workflows.models import WorkflowAnswer, WorkflowPatch, WorkflowRow, WorkflowToMake

app = http.resolver()
WORKFLOWS = "/v1/workflows"
WORKFLOW = f"{WORKFLOWS}/<workflow_id>"
TAGS = ["Workflows"]


@app.get(WORKFLOWS, tags=TAGS, summary="List the workflows by name")
def list_workflows(
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[WorkflowRow]]:
    scope = ["workflows"]
    rows, position = store.page(limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.post(WORKFLOWS, tags=TAGS, summary="Make a workflow: managers only", status_code=201)
def create_workflow(
    workflow: WorkflowToMake, key: IdempotencyKey = None
) -> Response[WorkflowAnswer]:
    http.caller(app).must_be(Role.MANAGER)

    def created(made: WorkflowAnswer) -> Response[WorkflowAnswer]:
        return http.created(made, etag(made.version), f"{WORKFLOWS}/{made.workflow_id}")

    once = http.claim(app, key, created)
    return created(store.create(presets.chosen(workflow), at=now(), once=once))


@app.get(WORKFLOW, tags=TAGS, summary="Read a workflow")
def get_workflow(workflow_id: str) -> Response[WorkflowAnswer]:
    return _shown(store.get(workflow_id))


@app.patch(WORKFLOW, tags=TAGS, summary="Change a workflow: managers only")
def change_workflow(
    workflow_id: str, patch: WorkflowPatch, if_match: IfMatch = None
) -> Response[WorkflowAnswer]:
    http.caller(app).must_be(Role.MANAGER)
    return _shown(store.change(workflow_id, patch, at=now(), if_match=if_match))


@app.delete(WORKFLOW, tags=TAGS, summary="Delete a workflow: managers only", status_code=204)
def delete_workflow(workflow_id: str, if_match: IfMatch = None) -> Response[None]:
    http.caller(app).must_be(Role.MANAGER)
    store.delete(workflow_id, at=now(), if_match=if_match)
    return http.no_content()


def _shown(workflow: WorkflowAnswer) -> Response[WorkflowAnswer]:
    return http.ok(workflow, etag(workflow.version))


handler = http.serve(app)
