"""A POST with a key whose container dies at any write is done once when it is repeated."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.builders import new_contact
from tests.support.api import Answer, Staff
from tests.support.faults import Death, death_at_write
from tests.support.local_table import forget

CLIENTS = "/v1/clients"


@dataclass
class Post:
    """A POST, and what must be true when it was done once."""

    owner: Staff
    function: str
    path: str
    body: Any
    status: int

    def send(self, key: str) -> Answer:
        headers = {"Idempotency-Key": key}
        return self.owner.call(self.function, "POST", self.path, self.body, headers=headers)

    def check(self, answer: Answer) -> None:
        raise NotImplementedError


class Create(Post):
    def check(self, answer: Answer) -> None:
        query = {"q": self.body["business_name"]}
        found = self.owner.call("clients", "GET", CLIENTS, query=query).body["items"]
        assert [each["client_id"] for each in found] == [answer.body["client_id"]]


class AddContact(Post):
    def check(self, answer: Answer) -> None:
        listed = self.owner.call("contacts", "GET", self.path).body["items"]
        assert listed == [answer.body]


class Suspend(Post):
    def check(self, answer: Answer) -> None:
        path = self.path.removesuffix("/suspend")
        assert self.owner.call("clients", "GET", path).body == answer.body
        assert answer.body["version"] == 2


class DeleteMany(Post):
    def check(self, answer: Answer) -> None:
        for client_id in self.body["client_ids"]:
            gone = self.owner.call("clients", "GET", f"{CLIENTS}/{client_id}")
            assert gone.status == 404
        expected = [
            {"client_id": each, "ok": True, "code": None} for each in self.body["client_ids"]
        ]
        assert answer.body == {"results": expected}


def client(owner: Staff, name: str) -> str:
    answer = owner.call("clients", "POST", CLIENTS, {"business_name": name})
    return str(answer.body["client_id"])


def prepared(owner: Staff, kind: type[Post], turn: int) -> Post:
    name = f"turn{turn}"
    if kind is Create:
        body = {"business_name": name, "emails": [f"{name}@x.example"]}
        return Create(owner, "clients", CLIENTS, body, 201)
    if kind is AddContact:
        path = f"{CLIENTS}/{client(owner, name)}/contacts"
        return AddContact(owner, "contacts", path, new_contact(), 201)
    if kind is Suspend:
        path = f"{CLIENTS}/{client(owner, name)}/suspend"
        return Suspend(owner, "clients", path, {"reason": "Unpaid"}, 200)
    ids = [client(owner, f"{name}{letter}") for letter in "abc"]
    body = {"action": "delete", "client_ids": ids}
    return DeleteMany(owner, "clients", f"{CLIENTS}/bulk", body, 200)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "writes"), [(Create, 1), (AddContact, 1), (Suspend, 1), (DeleteMany, 4)]
)
def test_a_post_is_done_once_wherever_its_container_died(
    owner: Staff, kind: type[Post], writes: int, when: str
):
    client(owner, "A first one, so that the container remembers the settings")
    died = 0
    for turn in range(1, 20):
        post, key = prepared(owner, kind, turn), f"{kind.__name__}-{turn}"
        try:
            with death_at_write(turn, when=when):
                post.send(key)
        except Death:
            died += 1
            forget()  # a new container takes over
        answer = post.send(key)
        assert answer.status == post.status, answer.body
        post.check(answer)
        again = post.send(key)
        assert (again.status, again.body) == (answer.status, answer.body)
        assert again.headers["idempotency-replayed"] == "true"
        post.check(again)
        if died < turn:  # the request has no such write: every one has been tried
            break
    assert died == writes
