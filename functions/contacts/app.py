"""Contacts of a client: /v1/clients/{client_id}/contacts."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from tallybook import http
from tallybook.authors import by_of
from tallybook.callers import Role
from tallybook.contacts import creation, store
from tallybook.contacts.models import Contact, ContactPatch, NewContact
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch

app = http.resolver()
CONTACTS = "/v1/clients/<client_id>/contacts"
CONTACT = f"{CONTACTS}/<contact_id>"
TAGS = ["Contacts"]


@app.get(CONTACTS, tags=TAGS, summary="List a client's contacts")
def list_contacts(
    client_id: str,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[Contact]]:
    scope = ["contacts", client_id]
    after = unseal(cursor, scope)
    following = [
        each for each in store.get_all(client_id, at=now()) if each.contact_id > (after or "")
    ]
    shown = following[:limit]
    position = shown[-1].contact_id if len(following) > limit else None
    return http.ok(Page(items=shown, next_cursor=seal(position, scope)))


@app.post(CONTACTS, tags=TAGS, summary="Add a contact", status_code=201)
def create_contact(
    client_id: str, contact: NewContact, key: IdempotencyKey = None
) -> Response[Contact]:
    def created(contact: Contact) -> Response[Contact]:
        location = f"/v1/clients/{client_id}/contacts/{contact.contact_id}"
        return http.created(contact, store.tag(contact), location)

    once = http.claim(app, key, created)
    return created(creation.create(client_id, contact, at=now(), once=once))


@app.get(CONTACT, tags=TAGS, summary="Read a contact")
def get_contact(client_id: str, contact_id: str) -> Response[Contact]:
    contact = store.get(client_id, contact_id, at=now())
    return http.ok(contact, store.tag(contact))


@app.patch(CONTACT, tags=TAGS, summary="Change a contact")
def change_contact(
    client_id: str, contact_id: str, patch: ContactPatch, if_match: IfMatch = None
) -> Response[Contact]:
    by = by_of(http.caller(app))
    contact = store.change(client_id, contact_id, patch, by=by, at=now(), if_match=if_match)
    return http.ok(contact, store.tag(contact))


@app.delete(CONTACT, tags=TAGS, summary="Delete a contact", status_code=204)
def delete_contact(client_id: str, contact_id: str, if_match: IfMatch = None) -> Response[None]:
    caller = http.caller(app)
    caller.must_be(Role.MANAGER)
    store.delete(client_id, contact_id, by=by_of(caller), at=now(), if_match=if_match)
    return http.no_content()


handler = http.serve(app)
