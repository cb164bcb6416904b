"""The whole table: its chart, its keys, its base record, and transactions.

| item | pk | sk |
|---|---|---|
| ClientRecord | `CLIENT#<client_id>` | `CLIENT` |
| ContactRecord | `CLIENT#<client_id>` | `CONTACT#<contact_id>` |
| UniqueRecord | `UNIQUE#<field>#<value>` | `UNIQUE` |
| SearchRecord | `SEARCH#<first two characters>` | `<token>#<client_id>` |
| SequenceRecord | `SEQUENCE#<name>` | `SEQUENCE` |
| SettingsRecord | `SETTINGS` | `SETTINGS` |
| StaffRecord | `STAFF#<staff_id>` | `STAFF` |
| FavouriteRecord | `STAFF#<staff_id>` | `FAVOURITE#<client_id>` |
| WorkflowRecord | `WORKFLOW#<workflow_id>` | `WORKFLOW` |
| IdempotencyRecord | `IDEMPOTENCY#<key>` | `IDEMPOTENCY` |

| index | record | partition | sort |
|---|---|---|---|
| `listing` | ClientRecord | `CLIENTS` | `<sort name>#<client_id>` |
| `listing` | StaffRecord | `STAFF` | `<sort name>#<staff_id>` |
| `by_date` | ClientRecord | `CLIENTS` | `<client_id>` |

The indexes `listing` and `by_date` project one attribute, `row`: what a list shows of the item.
The index `agenda` holds what falls due; nothing is due yet.
"""

import os
import random
import time
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from tallybook import dynamodb
from tallybook.errors import Busy, Unavailable

TABLE_NAME = os.environ["TABLE_NAME"]

type Item = dict[str, dict[str, Any]]
"""An item as DynamoDB sends it: {"pk": {"S": "CLIENT#01J…"}, …}."""

type Refusal = Callable[[Item], Exception]
"""Makes the error to raise when a condition fails, from the item that failed it ({}: none)."""

MOST_ACTIONS = 100  # of a transaction, a limit of DynamoDB
MOST_KEYS = 100  # of a BatchGetItem


class Record(Model):
    """The base of every item. `KEY` is the item's row in the chart."""

    KEY: ClassVar[tuple[str, str]]

    class Meta:
        table_name = TABLE_NAME

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class PlainMapAttribute(Attribute[dict[str, Any]]):
    """A map of plain values, with exact numbers (PynamoDB's own map makes them float)."""

    attr_type = "M"

    def serialize(self, value: dict[str, Any]) -> Any:
        return encode(value)["M"]

    def deserialize(self, value: Any) -> dict[str, Any]:
        return {key: decode(part) for key, part in value.items()}


def decode(value: dict[str, Any]) -> Any:
    """An attribute value as Python: {"L": [{"N": "1.50"}]} gives [Decimal("1.50")].

    DynamoDB does not keep zeros at the end, so a whole number comes back as int.
    """
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "M":
            return {key: decode(part) for key, part in content.items()}
        case "L":
            return [decode(part) for part in content]
        case "N":
            return int(content) if content.lstrip("-").isdecimal() else Decimal(content)
        case "SS":
            return set(content)
        case "NULL":
            return None
    raise TypeError(f"{kind} attributes are not used in this table")


def encode(value: Any) -> dict[str, Any]:
    """The attribute value of a Python value; None inside a map is left out."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case dict():
            return {"M": {key: encode(part) for key, part in value.items() if part is not None}}
        case list() | tuple():
            return {"L": [encode(part) for part in value]}
        case set() if value:
            return {"SS": sorted(value)}
    raise TypeError(f"{type(value).__name__} values cannot be stored")


def absent(record: type[Record]) -> Condition:
    """The condition that no item has the record's key."""
    return record.pk.does_not_exist()


def present(record: type[Record]) -> Condition:
    return record.pk.exists()


def find[R: Record](record: type[R], pk: str, sk: str) -> R | None:
    """The record with this key, read consistently, or None. One GetItem."""
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    answer = call("get_item", TableName=TABLE_NAME, Key=key, ConsistentRead=True)
    return read(record, answer["Item"]) if "Item" in answer else None


def find_all(keys: Sequence[tuple[str, str]], *, consistent: bool = False) -> list[Item]:
    """The items with these keys, in the order of the keys; missing ones are left out.

    One BatchGetItem for every hundred keys, and more only when DynamoDB leaves keys over.
    """
    found: dict[tuple[str, str], Item] = {}
    waiting = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
    while waiting:
        now, waiting = waiting[:MOST_KEYS], waiting[MOST_KEYS:]
        request = {TABLE_NAME: {"Keys": now, "ConsistentRead": consistent}}
        answer = call("batch_get_item", RequestItems=request)
        for item in answer["Responses"].get(TABLE_NAME, []):
            found[item["pk"]["S"], item["sk"]["S"]] = item
        left_over = answer.get("UnprocessedKeys", {}).get(TABLE_NAME)
        if left_over:
            waiting = left_over["Keys"] + waiting
            pause(1)
    return [found[key] for key in keys if key in found]


def query(**request: Any) -> tuple[list[Item], Item | None]:
    """One Query: its items as DynamoDB sends them, and where to go on; None at the end."""
    answer = call("query", TableName=TABLE_NAME, **request)
    return answer["Items"], answer.get("LastEvaluatedKey")


def query_prefix(pk: str, prefix: str, **request: Any) -> tuple[list[Item], Item | None]:
    """One Query for the items of a partition whose sort key begins with `prefix`."""
    return query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
        **request,
    )


def read[R: Record](record: type[R], item: Item) -> R:
    """The record that an item holds."""
    return record.from_raw_data(item)


def differences(before: Record, after: Record) -> list[Action]:
    """The update actions that turn the item of `before` into that of `after`.

    Maps are compared member by member, so that what others change in the same map meanwhile
    (a total in `row`, say) is left alone.
    """
    return list(_differences((), before.serialize(), after.serialize()))


def _differences(path: tuple[str, ...], before: Item, after: Item) -> Iterable[Action]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        here = Path([*path, name])
        if new is None:
            yield here.remove()
        elif old is not None and "M" in old and "M" in new and not path:
            yield from _differences((*path, name), old["M"], new["M"])
        else:
            yield here.set(new)


class Transaction:
    """Writes that happen together or not at all.

    Each action may name the error that its failed condition means (`otherwise`); when several
    conditions fail, the action that was added first speaks. A single action is sent as a plain
    write, which costs half.
    """

    def __init__(self) -> None:
        self._actions: list[tuple[str, dict[str, Any], Refusal | None]] = []

    def put(
        self, record: Record, condition: Condition | None = None, otherwise: Refusal | None = None
    ) -> None:
        self._add("Put", record.get_save_kwargs_from_instance(condition=condition), otherwise)

    def update(
        self,
        record: Record,
        actions: Sequence[Action],
        condition: Condition,
        otherwise: Refusal | None = None,
    ) -> None:
        request = record.get_update_kwargs_from_instance(list(actions), condition)
        self._add("Update", request, otherwise)

    def delete(
        self, record: Record, condition: Condition | None = None, otherwise: Refusal | None = None
    ) -> None:
        self._add("Delete", record.get_delete_kwargs_from_instance(condition), otherwise)

    def check(self, record: Record, condition: Condition, otherwise: Refusal) -> None:
        request = record.get_operation_kwargs_from_class(record.pk, record.sk, condition=condition)
        self._add("ConditionCheck", request, otherwise)

    def _add(self, kind: str, request: dict[str, Any], otherwise: Refusal | None) -> None:
        if otherwise:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        self._actions.append((kind, request, otherwise))

    def __len__(self) -> int:
        return len(self._actions)

    def commit(self) -> None:
        """Write everything.

        Raises what the failed action's `otherwise` makes, `Busy` when others kept changing the
        same items, and `Unavailable` when the table throttles; nothing was written then.
        """
        if len(self._actions) > MOST_ACTIONS:
            raise ValueError(f"{len(self._actions)} actions do not fit into one transaction")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._write()
            except ClientError as error:
                self._refuse(error)
            pause(attempt)
        raise Busy

    def _write(self) -> None:
        match self._actions:
            case []:
                pass
            case [("Put", request, _)]:
                dynamodb.client.put_item(**request)
            case [("Update", request, _)]:
                dynamodb.client.update_item(**request)
            case [("Delete", request, _)]:
                dynamodb.client.delete_item(**request)
            case actions:
                dynamodb.client.transact_write_items(
                    TransactItems=[{kind: request} for kind, request, _ in actions]
                )

    def _refuse(self, error: ClientError) -> None:
        """Raise what the failure means, or return when the write may be tried again."""
        answer: dict[str, Any] = dict(error.response)
        code = answer["Error"]["Code"]
        reasons = answer.get("CancellationReasons", [])
        if code == "ConditionalCheckFailedException":
            reasons = [{"Code": "ConditionalCheckFailed", "Item": answer.get("Item")}]
        for reason, (_, _, otherwise) in zip(reasons, self._actions, strict=False):
            if reason.get("Code") == "ConditionalCheckFailed" and otherwise:
                raise otherwise(reason.get("Item") or {}) from error
        if code in _CONTENTION or any(reason.get("Code") in _CONTENTION for reason in reasons):
            return
        raise _translated(error) from error


_ATTEMPTS = 6
_CONTENTION = {
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_THROTTLING = {
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
}


def pause(attempt: int) -> None:
    """Wait before the next attempt: longer each time, with full jitter, so that rivals spread."""
    time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))  # noqa: S311


def call(operation: str, **request: Any) -> dict[str, Any]:
    """One call of the DynamoDB client. Raises `Unavailable` when the table throttles."""
    try:
        answer: dict[str, Any] = getattr(dynamodb.client, operation)(**request)
    except ClientError as error:
        raise _translated(error) from error
    return answer


def _translated(error: ClientError) -> Exception:
    """`Unavailable` for throttling; anything else is a fault of ours and stays as it is."""
    answer: dict[str, Any] = dict(error.response)
    codes = {answer["Error"]["Code"]} | {
        reason.get("Code") for reason in answer.get("CancellationReasons", [])
    }
    return Unavailable() if codes & _THROTTLING else error


# PynamoDB would make a client of its own during the first request. All records share this one.
Record._get_connection().connection._client = dynamodb.client
