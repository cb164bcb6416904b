"""What a piece of code asks of DynamoDB: its requests, and the units that they cost.

Units of single calls and of reads are what DynamoDB says (ReturnConsumedCapacity). Those of
transactions are computed, because DynamoDB Local gets them wrong: two write units for each
started KB of an item, as it was or as it becomes, whichever is larger, and one for each started
KB of each index entry that is written or removed. And a read that finds nothing costs as much as
one that finds little, which DynamoDB Local does not count.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tallybook import dynamodb
from tallybook.table import TABLE_NAME, Item
from tests.support.template import resources

_KB = 1024


@dataclass
class Call:
    operation: str
    request: dict[str, Any]
    reads: float = 0  # read units
    writes: float = 0  # write units
    refused: bool = False
    actions: int = 1


@dataclass
class Spent:
    calls: list[Call] = field(default_factory=list)

    @property
    def requests(self) -> dict[str, int]:
        return dict(Counter(call.operation for call in self.calls))

    @property
    def reads(self) -> float:
        return sum(call.reads for call in self.calls)

    @property
    def writes(self) -> float:
        return sum(call.writes for call in self.calls)

    @property
    def actions(self) -> int:
        """The items of the largest transaction."""
        return max((call.actions for call in self.calls), default=0)


@contextmanager
def spent(admin: Any) -> Iterator[Spent]:
    """The requests that are made inside. `admin` is a client for the same DynamoDB, not watched."""
    found = Spent()

    def ask(params: dict[str, Any], model: Any, context: Any, **_: Any) -> None:
        if model.name == "TransactWriteItems":
            context["before"] = _images(admin, params["TransactItems"])
        else:
            params["ReturnConsumedCapacity"] = "INDEXES"
        context["asked"] = params

    def note(
        http_response: Any, parsed: dict[str, Any], model: Any, context: Any, **_: Any
    ) -> None:
        params = context["asked"]
        call = Call(model.name, params, refused=http_response.status_code >= 300)
        found.calls.append(call)
        if model.name == "TransactWriteItems":
            call.actions = len(params["TransactItems"])
            before, after = context["before"], _images(admin, params["TransactItems"])
            call.writes = sum(map(_transaction_units, before, after))
        else:
            consumed = parsed.get("ConsumedCapacity", [])
            units = sum(
                each["CapacityUnits"]
                for each in (consumed if isinstance(consumed, list) else [consumed])
            )
            if model.name in ("GetItem", "BatchGetItem", "Query"):
                call.reads = max(units, 1 if params.get("ConsistentRead") else 0.5)
            else:
                call.writes = units

    events = dynamodb.client.meta.events
    events.register("provide-client-params.dynamodb.*", ask)
    events.register("after-call.dynamodb.*", note)
    try:
        yield found
    finally:
        events.unregister("provide-client-params.dynamodb.*", ask)
        events.unregister("after-call.dynamodb.*", note)


def _images(admin: Any, actions: list[dict[str, Any]]) -> list[Item | None]:
    """The items that the actions are about, as they are now."""
    keys = [_key(action) for action in actions]
    wanted = {TABLE_NAME: {"Keys": keys, "ConsistentRead": True}}
    answer = admin.batch_get_item(RequestItems=wanted)
    assert not answer["UnprocessedKeys"]
    found = {_place(item): item for item in answer["Responses"][TABLE_NAME]}
    return [found.get(_place(key)) for key in keys]


def _key(action: dict[str, Any]) -> Item:
    (request,) = action.values()
    item = request.get("Key") or request["Item"]
    return {"pk": item["pk"], "sk": item["sk"]}


def _place(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _transaction_units(before: Item | None, after: Item | None) -> int:
    largest = max(size(image) for image in (before or {}, after or {}))
    return 2 * _started(largest) + index_units(before, after)


def index_units(before: Item | None, after: Item | None) -> int:
    """The units of the index entries that change with an item."""
    units = 0
    for index in _indexes():
        old, new = _entry(index, before), _entry(index, after)
        if old == new:
            continue
        key = [part["AttributeName"] for part in index["KeySchema"]]
        moved = old and new and any(old[name] != new[name] for name in key)
        if moved:
            units += _started(size(old)) + _started(size(new))
        else:
            units += _started(max(size(old), size(new)))
    return units


def _indexes() -> list[dict[str, Any]]:
    (table,) = resources("AWS::DynamoDB::Table").values()
    return table["Properties"]["GlobalSecondaryIndexes"]


def _entry(index: dict[str, Any], item: Item | None) -> Item:
    """What an index keeps of an item; {} when it has no place in the index."""
    key = [part["AttributeName"] for part in index["KeySchema"]]
    if not item or any(name not in item for name in key):
        return {}
    kept = {"pk", "sk", *key, *index["Projection"].get("NonKeyAttributes", [])}
    return {name: value for name, value in item.items() if name in kept}


def _started(size: int) -> int:
    return max(1, math.ceil(size / _KB))


def size(item: Item) -> int:
    """The size of an item in bytes, as DynamoDB counts."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return math.ceil(len(content.strip("-0").replace(".", "")) / 2) + 1
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(part) for name, part in content.items())
        case "L":
            return 3 + sum(1 + size_of for size_of in _sizes(content))
        case "SS":
            return sum(len(part.encode()) for part in content)
    return 1


def _sizes(values: Iterable[dict[str, Any]]) -> Iterator[int]:
    return map(_size, values)
