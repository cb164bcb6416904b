"""Whom a mail or SMS greets: the contact whom it is for, else the client."""

from typing import Any

import pytest

from tests.support import billing
from tests.support.api import Staff
from tests.support.chasing import firm_works_by, look, of_client
from tests.support.portal import text_of
from tests.support.post import Post

MARCH = {"issue_date": "2026-03-01", "due_date": "2026-03-31"}
GREETS = {
    "days": 7,
    "action": "sms",
    "text": "Dear {{ client.name }} of {{ client.business_name }}",
}
STEPS: tuple[dict[str, Any], ...] = ({"days": 7, "action": "email"}, GREETS)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def acme(owner: Staff) -> str:
    """A client with a name of its own, who owes something."""
    acme = billing.new_client_id(
        owner,
        business_name="Acme",
        first_name="Zoë",
        last_name="Müller",
        emails=["zoe@acme.example"],
        telephone="+49221123456",
    )
    billing.invoiced(owner, acme, "100.00", **MARCH)
    firm_works_by(owner, *STEPS)
    return acme


def greeted(post: Post) -> list[str]:
    """The first line of each mail's text."""
    return [text_of(mail).partition("\n")[0] for mail in post.sent]


@pytest.mark.parametrize(
    ("contact", "name"),
    [
        (None, "Zoë Müller"),
        ({"first_name": "Ada", "last_name": "Okafor"}, "Ada Okafor"),
        ({"first_name": "Ada"}, "Ada"),
        ({"last_name": "Okafor"}, "Okafor"),
        ({}, "Zoë Müller"),
    ],
)
def test_a_reminder_greets_whom_it_is_for(
    owner: Staff, acme: str, post: Post, contact: dict[str, str] | None, name: str
):
    if contact is not None:
        how = {"emails": ["ada@acme.example"], "telephone": "+49221654321"}
        assert owner.post(f"/v1/clients/{acme}/contacts", how | contact).status == 201
    post.run()
    post.sent.clear()
    assert look(acme, "2026-04-07") == 2
    post.run()
    assert greeted(post) == [f"Dear {name},"]
    (sms,) = of_client(acme, "SMS")
    assert sms["row"]["body"] == f"Dear {name} of Acme"


def test_the_outlook_foretells_whom_a_message_greets(owner: Staff, acme: str):
    how = {"emails": ["ada@acme.example"], "telephone": "+49221654321", "first_name": "Ada"}
    assert owner.post(f"/v1/clients/{acme}/contacts", how).status == 201
    items = owner.get(f"/v1/clients/{acme}/outlook").body["items"]
    assert [each["text"] for each in items if each["action"] == "sms"] == ["Dear Ada of Acme"]


@pytest.mark.parametrize("first_name", ["Ada", None])
def test_an_invitation_greets_the_contact(
    owner: Staff, acme: str, post: Post, first_name: str | None
):
    contact = {"emails": ["ada@acme.example"], "first_name": first_name}
    made = owner.post(f"/v1/clients/{acme}/contacts", contact)
    post.run()
    post.sent.clear()
    invited = {"contact_id": made.body["contact_id"]}
    assert owner.post(f"/v1/clients/{acme}/invitation", invited).status == 202
    post.run()
    assert greeted(post) == [f"Dear {first_name or 'Zoë Müller'},"]


def test_a_reminder_that_is_sent_again_greets_the_same(owner: Staff, acme: str, post: Post):
    contact = {"emails": ["ada@acme.example"], "first_name": "Ada"}
    assert owner.post(f"/v1/clients/{acme}/contacts", contact).status == 201
    look(acme, "2026-04-07")
    owner.post(f"/v1/clients/{acme}/suspend")
    post.run()
    post.sent.clear()
    owner.post(f"/v1/clients/{acme}/activate")
    (mail,) = of_client(acme, "EMAIL")
    email_id = mail["row"]["email_id"]
    assert owner.post(f"/v1/clients/{acme}/emails/{email_id}/resend").status == 202
    post.run()
    assert greeted(post) == ["Dear Ada,"]
