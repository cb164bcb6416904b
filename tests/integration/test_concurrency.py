"""Many people at once, from several containers: nothing is lost, nothing is done twice."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tallybook.clients import creation, removal
from tallybook.clients.models import NewClient
from tallybook.dates import now
from tallybook.idempotency import once
from tests.builders import new_contact
from tests.support.api import Answer, Staff
from tests.support.containers import Containers, Request

ADA = Staff("owner", staff_id="0b1fd0a1-0000-4000-8000-000000000001")
BEN = Staff("staff", staff_id="0b1fd0a1-0000-4000-8000-000000000002")


def create(**fields: Any) -> Request:
    headers = {"Idempotency-Key": fields.pop("key")} if "key" in fields else {}
    return Request("clients", "POST", "/v1/clients", {"business_name": "Acme"} | fields, headers)


@pytest.fixture
def acme(owner: Staff) -> str:
    """The path of a client."""
    created = owner.call("clients", "POST", "/v1/clients", {"business_name": "Acme"})
    return f"/v1/clients/{created.body['client_id']}"


def read(owner: Staff, path: str) -> Any:
    return owner.call("clients", "GET", path).body


def statuses(answers: list[Answer]) -> dict[int, int]:
    return dict(Counter(answer.status for answer in answers))


@pytest.mark.parametrize(
    ("given", "code"),
    [({"number": "K-1"}, "number_taken"), ({"emails": ["a@acme.example"]}, "email_taken")],
)
def test_of_several_writers_of_one_value_one_wins_and_the_others_get_a_clean_409(
    containers: Containers, owner: Staff, given: dict[str, Any], code: str
):
    for round_ in range(5):
        answers = containers.at_once([create(**given) for _ in range(4)])
        assert statuses(answers) == {201: 1, 409: 3}
        assert {answer.code for answer in answers if answer.status == 409} == {code}
        listed = owner.call("clients", "GET", "/v1/clients").body["items"]
        assert len(listed) == 1, f"in round {round_}"
        # What a deleted client frees can be used at once: that is the next round.
        owner.call("clients", "DELETE", f"/v1/clients/{listed[0]['client_id']}")


def test_two_clients_that_want_the_same_address_do_not_both_get_it(
    containers: Containers, owner: Staff
):
    paths = [
        owner.call("clients", "POST", "/v1/clients", {"business_name": name}).headers["location"]
        for name in ("Acme", "Bolt", "Cork", "Dent")
    ]
    answers = containers.at_once(
        [Request("clients", "PATCH", path, {"emails": ["x@y.example"]}) for path in paths]
    )
    assert statuses(answers) == {200: 1, 409: 3}
    emails = [read(owner, path)["emails"] for path in paths]
    assert sorted(emails) == [[], [], [], ["x@y.example"]]


def test_a_number_and_an_address_that_an_edit_frees_can_be_used_at_once(owner: Staff):
    first = {"business_name": "Acme", "number": "K-1", "emails": ["a@acme.example"]}
    path = owner.call("clients", "POST", "/v1/clients", first).headers["location"]
    owner.call("clients", "PATCH", path, {"number": "K-2", "emails": None})
    assert owner.call("clients", "POST", "/v1/clients", first).status == 201


def test_twenty_clients_created_at_once_get_twenty_numbers():
    start = threading.Barrier(20)

    def create_one(place: int) -> str:
        new = NewClient(business_name=f"Client {place}")
        start.wait()
        claim = once(None, caller="", request="", body="", at=now(), answer=lambda _: None)  # type: ignore[arg-type, return-value]
        return creation.create(new, by="x", at=now(), once=claim).number

    with ThreadPoolExecutor(20) as threads:
        given = list(threads.map(create_one, range(20)))
    assert len(set(given)) == 20


def test_of_several_edits_of_one_version_one_is_made_and_the_others_are_stale(
    containers: Containers, owner: Staff, acme: str
):
    for round_ in range(5):
        headers = {"If-Match": owner.call("clients", "GET", acme).etag}
        answers = containers.at_once(
            [
                Request("clients", "PATCH", acme, {"last_name": f"{name} {round_}"}, headers)
                for name in ("Ahn", "Bell", "Cruz", "Diaz", "Egan", "Frey")
            ]
        )
        assert statuses(answers) == {200: 1, 412: 5}
        (winner,) = [answer.body for answer in answers if answer.status == 200]
        assert read(owner, acme) == winner


def test_edits_of_different_fields_without_if_match_are_all_kept(
    containers: Containers, owner: Staff, acme: str
):
    edits: list[dict[str, Any]] = [
        {"first_name": "Ada"},
        {"last_name": "King"},
        {"telephone": "+49301234567"},
        {"tags": ["vip"]},
        {"invoicing_method": "print"},
        {"sla": {"requests": {"high": 60}}},
        {"sla": {"jobs": {"low": 600}}},
        {"billing_address": {"city": "Köln"}},
        {"billing_address": {"country": "DE"}},
        {"emails": ["ada@acme.example"]},
    ]
    answers = containers.at_once([Request("clients", "PATCH", acme, edit) for edit in edits])
    assert statuses(answers) == {200: len(edits)}
    after = read(owner, acme)
    assert after["version"] == 1 + len(edits)
    assert (after["first_name"], after["last_name"]) == ("Ada", "King")
    assert (after["telephone"], after["tags"]) == ("+49301234567", ["vip"])
    assert (after["sla"]["requests"]["high"], after["sla"]["jobs"]["low"]) == (60, 600)
    assert after["billing_address"]["city"] == "Köln"
    assert after["billing_address"]["country"] == "DE"
    assert (after["emails"], after["invoicing_method"]) == (["ada@acme.example"], "print")
    # The search tokens have kept step with every edit.
    for word in ("king", "acme", "ada@acme.example", "0301234567"):
        found = owner.call("clients", "GET", "/v1/clients", query={"q": word}).body["items"]
        assert [each["client_id"] for each in found] == [after["client_id"]], word


def test_flags_favourites_and_suspensions_do_not_undo_edits_nor_each_other(
    containers: Containers, owner: Staff, acme: str
):
    answers = containers.at_once(
        [
            Request("clients", "PATCH", acme, {"tags": ["vip"]}),
            Request("clients", "PUT", f"{acme}/favourite", staff=ADA),
            Request("clients", "PUT", f"{acme}/flag", {"reason": "Late"}),
            Request("clients", "POST", f"{acme}/suspend", {"reason": "Unpaid"}),
            Request("clients", "PUT", f"{acme}/favourite", staff=BEN),
            Request("clients", "PATCH", acme, {"first_name": "Ada"}),
        ]
    )
    assert statuses(answers) == {200: 6}
    for staff in (ADA, BEN):
        seen = staff.call("clients", "GET", acme).body
        assert (seen["favourite"], seen["flag"]["reason"]) == (True, "Late")
        assert (seen["status"], seen["suspended"]["reason"]) == ("suspended", "Unpaid")
        assert (seen["tags"], seen["first_name"]) == (["vip"], "Ada")
    listed = ADA.call("clients", "GET", "/v1/clients", query={"favourite": "true"})
    (row,) = listed.body["items"]
    assert (row["status"], row["flag"]["reason"], row["tags"]) == ("suspended", "Late", ["vip"])


def test_requests_with_one_idempotency_key_are_done_once_and_answered_the_same(
    containers: Containers, owner: Staff, acme: str
):
    contact = Request(
        "contacts", "POST", f"{acme}/contacts", new_contact(), {"Idempotency-Key": "contact"}
    )
    suspend = Request("clients", "POST", f"{acme}/suspend", {}, {"Idempotency-Key": "suspend"})
    for request, status in (
        (create(key="k", business_name="Bolt"), 201),
        (contact, 201),
        (suspend, 200),
    ):
        answers = containers.at_once([request] * 8)
        assert statuses(answers) == {status: 8}
        assert all(answer.body == answers[0].body for answer in answers)
        assert {answer.etag for answer in answers} == {answers[0].etag}
    assert len(owner.call("clients", "GET", "/v1/clients").body["items"]) == 2
    assert len(owner.call("contacts", "GET", f"{acme}/contacts").body["items"]) == 1
    assert read(owner, acme)["version"] == 2


def test_one_key_for_two_bodies_does_one_of_them(containers: Containers, owner: Staff):
    answers = containers.at_once(
        [create(key="k", business_name=name) for name in ("Acme", "Bolt")] * 3
    )
    assert statuses(answers) == {201: 3, 409: 3}
    assert {each.code for each in answers if each.status == 409} == {"idempotency_key_reused"}
    assert len(owner.call("clients", "GET", "/v1/clients").body["items"]) == 1


def test_there_is_exactly_one_primary_contact_whatever_happens_at_once(
    containers: Containers, owner: Staff, acme: str, admin: Any
):
    path, chance = f"{acme}/contacts", random.Random(7)  # noqa: S311
    for _ in range(25):
        there = owner.call("contacts", "GET", path, query={"limit": "100"}).body["items"]
        assert_one_primary(there)
        assert counted_contacts(admin, acme) == len(there)
        choices: list[Callable[[], Request]] = [
            lambda: Request("contacts", "POST", path, new_contact()),
            lambda: Request("contacts", "POST", path, new_contact(primary=True)),
        ]
        if there:
            paths = [f"{path}/{each['contact_id']}" for each in there]
            choices += [
                lambda: Request("contacts", "PATCH", chance.choice(paths), {"primary": True}),  # noqa: B023
                lambda: Request("contacts", "DELETE", chance.choice(paths)),  # noqa: B023
                lambda: Request("contacts", "DELETE", chance.choice(paths)),  # noqa: B023
            ]
        answers = containers.at_once([chance.choice(choices)() for _ in range(5)])
        assert {answer.status for answer in answers} <= {200, 201, 204, 404}


def assert_one_primary(contacts: list[Any]) -> None:
    assert sum(each["primary"] for each in contacts) == bool(contacts)


def counted_contacts(admin: Any, path: str) -> int:
    key = {"pk": {"S": f"CLIENT#{path.rpartition('/')[2]}"}, "sk": {"S": "CLIENT"}}
    item = admin.get_item(TableName="tallybook-test", Key=key, ConsistentRead=True)["Item"]
    return int(item.get("contacts", {"N": "0"})["N"])


def test_of_several_deletions_one_deletes(containers: Containers, acme: str):
    answers = containers.at_once([Request("clients", "DELETE", acme)] * 4)
    assert statuses(answers) == {204: 1, 404: 3}


@pytest.mark.usefixtures("papers")
def test_a_client_that_is_changed_while_it_is_deleted_leaves_nothing_behind(
    containers: Containers, owner: Staff, admin: Any
):
    for _ in range(8):
        fields = {"business_name": "Acme", "number": "K-1", "emails": ["a@acme.example"]}
        path = owner.call("clients", "POST", "/v1/clients", fields).headers["location"]
        answers = containers.at_once(
            [
                Request("contacts", "POST", f"{path}/contacts", new_contact()),
                Request("clients", "PATCH", path, {"business_name": "Bolt", "number": "K-2"}),
                Request("clients", "DELETE", path),
                Request("clients", "PUT", f"{path}/favourite"),
                Request("contacts", "POST", f"{path}/contacts", new_contact()),
            ]
        )
        assert {answer.status for answer in answers} <= {200, 201, 204, 404}
        removal.remove(path.rpartition("/")[2])
        left = admin.scan(TableName="tallybook-test")["Items"]
        assert [item["pk"]["S"] for item in left if not item["pk"]["S"].startswith("SEQ")] == []
