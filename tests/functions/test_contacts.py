"""The contacts of a client."""

import random
from typing import Any

import pytest

from tests.builders import new_contact
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


@pytest.fixture
def client_id(owner: Staff) -> str:
    return owner.post("/v1/clients", {"business_name": "Acme"}).body["client_id"]


@pytest.fixture
def contacts(client_id: str) -> str:
    return f"/v1/clients/{client_id}/contacts"


def added(staff: Staff, contacts: str, **fields: Any) -> dict[str, Any]:
    answer = staff.post(contacts, {"first_name": "Zoë"} | fields)
    assert answer.status == 201, answer.body
    return answer.body


def path(contacts: str, contact: dict[str, Any]) -> str:
    return f"{contacts}/{contact['contact_id']}"


def listed(staff: Staff, contacts: str) -> list[dict[str, Any]]:
    return staff.get(contacts, limit="100").body["items"]


def primaries(staff: Staff, contacts: str) -> list[str]:
    return [each["contact_id"] for each in listed(staff, contacts) if each["primary"]]


def test_a_contact_reads_as_it_was_entered(member: Staff, contacts: str):
    address = {"street1": "Rua Augusta 1", "city": "Lisboa", "country": "Portugal"}
    entered = new_contact(
        emails="zoe@mueller.example; Z@mueller.example",
        telephone="021 123 4567",
        job_title="Bookkeeper",
        billing=True,
        address=address,
    )
    answer = member.post(contacts, entered)
    assert answer.status == 201
    contact = answer.body
    assert answer.headers["location"] == path(contacts, contact)
    assert answer.etag == '"1-primary"'
    assert contact == {
        "contact_id": contact["contact_id"],
        "first_name": "Zoë",
        "last_name": "Müller",
        "emails": ["zoe@mueller.example", "Z@mueller.example"],
        "telephone": contact["telephone"],
        "job_title": "Bookkeeper",
        "primary": True,
        "billing": True,
        "address": dict.fromkeys(("street2", "state", "postal_code"))
        | address
        | {"country": "PT", "country_name": "Portugal"},
        "workflow_id": None,
        "portal": {"status": "not_invited", "invited_at": None, "accepted_at": None},
        "created_at": contact["created_at"],
        "updated_at": contact["created_at"],
        "version": 1,
    }
    read = member.get(path(contacts, contact))
    assert (read.status, read.body, read.etag) == (200, contact, answer.etag)
    assert listed(member, contacts) == [contact]


@pytest.mark.parametrize(
    "name", ["🧑‍🚀 Neil", "فاطمة", "\u200fדוד", "山田 太郎", "Zoe\u0308", "D'Arcy-Łuk"]
)
def test_names_of_people_are_kept_exactly(name: str, owner: Staff, contacts: str):
    contact = added(owner, contacts, first_name=name, last_name=name, job_title=name)
    read = owner.get(path(contacts, contact)).body
    assert read["first_name"] == read["last_name"] == read["job_title"] == name


@pytest.mark.parametrize("minimal", [{"first_name": "Z"}, {"last_name": "Z"}, {"emails": "z@x.de"}])
def test_a_contact_needs_a_name_or_an_address(minimal: dict[str, Any], owner: Staff, contacts: str):
    assert owner.post(contacts, minimal).status == 201
    nobodies: list[dict[str, Any]] = [{}, {"telephone": "1"}, {"emails": []}]
    for nobody in [*nobodies, {"first_name": None, "emails": " ; "}]:
        with stored.unchanged():
            answer = owner.post(contacts, nobody)
        assert_problem(answer, 422, "validation_failed", "body")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"first_name": ""}, "first_name"),
        ({"first_name": "a\u0000"}, "first_name"),
        ({"last_name": "\ud83d"}, "last_name"),
        ({"emails": ["zoe@x.example", "zoe@"]}, "emails.1"),
        ({"emails": "zoe@x.example;zoe@"}, "emails.1"),
        ({"primary": "yes"}, "primary"),
        ({"billing": 1}, "billing"),
        ({"primary": None}, "primary"),
        ({"address": {"country": "Atlantis"}}, "address.country"),
        ({"address": {"planet": "Mars"}}, "address.planet"),
        ({"workflow_id": "x"}, "workflow_id"),
        ({"portal": {}}, "portal"),
        ({"contact_id": NOBODY}, "contact_id"),
    ],
)
def test_a_wrong_field_of_a_contact_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, contacts: str
):
    contact = added(owner, contacts)
    with stored.unchanged():
        created = owner.post(contacts, new_contact(**wrong))
        assert_problem(created, 422, "validation_failed", field)
        if wrong != {"primary": None}:
            changed = owner.patch(path(contacts, contact), wrong)
            assert_problem(changed, 422, "validation_failed", field)


def test_further_contacts_may_share_addresses(owner: Staff, contacts: str):
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    for where in (contacts, contacts, f"/v1/clients/{other}/contacts"):
        added(owner, where, emails=["anna@x.example"])


# ---- Exactly one primary contact ---------------------------------------------------------


def test_the_first_contact_is_primary_and_later_ones_are_when_they_say_so(
    owner: Staff, contacts: str
):
    first, second = added(owner, contacts, primary=False), added(owner, contacts)
    assert (first["primary"], second["primary"]) == (True, False)
    third = added(owner, contacts, primary=True)
    assert third["primary"] is True
    assert primaries(owner, contacts) == [third["contact_id"]]


def test_making_a_contact_primary_takes_it_from_the_other(owner: Staff, contacts: str):
    first, second = added(owner, contacts), added(owner, contacts)
    answer = owner.patch(path(contacts, second), {"primary": True})
    assert answer.body["primary"] is True
    assert primaries(owner, contacts) == [second["contact_id"]]
    # What others may have read of the first one is stale now.
    stale = owner.patch(path(contacts, first), {"job_title": "x"}, if_match='"1-primary"')
    assert_problem(stale, 412, "stale_version")


@pytest.mark.parametrize("value", [False, None])
def test_a_primary_contact_cannot_just_stop_being_it(value: Any, owner: Staff, contacts: str):
    contact = added(owner, contacts)
    added(owner, contacts)
    with stored.unchanged():
        answer = owner.patch(path(contacts, contact), {"primary": value, "job_title": "x"})
    assert_problem(answer, 409, "primary_contact_required")


def test_the_oldest_of_the_others_follows_a_deleted_primary(owner: Staff, contacts: str):
    first, second, third = (added(owner, contacts) for _ in range(3))
    assert owner.delete(path(contacts, first)).status == 204
    assert primaries(owner, contacts) == [min(second["contact_id"], third["contact_id"])]
    for contact in (second, third):
        assert owner.delete(path(contacts, contact)).status == 204
    assert listed(owner, contacts) == []
    assert added(owner, contacts)["primary"] is True


def test_exactly_one_contact_is_primary_after_any_sequence(owner: Staff, contacts: str):
    chance = random.Random(22)  # noqa: S311
    for _ in range(60):
        known = listed(owner, contacts)
        contact = chance.choice(known) if known else None
        match chance.choice("aaadddpppn"):
            case "a":
                added(owner, contacts, primary=chance.random() < 0.3)
            case "d" if contact:
                assert owner.delete(path(contacts, contact)).status == 204
            case "p" if contact:
                assert owner.patch(path(contacts, contact), {"primary": True}).status == 200
            case "n" if contact:
                answer = owner.patch(path(contacts, contact), {"primary": False})
                assert answer.status == (409 if contact["primary"] else 200)
        assert len(primaries(owner, contacts)) == min(1, len(listed(owner, contacts)))
    client = stored.item(contacts.replace("/v1/clients/", "CLIENT#")[:-9], "CLIENT")
    assert client["contacts"] == len(listed(owner, contacts))


@pytest.mark.parametrize("mine", ["add", "delete first", "delete second", "make second primary"])
@pytest.mark.parametrize(
    "theirs", ["add", "add primary", "delete first", "delete second", "make second primary"]
)
def test_exactly_one_contact_is_primary_after_any_race(
    mine: str, theirs: str, owner: Staff, member: Staff, contacts: str
):
    first, second = added(owner, contacts), added(owner, contacts)

    def act(staff: Staff, action: str):
        match action.split():
            case ["add", *primary]:
                return staff.post(contacts, {"first_name": "A", "primary": bool(primary)})
            case ["delete", which]:
                return staff.delete(path(contacts, first if which == "first" else second))
            case _:
                return staff.patch(path(contacts, second), {"primary": True})

    with stored.in_between("TransactWriteItems", lambda: act(member, theirs)):
        answer = act(owner, mine)
    assert answer.status in (200, 201, 204, 404)
    rest = listed(owner, contacts)
    assert len(primaries(owner, contacts)) == min(1, len(rest))
    client = stored.item(contacts.replace("/v1/clients/", "CLIENT#")[:-9], "CLIENT")
    assert client["contacts"] == len(rest)


# ---- Read, edit, delete ------------------------------------------------------------------


def test_contacts_are_listed_oldest_first_in_pages(owner: Staff, contacts: str):
    made = sorted(added(owner, contacts)["contact_id"] for _ in range(5))
    for limit in (1, 2, 4, 5, 100):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = owner.get(contacts, limit=str(limit), **cursor).body
            seen += [each["contact_id"] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            assert len(page["items"]) == limit
            cursor = {"cursor": page["next_cursor"]}
        assert seen == made


def test_a_patch_of_a_contact_changes_what_it_names(owner: Staff, contacts: str):
    contact = added(owner, contacts, last_name="Müller", emails=["z@x.example"], billing=True)
    address = {"city": "Lisboa", "street1": "Rua Augusta 1"}
    first = owner.patch(path(contacts, contact), {"last_name": None, "address": address})
    assert first.etag == '"2-primary"'
    assert (first.body["last_name"], first.body["emails"]) == (None, ["z@x.example"])
    second = owner.patch(path(contacts, contact), {"address": {"city": None}, "billing": None})
    assert second.body["address"]["street1"] == "Rua Augusta 1"
    assert (second.body["address"]["city"], second.body["billing"]) == (None, False)
    third = owner.patch(path(contacts, contact), {"address": None, "emails": None})
    assert (third.body["address"], third.body["emails"]) == (None, [])
    assert owner.get(path(contacts, contact)).body == third.body
    with stored.unchanged():
        assert owner.patch(path(contacts, contact), {"first_name": "Zoë"}).body == third.body
        nobody = owner.patch(path(contacts, contact), {"first_name": None})
        assert_problem(nobody, 422, "validation_failed", "body")


def test_a_stale_if_match_stops_changes_of_contacts(owner: Staff, contacts: str):
    contact = added(owner, contacts)
    owner.patch(path(contacts, contact), {"job_title": "x"})
    with stored.unchanged():
        for stale in ('"1-primary"', '"2"', "2"):
            changed = owner.patch(path(contacts, contact), {"job_title": "y"}, if_match=stale)
            assert_problem(changed, 412, "stale_version")
            deleted = owner.delete(path(contacts, contact), if_match=stale)
            assert_problem(deleted, 412, "stale_version")
    matching = '"2", "2-primary"'
    assert owner.delete(path(contacts, contact), if_match=matching).status == 204


@pytest.mark.parametrize("contact_id", [NOBODY, "x", "é", "x" * 3000])
def test_a_contact_that_is_not_there_is_not_found(contact_id: str, owner: Staff, contacts: str):
    where = f"{contacts}/{contact_id}"
    with stored.unchanged():
        assert_problem(owner.get(where), 404, "contact_not_found")
        assert_problem(owner.patch(where, {"job_title": "x"}), 404, "contact_not_found")
        assert_problem(owner.delete(where), 404, "contact_not_found")


def test_a_contact_of_another_client_is_not_found(owner: Staff, contacts: str):
    contact = added(owner, contacts)
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    where = f"/v1/clients/{other}/contacts/{contact['contact_id']}"
    with stored.unchanged():
        assert_problem(owner.get(where), 404, "contact_not_found")
        assert_problem(owner.patch(where, {"job_title": "x"}), 404, "contact_not_found")
        assert_problem(owner.delete(where), 404, "contact_not_found")


@pytest.mark.parametrize("client_id", [NOBODY, "x", "é"])
def test_contacts_of_a_client_that_is_not_there_are_not_found(client_id: str, owner: Staff):
    contacts = f"/v1/clients/{client_id}/contacts"
    with stored.unchanged():
        for answer in (
            owner.get(contacts),
            owner.post(contacts, new_contact()),
            owner.post(contacts, new_contact(), idempotency_key="k"),
            owner.get(f"{contacts}/{NOBODY}"),
            owner.patch(f"{contacts}/{NOBODY}", {"job_title": "x"}),
            owner.delete(f"{contacts}/{NOBODY}"),
        ):
            assert_problem(answer, 404, "client_not_found")


def test_a_client_has_a_hundred_contacts_at_most(owner: Staff, contacts: str, client_id: str):
    added(owner, contacts)
    stored.alter(f"CLIENT#{client_id}", "CLIENT", contacts=100)
    with stored.unchanged():
        answer = owner.post(contacts, new_contact())
        assert_problem(answer, 409, "too_many_contacts")
        answer = owner.post(contacts, new_contact(primary=True))
        assert_problem(answer, 409, "too_many_contacts")


def test_a_hundred_contacts_as_large_as_can_be_are_all_listed(owner: Staff, contacts: str):
    """They come from one query, which DynamoDB ends after a megabyte."""
    wide = "\N{CJK UNIFIED IDEOGRAPH-20BB7}" * 200  # four bytes each
    address = dict.fromkeys(("street1", "street2", "city", "state"), wide)
    labels = ".".join(["b" * 60, "c" * 60, "d" * 50, "example"])
    large = added(
        owner,
        contacts,
        first_name=wide,
        last_name=wide,
        job_title=wide,
        telephone=wide[:60],
        address=address | {"postal_code": wide[:60], "country": "DE"},
        emails=[f"{number}{'a' * 60}@{labels}" for number in range(10)],
        billing=True,
    )
    content = stored.item(contacts.replace("/v1/clients/", "CLIENT#")[:-9], key_of(large))
    for number in range(99):
        stored.put(**(content | {"sk": f"CONTACT#0{number:025}"}))
    assert len(listed(owner, contacts)) == 100


def key_of(contact: dict[str, Any]) -> str:
    return f"CONTACT#{contact['contact_id']}"
