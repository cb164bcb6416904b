"""Faults of AWS that a test cannot wait for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from tallybook import dynamodb, queues
from tallybook.imports import bucket

WRITES = ("TransactWriteItems", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem")
READS = ("GetItem", "BatchGetItem", "Query", "GetObject", "HeadObject")


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
        for service, client in (("dynamodb", None), ("s3", bucket.client), ("sqs", queues.client)):
            hooks.enter_context(hooked(f"before-call.{service}", ask, client))
            hooks.enter_context(hooked(f"after-call.{service}", answer, client))
        yield


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
