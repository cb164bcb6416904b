"""The real code on a real table: requests of staff, the schedule, the queues and their workers.

A worker may die in any of its calls, get a message twice, at once or days later, or be refused by
the table; whatever fails comes again within the hour, as its queue brings it.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tallybook.chasing import looking
from tallybook.dates import now, timestamp
from tallybook.table import query
from tests.support import faults
from tests.support.api import Answer, Staff, invoke
from tests.support.clock import Clock
from tests.support.faults import Death
from tests.support.imports import sqs_event
from tests.support.local_table import forget
from tests.support.post import is_let_through
from tests.support.services import Services

type Json = dict[str, Any]

RECURRING, CHASE = ("RECURRING_QUEUE_URL", "recurring_runs"), ("CHASE_QUEUE_URL", "chaser")
_OTHERS = ("WEBHOOK_QUEUE_URL", "MAIL_QUEUE_URL", "DOCUMENT_QUEUE_URL", "SMS_QUEUE_URL")
_MOST_DELIVERIES = 30
_IDLE_RUNS = 0.05  # of those that have nothing to do, so many are made all the same
_SCHEDULED: Json = {
    "version": "0",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "detail": {},
    "resources": [],
}


@dataclass
class Chances:
    """Of a message: that its worker dies, is refused, gets it twice, or has a rival."""

    death: float = 0.04
    refusal: float = 0.01
    twice: float = 0.03
    late: float = 0.01
    rival: float = 0.01
    request: float = 0.02  # of a request of staff: that it dies and is made again


@dataclass
class Stack:
    clock: Clock
    services: Services
    random: Random
    chances: Chances
    owner: Staff = field(default_factory=Staff)
    put: list[Json] = field(default_factory=list)
    """What was written of the history since the outbox last ran, as the stream tells it."""
    kept: list[tuple[tuple[str, str], Json]] = field(default_factory=list)
    """Messages that will come once more, some day."""
    told: dict[str, int] = field(default_factory=dict)
    keys: int = 0
    idle_until: str = ""  # nothing is due before; "" where it has to be looked up

    # ---- What staff ask -------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """The answer to a request that must succeed; some die, and are made again."""
        self.idle_until = ""
        self.keys += 1
        headers = {"Idempotency_Key": f"simulated {self.keys}"} if method == "POST" else {}
        act = getattr(self.owner, method.lower())

        def make() -> Answer:
            if method == "DELETE":
                return act(path)
            return act(path, body, **headers)

        if method == "POST" and self.random.random() < self.chances.request:
            try:
                when = self.random.choice(("before", "after"))
                with faults.death_at_write(1, when=when):
                    answer = make()
            except Death:
                self._count("requests that died")
                forget()
                answer = make()
        else:
            answer = make()
        assert answer.status < 300, (method, path, body, answer.status, answer.body)
        return answer

    # ---- What AWS does --------------------------------------------------------------------------

    def run(self) -> None:
        """The schedule runs, and all that it leads to is done; most idle runs are skipped."""
        self.idle_until = self.idle_until or self._first_due()
        if timestamp(self.clock.at) < self.idle_until and self.random.random() > _IDLE_RUNS:
            return
        self.idle_until = ""
        for _ in range(_MOST_DELIVERIES):
            self._invoke("agenda", _SCHEDULED)
            recurring, chase = self._received(RECURRING), self._received(CHASE)
            if not recurring and not chase:
                return
            for message in recurring:
                self._deliver(RECURRING, message)
            # The first of two: who is looked at has all its invoices by then.
            for message in chase:
                self._deliver(CHASE, message)
        raise AssertionError("the agenda finds something to do again and again")

    def _first_due(self) -> str:
        """The moment of the first entry of the agenda, as it is stored."""
        found = ["~"]  # behind every moment
        for kind in ("client", "recurring", "workflow"):
            items, _ = query(
                IndexName="agenda",
                KeyConditionExpression="agenda_pk = :kind",
                ExpressionAttributeValues={":kind": {"S": f"DUE#{kind}"}},
                Limit=1,
            )
            found += [item["agenda_sk"]["S"].partition("#")[0] for item in items]
        return min(found)

    def send_only(self) -> None:
        """The schedule runs, and nobody gets its messages until later."""
        self._invoke("agenda", _SCHEDULED)
        for queue in (RECURRING, CHASE):
            self.kept += [(queue, message) for message in self._received(queue)]

    def late(self) -> list[str]:
        """What was kept comes now; returns the clients that were looked at."""
        kept, self.kept = self.kept, []
        for queue, message in sorted(kept, key=lambda each: each[0] == CHASE):
            self._count("messages that came late")
            self._deliver(queue, message)
        return [message["client_id"] for queue, message in kept if queue == CHASE]

    def outbox(self) -> list[str]:
        """The stream brings what happened; returns the clients that were looked at for it."""
        records, self.put = self.put, []
        let_through = [each for each in records if is_let_through("outbox", each)]
        if let_through:
            self._invoke("outbox", {"Records": let_through})
        messages = self._received(CHASE)
        for message in messages:
            self._deliver(CHASE, message)
        return [message["client_id"] for message in messages]

    def _received(self, queue: tuple[str, str]) -> list[Json]:
        for other in _OTHERS:
            self.services.received(os.environ[other])
        self.services.events.clear()
        return self.services.received(os.environ[queue[0]])

    def _deliver(self, queue: tuple[str, str], message: Json) -> None:
        """Bring a message until it is done with; perhaps again afterwards, at once or later."""
        self._count(queue[1])
        for times in range(1, _MOST_DELIVERIES):
            try:
                with self._disturbed(queue, message):
                    event = sqs_event([message], times)
                    answer = self._invoke(queue[1], event)
            except Death:
                self._count("workers that died")
                forget()
                continue
            if answer["batchItemFailures"] == []:
                break
            self._count("messages that came back")
        else:
            raise AssertionError(f"{message} is never done with")
        if self.random.random() < self.chances.twice:
            self._count("messages that came twice")
            self._invoke(queue[1], sqs_event([message]))
        if self.random.random() < self.chances.late:
            self.kept.append((queue, message))

    @contextmanager
    def _disturbed(self, queue: tuple[str, str], message: Json) -> Iterator[None]:
        chance, chances = self.random.random(), self.chances
        with ExitStack() as stack:
            if chance < chances.death:
                when = self.random.choice(("before", "after"))
                count = self.random.randint(1, 10)
                stack.enter_context(faults.death_at_call(count, when=when))
            elif chance < chances.death + chances.refusal:
                refused = faults.refused("TransactWriteItems", "ThrottlingException", times=1)
                stack.enter_context(refused)
            elif chance < chances.death + chances.refusal + chances.rival and queue == CHASE:
                rival = self._rival(message["client_id"])
                stack.enter_context(faults.before_call(self.random.randint(1, 8), rival))
            yield

    def _rival(self, client_id: str) -> Callable[[], None]:
        def look() -> None:
            self._count("workers at the same client")
            looking.look(client_id, now())

        return look

    def _invoke(self, function: str, event: Json) -> Any:
        return invoke(function, event)

    def _count(self, what: str) -> None:
        self.told[what] = self.told.get(what, 0) + 1

    # ---- What is written ------------------------------------------------------------------------

    @contextmanager
    def watched(self, see: Callable[[Json], None]) -> Iterator[None]:
        """Inside, `see` is called with each item that a transaction puts."""

        def ask(params: Json, context: Json, **_: Any) -> None:
            context["asked"] = params

        def note(http_response: Any, context: Json, **_: Any) -> None:
            if http_response.status_code == 200:
                for action in context["asked"]["TransactItems"]:
                    if "Put" in action:
                        item = action["Put"]["Item"]
                        if item["sk"]["S"].startswith("HISTORY#"):
                            self.put.append(_record(item))
                        see(item)

        with (
            faults.hooked("provide-client-params.dynamodb.TransactWriteItems", ask),
            faults.hooked("after-call.dynamodb.TransactWriteItems", note),
        ):
            yield


def _record(item: Json) -> Json:
    key = json.dumps([item["pk"]["S"], item["sk"]["S"]])
    return {
        "eventID": key,
        "eventName": "INSERT",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "Keys": {"pk": item["pk"], "sk": item["sk"]},
            "NewImage": item,
            "SequenceNumber": key,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }
