"""What is done about unpaid invoices: /v1/workflows, and what is to come for a client."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from tallybook import http
from tallybook.callers import Role
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.versions import etag
from tallybook.workflows import presets, store
from tallybook.workflows.models import (
    Outlook,
    StepsToRehearse,
    WorkflowAnswer,
    WorkflowPatch,
    WorkflowRow,
    WorkflowToMake,
)
from tallybook.workflows.outlook import outlook
from tallybook.workflows.rehearsing import rehearse

app = http.resolver()
WORKFLOWS = "/v1/workflows"
WORKFLOW = f"{WORKFLOWS}/<workflow_id>"
TAGS = ["Workflows"]
Days = Annotated[int, Field(ge=1, le=90, description="How far to look ahead, today included.")]


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


@app.post(f"{WORKFLOW}/rehearse", tags=TAGS, summary="See what a workflow would do for a client")
def rehearse_workflow(workflow_id: str, wanted: StepsToRehearse) -> Response[Outlook]:
    return http.ok(rehearse(workflow_id, wanted, at=now()))


@app.get("/v1/clients/<client_id>/outlook", tags=TAGS, summary="See what will happen with a client")
def get_outlook(client_id: str, days: Annotated[Days, Query()] = 30) -> Response[Outlook]:
    return http.ok(outlook(client_id, days=days, at=now()))


def _shown(workflow: WorkflowAnswer) -> Response[WorkflowAnswer]:
    return http.ok(workflow, etag(workflow.version))


handler = http.serve(app)
