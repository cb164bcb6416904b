"""Services of a client and their webhooks: /v1/clients/{client_id}/services."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.callers import Role
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.services import deciding, deliveries, secrets, store
from tallybook.services.models import (
    Delivery,
    DeliveryRow,
    NewService,
    RotatedSecret,
    SecretToRotate,
    Service,
    ServicePatch,
    ServiceToSuspend,
    WebhookSecret,
)
from tallybook.versions import etag

app = http.resolver()
SERVICES = "/v1/clients/<client_id>/services"
SERVICE = f"{SERVICES}/<service_id>"
DELIVERIES = f"{SERVICE}/deliveries"
DELIVERY = f"{DELIVERIES}/<delivery_id>"
TAGS = ["Services"]


@app.get(SERVICES, tags=TAGS, summary="List a client's services, the newest first")
def list_services(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[Service]]:
    scope = ["services", client_id]
    services, position = store.page(client_id, limit=limit, after=unseal(cursor, scope))
    return http.ok(Page(items=services, next_cursor=seal(position, scope)))


@app.post(SERVICES, tags=TAGS, summary="Register a service", status_code=201)
def create_service(
    client_id: str, service: NewService, key: IdempotencyKey = None
) -> Response[Service]:
    def created(made: Service) -> Response[Service]:
        location = f"/v1/clients/{client_id}/services/{made.service_id}"
        return http.created(made, etag(made.version), location)

    me, once = by_of(http.caller(app)), http.claim(app, key, created)
    return created(store.create(client_id, service, by=me, at=now(), once=once))


@app.get(SERVICE, tags=TAGS, summary="Read a service")
def get_service(client_id: str, service_id: str) -> Response[Service]:
    return _shown(store.get(client_id, service_id))


@app.patch(SERVICE, tags=TAGS, summary="Change a service")
def change_service(
    client_id: str, service_id: str, patch: ServicePatch, if_match: IfMatch = None
) -> Response[Service]:
    me = by_of(http.caller(app))
    return _shown(store.change(client_id, service_id, patch, by=me, at=now(), if_match=if_match))


@app.delete(SERVICE, tags=TAGS, summary="Delete a service and its deliveries", status_code=204)
def delete_service(client_id: str, service_id: str, if_match: IfMatch = None) -> Response[None]:
    me = by_of(http.caller(app))
    store.delete(client_id, service_id, by=me, at=now(), if_match=if_match)
    return http.no_content()


@app.post(f"{SERVICE}/suspend", tags=TAGS, summary="Suspend a service")
def suspend_service(
    client_id: str,
    service_id: str,
    how: Annotated[ServiceToSuspend, Body()] = ServiceToSuspend(),  # noqa: B008 - never changed
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response[Service]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _shown)
    return _shown(
        deciding.suspend(client_id, service_id, how, by=me, at=now(), if_match=if_match, once=once)
    )


@app.post(f"{SERVICE}/reinstate", tags=TAGS, summary="Give a suspended service back")
def reinstate_service(
    client_id: str, service_id: str, if_match: IfMatch = None, key: IdempotencyKey = None
) -> Response[Service]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _shown)
    return _shown(
        deciding.reinstate(client_id, service_id, by=me, at=now(), if_match=if_match, once=once)
    )


@app.get(f"{SERVICE}/secret", tags=TAGS, summary="Read what webhooks are signed with (managers)")
def get_webhook_secret(client_id: str, service_id: str) -> Response[WebhookSecret]:
    http.caller(app).must_be(Role.MANAGER)
    found = secrets.get(client_id, service_id, at=now())
    return http.ok(found)


@app.post(f"{SERVICE}/secret/rotate", tags=TAGS, summary="Replace the secret (managers)")
def rotate_webhook_secret(
    client_id: str,
    service_id: str,
    how: Annotated[SecretToRotate, Body()] = SecretToRotate(),  # noqa: B008
    key: IdempotencyKey = None,
) -> Response[RotatedSecret]:
    caller = http.caller(app)
    caller.must_be(Role.MANAGER)
    me, once = by_of(caller), http.claim(app, key, http.ok)
    return http.ok(secrets.rotate(client_id, service_id, how, by=me, at=now(), once=once))


@app.post(f"{SERVICE}/ping", tags=TAGS, summary="Send a webhook to test it", status_code=202)
def ping_service(client_id: str, service_id: str, key: IdempotencyKey = None) -> Response[Delivery]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _queued)
    return _queued(deliveries.ping(client_id, service_id, by=me, at=now(), once=once))


@app.get(DELIVERIES, tags=TAGS, summary="List the webhooks of a service, the newest first")
def list_deliveries(
    client_id: str,
    service_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[DeliveryRow]]:
    scope = ["deliveries", client_id, service_id]
    after = unseal(cursor, scope)
    rows, position = deliveries.page(client_id, service_id, limit=limit, after=after)
    return http.ok(Page(items=rows, next_cursor=seal(position, scope)))


@app.get(DELIVERY, tags=TAGS, summary="Read a webhook and the attempts to deliver it")
def get_delivery(client_id: str, service_id: str, delivery_id: str) -> Response[Delivery]:
    return http.ok(deliveries.get(client_id, service_id, delivery_id))


@app.post(f"{DELIVERY}/replay", tags=TAGS, summary="Deliver a webhook again", status_code=202)
def replay_delivery(
    client_id: str, service_id: str, delivery_id: str, key: IdempotencyKey = None
) -> Response[Delivery]:
    me, once = by_of(http.caller(app)), http.claim(app, key, _queued)
    again = deliveries.replay(client_id, service_id, delivery_id, by=me, at=now(), once=once)
    return _queued(again)


def _shown(service: Service) -> Response[Service]:
    return http.ok(service, etag(service.version))


def _queued(delivery: Delivery) -> Response[Delivery]:
    services = f"/v1/clients/{delivery.client_id}/services"
    location = f"{services}/{delivery.service_id}/deliveries/{delivery.delivery_id}"
    return http.accepted(delivery, location)


handler = http.serve(app)
