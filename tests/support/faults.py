"""Faults of DynamoDB that a test cannot wait for."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from tallybook import dynamodb

WRITES = ("TransactWriteItems", "BatchWriteItem", "PutItem", "UpdateItem", "DeleteItem")


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
def hooked(event: str, handle: Any) -> Iterator[None]:
    """Inside, botocore calls `handle` at an event of the code's client."""
    events = dynamodb.client.meta.events
    events.register(event, handle)
    try:
        yield
    finally:
        events.unregister(event, handle)
