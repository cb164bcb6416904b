"""Faults of AWS that a test cannot wait for."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from botocore.exceptions import ReadTimeoutError

from tallybook import dynamodb, queues
from tallybook.imports import bucket
from tallybook.mail import ses
from tallybook.outbox import bus
from tallybook.portal import pool
from tallybook.sms import network

WRITES = ("TransactWriteItems", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem")
READS = ("GetItem", "BatchGetItem", "Query", "GetObject", "HeadObject", "AdminGetUser")


def clients() -> dict[str, Any]:
    """The code's clients of AWS, by the names that botocore's events have for their services."""
    return {
        "dynamodb": dynamodb.client,
        "s3": bucket.client,
        "sqs": queues.client,
        "sesv2": ses.client,
        "sns": network.client,
        "events": bus.client,
        "cognito-idp": pool.client,
    }


@contextmanager
def refused(
    operation: str, code: str, *, reasons: list[str] | None = None, times: int = 10**6
) -> Iterator[list[None]]:
    """The next `times` calls of the operation are refused; yields a list that counts them."""
    refusals: list[None] = []
    answer: dict[str, Any] = {"Error": {"Code": code, "Message": code}}
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]

    def refuse(**_: Any) -> Any:
        if len(refusals) == times:
            return None
        refusals.append(None)
        return SimpleNamespace(status_code=400), answer

    with hooked(f"before-call.dynamodb.{operation}", refuse):
        yield refusals


@contextmanager
def unanswered(operation: str, times: int) -> Iterator[None]:
    """The operation's next `times` requests are lost on their way."""
    lost: list[None] = []

    def lose(**_: Any) -> None:
        if len(lost) < times:
            lost.append(None)
            raise ReadTimeoutError(endpoint_url="the table")

    with hooked(f"before-send.dynamodb.{operation}", lose):
        yield
    assert len(lost) == times


class Crash(Exception):
    """The container died."""


@contextmanager
def crash_at(operation: str, count: int) -> Iterator[None]:
    """The call of the operation with this number does not happen: the container dies."""
    calls = iter(range(1, 10**6))

    def die(**_: Any) -> None:
        if next(calls) == count:
            raise Crash

    with hooked(f"before-call.dynamodb.{operation}", die):
        yield


class Death(BaseException):
    """The container is gone at once: no handler of ours answers any more."""


@contextmanager
def death_at_write(count: int, *, when: str) -> Iterator[None]:
    """The container dies "before" or "after" the write with this number reaches the table."""
    writes = iter(range(1, 10**6))

    def die(model: Any, **_: Any) -> None:
        if model.name in WRITES and next(writes) == count:
            raise Death

    with hooked(f"{when}-call.dynamodb", die):
        yield


@contextmanager
def death_at_call(count: int, *, when: str) -> Iterator[None]:
    """The container dies "before" its call of AWS with this number, or "after" such a write.

    Calls of every service count, whichever thread makes them; of writes, only they ("after" a read
    is before the next call). No call follows: other threads of the container die at theirs.
    """
    calls, lock = iter(range(1, 10**6)), threading.Lock()
    numbers: dict[int, int] = {}  # of each thread's present call
    is_over = False

    def ask(model: Any, **_: Any) -> None:
        nonlocal is_over
        with lock:
            counts = when == "before" or model.name not in READS
            number = numbers[threading.get_ident()] = next(calls) if counts else 0
            is_over |= number == count and when == "before"
            if is_over:
                raise Death

    def answer(**_: Any) -> None:
        nonlocal is_over
        with lock:
            is_over |= numbers[threading.get_ident()] == count
            if is_over:
                raise Death

    with ExitStack() as hooks:
        for service, client in clients().items():
            hooks.enter_context(hooked(f"before-call.{service}", ask, client))
            hooks.enter_context(hooked(f"after-call.{service}", answer, client))
        yield


@contextmanager
def before_call(count: int, rival: Callable[[], object]) -> Iterator[list[str]]:
    """Somebody else acts just before the call of AWS with this number; yields which call it was.

    It stays empty when there is no such call.
    """
    calls, acted, lock = iter(range(1, 10**6)), list[str](), threading.Lock()

    def ask(model: Any, **_: Any) -> None:
        with lock:
            is_it = not acted and next(calls) == count
            if is_it:
                acted.append(model.name)
        if is_it:
            with ThreadPoolExecutor(1) as other:
                other.submit(rival).result()

    with ExitStack() as hooks:
        for service, client in clients().items():
            hooks.enter_context(hooked(f"before-call.{service}", ask, client))
        yield acted


@contextmanager
def before_transaction(text: str, act: Callable[[], object]) -> Iterator[None]:
    """Somebody else acts just before the first transaction that says `text`."""
    acted, lock = False, threading.Lock()

    def look(params: dict[str, Any], **_: Any) -> None:
        nonlocal acted
        with lock:
            is_meant = not acted and text.encode() in _bytes(params["body"])
            acted |= is_meant
        if is_meant:
            act()

    with hooked("before-call.dynamodb.TransactWriteItems", look):
        yield
    assert acted


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


@contextmanager
def no_pauses() -> Iterator[None]:
    """The code does not wait before it tries again."""
    with mock.patch.object(dynamodb, "time", SimpleNamespace(sleep=lambda _: None)):
        yield


@contextmanager
def hooked(event: str, handle: Any, client: Any = None) -> Iterator[None]:
    """Inside, botocore calls `handle` at an event of the code's client, DynamoDB's or another."""
    events = (client or dynamodb.client).meta.events
    events.register(event, handle)
    try:
        yield
    finally:
        events.unregister(event, handle)
