"""Plays what AWS does between the functions for mail: the table's stream, and the queues.

`Post().run()` brings every change to `outbox` and every message to its worker until nothing is left
to do. What the mail service got is in `sent`.
"""

import copy
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from tests.support import stored
from tests.support.account import client
from tests.support.api import invoke
from tests.support.faults import hooked
from tests.support.imports import sqs_event
from tests.support.template import functions

WORKERS = {
    "DOCUMENT_QUEUE_URL": "renderer",
    "MAIL_QUEUE_URL": "mailer",
    "ACCESS_QUEUE_URL": "portal_access",
    "SMS_QUEUE_URL": "texter",
}
_WRITE = TypeSerializer()

type Json = dict[str, Any]
type Items = dict[tuple[str, str], Json]


class Stream:
    """The changes of the table since it was last asked, or since it was as `known`.

    `see` reads the table: moto's, unless said otherwise.
    """

    def __init__(self, see: Callable[[], Items] | None = None, known: Items | None = None) -> None:
        self._see = see or _by_key
        self._known = self._see() if known is None else known

    def changes(self) -> list[Json]:
        before, after = self._known, self._see()
        self._known = after
        return [
            _record(key, before.get(key), after.get(key))
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        ]


def _by_key() -> Items:
    return {(item["pk"], item["sk"]): item for item in stored.items()}


def _record(key: tuple[str, str], old: Json | None, new: Json | None) -> Json:
    change: Json = {"Keys": {"pk": {"S": key[0]}, "sk": {"S": key[1]}}}
    for name, image in (("OldImage", old), ("NewImage", new)):
        if image is not None:
            change[name] = {part: _WRITE.serialize(value) for part, value in image.items()}
    return {
        "eventID": "".join(key),
        "eventName": "INSERT" if old is None else "REMOVE" if new is None else "MODIFY",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": change | {"SequenceNumber": "".join(key), "StreamViewType": "BOTH"},
    }


def is_let_through(function: str, record: Json) -> bool:
    """Whether a filter of the function's stream in the template lets the record through."""
    return any(
        _matches(json.loads(each["Pattern"]), record)
        for event in functions()[function]["Properties"]["Events"].values()
        for each in event["Properties"].get("FilterCriteria", {}).get("Filters", [])
    )


def _matches(pattern: Any, value: Any) -> bool:
    """Lambda's rules of filters, as far as the template uses them."""
    if isinstance(pattern, dict):
        return all(_matches(part, (value or {}).get(name)) for name, part in pattern.items())
    return any(_is(rule, value) for rule in pattern)


def _is(rule: Any, value: Any) -> bool:
    match rule:
        case {"prefix": prefix}:
            return isinstance(value, str) and value.startswith(prefix)
        case {"exists": exists}:
            return (value is not None) == exists
    return bool(value == rule)


@dataclass
class Post:
    """The stream and the queues of one test. `sent` holds what SES was given, as its parameters."""

    stream: Stream = field(default_factory=Stream)
    sent: list[Json] = field(default_factory=list)

    def run(self) -> None:
        """Until nothing is left to do; whatever fails is a failure of the test."""
        while True:
            self.dispatch()
            messages = [(name, each) for url, name in WORKERS.items() for each in received(url)]
            if not messages:
                return
            for name, message in messages:
                assert self.deliver(name, message) == []

    def dispatch(self) -> list[Json]:
        """Bring what changed to `outbox`; returns the records that it got."""
        records = [each for each in self.stream.changes() if is_let_through("outbox", each)]
        if records:
            assert invoke("outbox", {"Records": records}) == {"batchItemFailures": []}
        return records

    def deliver(self, function: str, *messages: Json, receive_count: int = 1) -> list[Json]:
        """Deliver messages to a worker; returns those that it says have failed."""
        event = sqs_event(messages, receive_count)
        with self._noted():
            answer = invoke(function, event)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        pairs = zip(event["Records"], messages, strict=True)
        return [message for record, message in pairs if record["messageId"] in failed]

    @contextmanager
    def _noted(self) -> Iterator[None]:
        from tallybook.mail import ses

        def note(params: Json, **_: Any) -> None:
            self.sent.append(copy.deepcopy(params))

        with hooked("provide-client-params.sesv2.SendEmail", note, ses.client):
            yield


def received(url: str) -> list[Json]:
    """Every message that waits in the queue that the environment calls so, taken out of it."""
    found: list[Json] = []
    place = {"QueueUrl": os.environ[url]}
    while answer := client("sqs").receive_message(**place, MaxNumberOfMessages=10).get("Messages"):
        for message in answer:
            found.append(json.loads(message["Body"]))
            client("sqs").delete_message(**place, ReceiptHandle=message["ReceiptHandle"])
    return found
