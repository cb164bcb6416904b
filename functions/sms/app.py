"""SMS to a client: /v1/clients/{client_id}/sms."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey
from tallybook.sms import store
from tallybook.sms.models import NewSms, Sms, SmsToSend
from tallybook.versions import etag

app = http.resolver()
ALL_SMS = "/v1/clients/<client_id>/sms"
TAGS = ["SMS"]


@app.get(ALL_SMS, tags=TAGS, summary="List the SMS to a client")
def list_sms(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[Sms]]:
    scope = ["sms", client_id]
    after = unseal(cursor, scope)
    items, position = store.page(client_id, limit=limit, after=after, at=now())
    return http.ok(Page(items=items, next_cursor=seal(position, scope)))


@app.post(ALL_SMS, tags=TAGS, summary="Send an SMS", status_code=202)
def send_sms(client_id: str, sms: NewSms, key: IdempotencyKey = None) -> Response[SmsToSend]:
    def queued(sms: SmsToSend) -> Response[SmsToSend]:
        return http.accepted(sms, f"/v1/clients/{client_id}/sms/{sms.sms_id}")

    once = http.claim(app, key, queued)
    by = by_of(http.caller(app))
    return queued(store.queue(client_id, sms, by=by, at=now(), once=once))


@app.get(f"{ALL_SMS}/<sms_id>", tags=TAGS, summary="Read an SMS")
def get_sms(client_id: str, sms_id: str) -> Response[Sms]:
    sms = store.get(client_id, sms_id, at=now())
    return http.ok(sms, etag(sms.version))


handler = http.serve(app)
