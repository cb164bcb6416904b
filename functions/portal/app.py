"""The portal: /portal/v1, for clients."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.dates import now
from tallybook.ids import Ulid
from tallybook.portal import signin
from tallybook.portal.models import Myself

app = http.resolver()
TAGS = ["Portal"]


@app.get("/portal/v1/me", tags=TAGS, summary="Read who is signed in, and for which clients")
def get_me(
    client_id: Annotated[Ulid | None, Query(description="Which of the clients to serve.")] = None,
) -> Response[Myself]:
    return http.ok(signin.myself(http.portal_user(app), client_id, at=now()))


handler = http.serve(app, of="portal")
