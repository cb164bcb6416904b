"""Payment links of a client: /v1/clients/{client_id}/payment-links."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.links import making, store
from tallybook.links.models import NewPaymentLink, PaymentLink

app = http.resolver()
LINKS = "/v1/clients/<client_id>/payment-links"
LINK = f"{LINKS}/<link_id>"
TAGS = ["Payment links"]


@app.get(LINKS, tags=TAGS, summary="List a client's payment links, the newest first")
def list_payment_links(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[PaymentLink]]:
    scope = ["payment links", client_id]
    links, position = store.page(client_id, limit=limit, after=unseal(cursor, scope), at=now())
    return http.ok(Page(items=links, next_cursor=seal(position, scope)))


@app.post(LINKS, tags=TAGS, summary="Make a payment link", status_code=201)
def create_payment_link(
    client_id: str, link: NewPaymentLink, key: IdempotencyKey = None
) -> Response[PaymentLink]:
    def created(link: PaymentLink) -> Response[PaymentLink]:
        location = f"/v1/clients/{client_id}/payment-links/{link.link_id}"
        return http.created(link, store.tag(link), location)

    me, once = by_of(http.caller(app)), http.claim(app, key, created)
    return created(making.create(client_id, link, by=me, at=now(), once=once))


@app.get(LINK, tags=TAGS, summary="Read a payment link and when it was used")
def get_payment_link(client_id: str, link_id: str) -> Response[PaymentLink]:
    link = store.get(client_id, link_id, at=now())
    return http.ok(link, store.tag(link))


@app.delete(LINK, tags=TAGS, summary="Revoke a payment link", status_code=204)
def revoke_payment_link(client_id: str, link_id: str, if_match: IfMatch = None) -> Response[None]:
    me = by_of(http.caller(app))
    store.revoke(client_id, link_id, by=me, at=now(), if_match=if_match)
    return http.no_content()


handler = http.serve(app)
