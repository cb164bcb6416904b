"""Staff: who works here, and who is asking. Roles are given by owners only."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.callers import Role
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.staff import store
from tallybook.staff.models import Me, NewStaffMember, StaffMember, StaffPatch
from tallybook.versions import etag

app = http.resolver()
TAGS = ["Staff"]


@app.get("/v1/me", tags=TAGS, summary="Read who is signed in")
def get_me() -> Response[Me]:
    caller = http.caller(app)
    member = store.register(caller, at=now())
    role = caller.role.label
    me = {"staff_id": member.staff_id, "email": member.email, "name": member.name, "role": role}
    return http.ok(Me.model_validate(me), etag(f"{member.version}-{role}"))


@app.get("/v1/staff", tags=TAGS, summary="List staff members by name")
def list_staff(
    limit: Annotated[Limit, Query()] = 25, cursor: Annotated[Cursor | None, Query()] = None
) -> Response[Page[StaffMember]]:
    members, position = store.page(limit=limit, after=unseal(cursor, ["staff"]))
    return http.ok(Page(items=members, next_cursor=seal(position, ["staff"])))


@app.post("/v1/staff", tags=TAGS, summary="Invite a staff member", status_code=201)
def add_staff_member(member: NewStaffMember, key: IdempotencyKey = None) -> Response[StaffMember]:
    http.caller(app).must_be(Role.OWNER)

    def created(member: StaffMember) -> Response[StaffMember]:
        return http.created(member, etag(member.version), f"/v1/staff/{member.staff_id}")

    once = http.claim(app, key, created)
    return created(store.add(member, at=now(), once=once))


@app.get("/v1/staff/<staff_id>", tags=TAGS, summary="Read a staff member")
def get_staff_member(staff_id: str) -> Response[StaffMember]:
    member = store.get(staff_id)
    return http.ok(member, etag(member.version))


@app.patch("/v1/staff/<staff_id>", tags=TAGS, summary="Change a staff member's role or access")
def change_staff_member(
    staff_id: str, patch: StaffPatch, if_match: IfMatch = None
) -> Response[StaffMember]:
    http.caller(app).must_be(Role.OWNER)
    member = store.change(staff_id, patch, at=now(), if_match=if_match)
    return http.ok(member, etag(member.version))


@app.post(
    "/v1/staff/<staff_id>/invitation",
    tags=TAGS,
    summary="Invite a staff member again whose invitation got lost or ran out",
    status_code=202,
)
def invite_again(staff_id: str, key: IdempotencyKey = None) -> Response[StaffMember]:
    http.caller(app).must_be(Role.OWNER)

    def accepted(member: StaffMember) -> Response[StaffMember]:
        headers = {"ETag": etag(member.version)}
        return Response(HTTPStatus.ACCEPTED, "application/json", member, headers)

    once = http.claim(app, key, accepted)
    return accepted(store.invite_again(staff_id, once=once))


handler = http.serve(app)
