"""Mail, SMS and invitations between a real table and services that are played (see `services`).

A `Mailroom` queues them as staff do, brings messages to workers, each a new container, and says
what came of it. `deaths` and `rivals` do one piece of work again and again from the same state of
the world: each time the container dies, or somebody else acts, at another of its calls of AWS.
"""

import copy
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from boto3.dynamodb.types import TypeDeserializer

from tallybook import claims
from tallybook.dates import now
from tallybook.errors import Busy
from tallybook.handover import NotNow
from tallybook.mail import queueing, working
from tallybook.portal import access
from tallybook.portal.turns import NotYourTurn
from tallybook.sms import sending
from tallybook.transactions import Transaction
from tests.builders import new_client
from tests.support import snapshots
from tests.support.api import Staff, invoke
from tests.support.faults import Death, before_call, death_at_call
from tests.support.imports import sqs_event
from tests.support.local_table import NAME, forget
from tests.support.post import WORKERS, Stream, is_let_through
from tests.support.services import Pool, Services
from tests.support.snapshots import Snapshot
from tests.unit import ses_events

LONG_AGO = "2020-01-01T00:00:00.000Z"

_READ: Any = TypeDeserializer()

type Json = dict[str, Any]
type Kind = Literal["mail", "sms", "invitation"]

WORKER = {"mail": "mailer", "sms": "texter", "invitation": "portal_access"}
# Why a message comes back to its queue and is no fault.
COMES_BACK = (claims.InHand, NotYourTurn, Busy, NotNow)


@dataclass
class Mailroom:
    admin: Any
    services: Services
    owner: Staff
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**6)))
    clients: dict[str, str] = field(default_factory=dict)
    """The clients by their addresses and telephone numbers: each has its own."""

    def __post_init__(self) -> None:
        self.stream = Stream(self.table)

    # ---- What staff do ----------------------------------------------------------------------

    def client(self) -> str:
        number = next(self.numbers)
        email, telephone = f"office@firm{number}.example", f"+4922112{number:04}"
        new = new_client(business_name=f"Firm {number}", emails=[email], telephone=telephone)
        answer = self.owner.post("/v1/clients", new)
        assert answer.status == 201, answer.body
        self.clients |= dict.fromkeys((email, telephone), answer.body["client_id"])
        return str(answer.body["client_id"])

    def queued(self, kind: Kind, client_id: str) -> Json:
        """Something to send; returns the message that the outbox sends to the queue."""
        path, name, body = {
            "mail": ("emails", "email_id", {"subject": "Your order", "body": "It is ready."}),
            "sms": ("sms", "sms_id", {"body": "Your order is ready."}),
            "invitation": ("invitation", "email_id", {}),
        }[kind]
        answer = self.owner.post(f"/v1/clients/{client_id}/{path}", body)
        assert answer.status == 202, answer.body
        return {"client_id": client_id, name: answer.body[name]}

    def to_the_firm(self) -> Json:
        transaction = Transaction()
        context: Json = {"filename": "a.csv", "status": "completed", "counts": {}, "error": None}
        mail = queueing.Mail(template="import_result", to=["boss@firm.example"], context=context)
        record = queueing.queue(transaction, mail, client_id=None, at=now())
        transaction.commit()
        return {"client_id": None, "email_id": record.row["email_id"]}

    def suspend(self, client_id: str) -> None:
        assert self.owner.post(f"/v1/clients/{client_id}/suspend").status == 200

    def activate(self, client_id: str) -> None:
        assert self.owner.post(f"/v1/clients/{client_id}/activate").status == 200

    # ---- What AWS does ----------------------------------------------------------------------

    def work(self, kind: Kind, *messages: Json) -> list[Json]:
        """Deliver messages to a new container; returns those that come back."""
        return self.deliver(WORKER[kind], *messages)

    def deliver(self, function: str, *messages: Json) -> list[Json]:
        forget()
        event = sqs_event(messages)
        failed = {each["itemIdentifier"] for each in invoke(function, event)["batchItemFailures"]}
        pairs = zip(event["Records"], messages, strict=True)
        return [message for record, message in pairs if record["messageId"] in failed]

    def changes(self) -> list[Json]:
        """The records of the stream, since it was last asked, that the outbox gets."""
        return [each for each in self.stream.changes() if is_let_through("outbox", each)]

    def outbox(self, records: list[Json]) -> None:
        assert invoke("outbox", {"Records": records}) == {"batchItemFailures": []}

    def waiting(self) -> list[tuple[str, Json]]:
        """All messages of the queues, with the functions that they are for; taken out."""
        return [
            (function, message)
            for url, function in WORKERS.items()
            for message in self.services.received(os.environ[url])
        ]

    def run(self) -> None:
        """Bring every change and every message where it belongs, until nothing is left to do."""
        while True:
            if records := self.changes():
                self.outbox(records)
            messages = self.waiting()
            if not messages:
                return
            for function, message in messages:
                assert self.deliver(function, message) == []

    def tell(self) -> None:
        """What the mail service tells of the mails that it took: sent, then delivered."""
        for mail in self.services.mails:
            for event in self.events(mail):
                assert self.deliver("mail_events", event) == []

    def events(self, mail: Json) -> list[Json]:
        about: Json = {"client_id": None}
        about |= {tag["Name"]: tag["Value"] for tag in mail["EmailTags"]}
        to = mail["Destination"]["ToAddresses"]
        return [ses_events.send(**about), ses_events.delivery(*to, **about)]

    def lease_is_over(self, message: Json) -> None:
        item = self.admin.get_item(TableName=NAME, Key=_key(message))["Item"]
        row = item["row"]["M"]
        if "sending_until" in row:
            row["sending_until"] = {"S": LONG_AGO}
            self.admin.put_item(TableName=NAME, Item=item)

    # ---- What came of it --------------------------------------------------------------------

    def table(self) -> dict[tuple[str, str], Json]:
        return snapshots.take(self.admin, objects=False).plain()

    def item(self, message: Json) -> Json:
        found = self.admin.get_item(TableName=NAME, Key=_key(message), ConsistentRead=True)["Item"]
        return {name: _READ.deserialize(value) for name, value in found.items()}

    def state(self, message: Json) -> str:
        """The status; "preparing" while a worker has the item and nothing can have left."""
        item = self.item(message)
        if item["row"]["status"] == "sending" and item["claim"]["stage"] == "preparing":
            return "preparing"
        return str(item["row"]["status"])

    def held(self) -> list[str]:
        keys = snapshots.take(self.admin, objects=False).items
        return [sk for _, sk in keys if sk.startswith("HELD#")]

    def given(self, message: Json) -> int:
        """How many times the service was given what the message names."""
        if "sms_id" in message:
            to = [text["PhoneNumber"] for text in self.services.texts]
            return to.count(self.item(message)["row"]["to"])
        ids = Counter(
            tag["Value"]
            for mail in self.services.mails
            for tag in mail["EmailTags"]
            if tag["Name"] == "email_id"
        )
        return ids[message["email_id"]]

    def check_is_settled(self, message: Json) -> None:
        """Nothing is left over of how it came to its end."""
        item = self.item(message)
        assert "claim" not in item, item
        assert not {"sending_until", "held_at"} & item["row"].keys(), item
        name = message.get("email_id") or message["sms_id"]
        assert not [each for each in self.held() if each.endswith(name)]

    # ---- Again and again --------------------------------------------------------------------

    def deaths(self, act: Callable[[], object], *, when: str | None = None) -> Iterator[int]:
        """The container dies at each call of `act` in turn, each from the same state.

        "before" each, or "after" each that writes; else before each, and when all is done: what is
        kept outside of containers is the same then as with both, at half the time.
        """
        restore = self.restorer()
        for count in range(1, 200):
            restore()
            try:
                with death_at_call(count, when=when or "before"):
                    act()
            except Death:
                yield count
            else:
                if when is None:
                    yield count
                return

    def rivals(
        self, act: Callable[[], object], rival: Callable[[], object], *, step: int = 1
    ) -> Iterator[int]:
        """The rival acts before each call of `act` in turn, each from the same state."""
        restore = self.restorer()
        for count in range(1, 200, step):
            restore()
            with before_call(count, rival) as acted:
                act()
            if not acted:
                return
            yield count

    def restorer(self) -> Callable[[], None]:
        """Makes the table and the services as they are now."""
        before: Snapshot = snapshots.take(self.admin, objects=False)
        known = before.plain()
        services: Services = copy.deepcopy(self.services)

        def restore() -> None:
            snapshots.restore(self.admin, before, objects=False)
            kept = copy.deepcopy(services)
            for name in ("mails", "texts", "events", "queues", "pool"):
                setattr(self.services, name, getattr(kept, name))
            self.stream = Stream(self.table, known)

        return restore

    @property
    def pool(self) -> Pool:
        return self.services.pool


def act(function: str, message: Json) -> bool:
    """What the function does with a message, as a thread can: whether the message is done with.

    A function serves one event at a time in its process; what it calls may run in threads.
    """
    try:
        match function:
            case "mailer":
                (outcome,) = working.work([message])
                if isinstance(outcome, Exception):
                    raise outcome
            case "texter":
                sending.work(message["client_id"], message["sms_id"])
            case _:
                access.work(message)
    except COMES_BACK:
        return False
    return True


def _key(message: Json) -> Json:
    kind, name = ("EMAIL", "email_id") if "email_id" in message else ("SMS", "sms_id")
    pk = queueing.partition(message["client_id"])
    return {"pk": {"S": pk}, "sk": {"S": f"{kind}#{message[name]}"}}
