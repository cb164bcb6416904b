"""Records which calls of AWS a piece of code makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tallybook import dynamodb


@contextmanager
def recorded() -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The DynamoDB operations that are called inside, with their parameters."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    client = dynamodb.client
    client.meta.events.register("provide-client-params.dynamodb.*", record)
    try:
        yield calls
    finally:
        client.meta.events.unregister("provide-client-params.dynamodb.*", record)
