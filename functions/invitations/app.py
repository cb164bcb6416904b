"""Invitations to the portal: /v1/clients/{client_id}/invitation."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey
from tallybook.portal import invitations
from tallybook.portal.models import Invitation, Invitee, NewInvitation

app = http.resolver()
CLIENT = "/v1/clients/<client_id>"
TAGS = ["Invitations"]


@app.post(
    f"{CLIENT}/invitation",
    tags=TAGS,
    summary="Invite a client or a contact to the portal, or invite it again",
    status_code=202,
)
def invite(
    client_id: str,
    whom: Annotated[NewInvitation, Body()] = NewInvitation(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
) -> Response[Invitation]:
    def accepted(invitation: Invitation) -> Response[Invitation]:
        location = f"/v1/clients/{client_id}/emails/{invitation.email_id}"
        return http.accepted(invitation, location)

    by, once = by_of(http.caller(app)), http.claim(app, key, accepted)
    found = invitations.invite(client_id, whom.contact_id, by=by, at=now(), once=once)
    return accepted(found)


@app.get(f"{CLIENT}/invitations", tags=TAGS, summary="List who was invited to the portal, and came")
def list_invitations(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[Invitee]]:
    scope = ["invitations", client_id]
    after = unseal(cursor, scope)
    found = invitations.invitees(client_id, at=now())
    following = [each for each in found if after is None or (each.contact_id or "") > after]
    shown = following[:limit]
    position = (shown[-1].contact_id or "") if len(following) > limit else None
    return http.ok(Page(items=shown, next_cursor=seal(position, scope)))


handler = http.serve(app)
