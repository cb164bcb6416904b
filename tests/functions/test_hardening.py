"""What a review found: rare inputs and faults that must still end in a clear answer."""

import pytest

from tests.builders import new_client
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff

CLIENTS = "/v1/clients"


@pytest.fixture
def client_path(owner: Staff) -> str:
    return str(owner.post(CLIENTS, new_client()).headers["location"])


def test_a_throttled_request_with_a_key_says_that_it_is_the_table(owner: Staff):
    with stored.fault("*", "ThrottlingException"):
        answer = owner.call(
            "clients",
            "POST",
            CLIENTS,
            {"business_name": "Acme"},
            headers={"Idempotency-Key": "one"},
        )
    assert_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_contact_id_that_is_longer_than_a_key_is_not_found(
    owner: Staff, client_path: str, method: str
):
    body = {"first_name": "A"} if method == "PATCH" else None
    answer = owner.call("contacts", method, f"{client_path}/contacts/{'A' * 1100}", body)
    assert_problem(answer, 404, "contact_not_found")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/clientz", 404), ("PUT", "/v1/clients", 405)]
)
def test_a_query_does_not_hide_that_a_path_or_method_is_unknown(
    owner: Staff, method: str, path: str, status: int
):
    assert owner.call("fallback", method, path, query={"limit": "5"}).status == status


def test_a_pattern_leaves_room_for_its_numbers(owner: Staff):
    pattern = "x" * 41 + "{seq}"
    answer = owner.patch("/v1/settings", {"numbering": {"client": pattern}})
    assert_problem(answer, 422, "validation_failed", "numbering.client")
    assert owner.patch("/v1/settings", {"numbering": {"client": pattern[1:]}}).status == 200


def test_settings_that_do_not_change_keep_their_version(owner: Staff):
    first = owner.patch("/v1/settings", {"name": "Sturm"})
    assert first.etag == '"1"'
    assert owner.patch("/v1/settings", {"name": "Sturm", "telephone": None}).etag == '"1"'
    assert owner.patch("/v1/settings", {"name": "Drang"}).etag == '"2"'


def test_erasing_a_client_without_books_leaves_nothing_of_it(owner: Staff, client_path: str):
    from tallybook.clients.removal import remove

    client_id = client_path.rpartition("/")[2]
    stored.put(f"CLIENT#{client_id}", "INVOICE#draft")
    assert owner.delete(client_path, {"erase": "true"}).status == 204
    remove(client_id)
    assert stored.keys(f"CLIENT#{client_id}") == []


@pytest.mark.parametrize("role", ["staff", "specialist"])
def test_a_contact_is_deleted_by_managers_and_owners_only(
    owner: Staff, client_path: str, role: str
):
    contact = owner.call("contacts", "POST", f"{client_path}/contacts", {"first_name": "Zoë"})
    path = contact.headers["location"]
    answer = Staff(role).call("contacts", "DELETE", path)
    assert_problem(answer, 403, "forbidden")
    assert Staff("manager").call("contacts", "DELETE", path).status == 204


@pytest.mark.parametrize(
    ("word", "finds"), [("m", True), ("ж", False), ("1", False), ("s m", True)]
)
def test_a_single_character_finds_what_begins_with_it(
    owner: Staff, client_path: str, word: str, finds: bool
):
    items = owner.get(CLIENTS, q=word).body["items"]
    assert bool(items) == finds
