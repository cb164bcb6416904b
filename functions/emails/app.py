"""A client's mail: /v1/clients/{client_id}/emails, and addresses that mail no longer goes to."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey
from tallybook.mail import store
from tallybook.mail.models import Email, EmailId, EmailRow, NewEmail, Suppressions

app = http.resolver()
EMAILS = "/v1/clients/<client_id>/emails"
SUPPRESSIONS = "/v1/clients/<client_id>/suppressions"
TAGS = ["Mail"]


@app.get(EMAILS, tags=TAGS, summary="List a client's e-mails, the newest first")
def list_emails(
    client_id: str,
    held: Annotated[bool, Query(description="Only those that wait for activation.")] = False,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[EmailRow]]:
    scope = ["emails", client_id, str(held)]
    rows, position = store.page(
        client_id, held=held, limit=limit, after=unseal(cursor, scope), at=now()
    )
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.post(EMAILS, tags=TAGS, summary="Send an e-mail to a client", status_code=202)
def send_email(client_id: str, email: NewEmail, key: IdempotencyKey = None) -> Response[EmailId]:
    caller, once = http.caller(app), http.claim(app, key, _queued)
    queued = store.send(
        client_id, email, by=by_of(caller), own_address=caller.email, at=now(), once=once
    )
    return _queued(queued)


@app.get(f"{EMAILS}/<email_id>", tags=TAGS, summary="Read an e-mail and what became of it")
def get_email(client_id: str, email_id: str) -> Response[Email]:
    email = store.get(client_id, email_id, at=now())
    return http.ok(email, store.tag(email))


@app.post(
    f"{EMAILS}/<email_id>/resend",
    tags=TAGS,
    summary="Send an e-mail again that did not arrive",
    status_code=202,
)
def send_again(client_id: str, email_id: str, key: IdempotencyKey = None) -> Response[EmailId]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _queued)
    return _queued(store.send_again(client_id, email_id, by=me, at=now(), once=once))


@app.get(SUPPRESSIONS, tags=TAGS, summary="List addresses that no e-mail goes to")
def list_suppressions(client_id: str) -> Response[Suppressions]:
    return http.ok(store.suppressions(client_id))


@app.delete(SUPPRESSIONS, tags=TAGS, summary="Send to an address again", status_code=204)
def lift_suppression(
    client_id: str,
    address: Annotated[str, Query(max_length=320, description="As the list gives it.")],
) -> Response[None]:
    store.lift(client_id, address)
    return http.no_content()


def _queued(queued: EmailId) -> Response[EmailId]:
    return http.accepted(queued, f"/v1/clients/{queued.client_id}/emails/{queued.email_id}")


handler = http.serve(app)
