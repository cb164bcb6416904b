"""Where contacts are reached is kept in step with them, in the transaction of each change."""

import pytest

from tests.builders import new_client, new_contact, removal_event
from tests.support import stored
from tests.support.api import Staff, invoke


@pytest.fixture
def acme(owner: Staff) -> str:
    answer = owner.post("/v1/clients", new_client(business_name="Acme", emails=["a@acme.example"]))
    return str(answer.body["client_id"])


def places(client_id: str | None = None) -> list[str]:
    found = [(pk.removeprefix("REACH#"), sk) for pk, sk in stored.keys("REACH#")]
    return [place for place, sk in found if not client_id or sk.startswith(f"{client_id}#")]


def test_a_contact_is_reached_at_its_addresses_and_its_number(owner: Staff, acme: str):
    fields = {"emails": ["Zoë.M@Müller.example", "z@x.example"], "telephone": "0221 1234 57"}
    contact = owner.post(f"/v1/clients/{acme}/contacts", new_contact(**fields)).body
    assert stored.keys("REACH#") == [
        (f"REACH#{place}", f"{acme}#{contact['contact_id']}")
        for place in ("+49221123457", "z@x.example", "zoë.m@müller.example")
    ]


def test_what_is_no_number_is_reached_nowhere(owner: Staff, acme: str):
    fields = {"emails": [], "telephone": "ask Anna"}
    assert owner.post(f"/v1/clients/{acme}/contacts", new_contact(**fields)).status == 201
    assert places() == []


def test_an_extension_is_reached_at_its_number(owner: Staff, acme: str):
    fields = {"emails": [], "telephone": "+49 221 123457 ext. 12"}
    owner.post(f"/v1/clients/{acme}/contacts", new_contact(**fields))
    assert places() == ["+49221123457"]


def test_a_change_moves_only_what_differs(owner: Staff, acme: str):
    made = owner.post(f"/v1/clients/{acme}/contacts", new_contact(emails=["a@x.example"]))
    path = made.headers["location"]
    owner.patch(path, {"emails": ["A@x.example", "b@x.example"], "telephone": "+49221123457"})
    assert places() == ["+49221123457", "a@x.example", "b@x.example"]
    owner.patch(path, {"emails": ["b@x.example"], "telephone": None})
    assert places() == ["b@x.example"]
    owner.patch(path, {"emails": ["c@x.example"], "job_title": "Bookkeeper"})
    assert places() == ["c@x.example"]


def test_a_contact_that_is_made_primary_moves_too(owner: Staff, acme: str):
    owner.post(f"/v1/clients/{acme}/contacts", new_contact(emails=["a@x.example"]))
    made = owner.post(f"/v1/clients/{acme}/contacts", new_contact(emails=["b@x.example"]))
    owner.patch(made.headers["location"], {"emails": ["c@x.example"], "primary": True})
    assert places() == ["a@x.example", "c@x.example"]


def test_a_deleted_contact_is_reached_nowhere(owner: Staff, acme: str):
    made = owner.post(f"/v1/clients/{acme}/contacts", new_contact(telephone="+49221123457"))
    owner.delete(made.headers["location"])
    assert places() == []


def test_a_contact_with_all_the_addresses_it_can_have_may_change_every_one(owner: Staff, acme: str):
    before = [f"a{number}@x.example" for number in range(10)]
    made = owner.post(f"/v1/clients/{acme}/contacts", new_contact(emails=before))
    after = [f"b{number}@x.example" for number in range(10)]
    assert owner.patch(made.headers["location"], {"emails": after}).status == 200
    assert places() == after
    owner.delete(made.headers["location"])
    assert places() == []


@pytest.mark.parametrize("erase", [False, True])
def test_contacts_of_a_deleted_client_are_reached_nowhere(erase: bool, owner: Staff, acme: str):
    other = owner.post("/v1/clients", new_client()).body["client_id"]
    for client_id in (acme, other):
        fields = {"telephone": "+49221123457"}
        owner.post(f"/v1/clients/{client_id}/contacts", new_contact(**fields))
    owner.delete(f"/v1/clients/{acme}", {"erase": "true"} if erase else None)
    assert invoke("removals", removal_event(acme)) == {"batchItemFailures": []}
    assert places(acme) == []
    assert places(other) == ["+49221123457", "zoe@mueller.example"]


def test_a_removal_that_crashes_half_way_can_be_done_again(owner: Staff, acme: str):
    owner.post(f"/v1/clients/{acme}/contacts", new_contact())
    owner.delete(f"/v1/clients/{acme}")
    with stored.fault("BatchWriteItem", stored.Crash(), after=1), pytest.raises(Exception):  # noqa: B017, PT011
        invoke("removals", removal_event(acme))
    invoke("removals", removal_event(acme))
    assert stored.keys("REACH#") == stored.keys(f"CLIENT#{acme}") == []


def test_a_contact_changed_while_its_client_is_deleted_leaves_nothing_behind(
    owner: Staff, acme: str
):
    made = owner.post(f"/v1/clients/{acme}/contacts", new_contact())

    def rival() -> None:
        owner.delete(f"/v1/clients/{acme}")

    with stored.in_between("TransactWriteItems", rival):
        answer = owner.patch(made.headers["location"], {"emails": ["b@x.example"]})
    assert (answer.status, answer.code) == (404, "client_not_found")
    assert places() == ["zoe@mueller.example"]  # until the removal has been
