"""Transactions: writes that happen together or not at all, each with the error it may mean."""

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from tallybook import dynamodb
from tallybook.errors import Busy, NoAnswer
from tallybook.table import TABLE_NAME, Item, Record

type Refusal = Callable[[Item], Exception]
"""Makes the error to raise when a condition fails, from the item that failed it ({}: none)."""

MOST_ACTIONS = 100  # a limit of DynamoDB
MOST_BYTES = 3_000_000  # of the items it changes many of: DynamoDB takes 4 MB with all the others


def bytes_of(item: Item) -> int:
    """How long the item is, and a little more: as text."""
    return len(json.dumps(item, ensure_ascii=False).encode())


def fitting(items: Sequence[Item]) -> int:
    """How many of the first of these items can be changed in one transaction: one at least."""
    size = 0
    for place, item in enumerate(items):
        size += bytes_of(item)
        if size > MOST_BYTES:
            return max(1, place)
    return len(items)


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

    def put_item(self, item: Item) -> None:
        """`put` without a condition of an item in the table's form.

        Where there are many small ones, making records of them first would be most of the work.
        """
        self._add("Put", {"TableName": TABLE_NAME, "Item": item}, None)

    def update(
        self,
        record: Record,
        actions: Sequence[Action],
        condition: Condition | None,
        otherwise: Refusal | None = None,
    ) -> None:
        """Change an item. Without a condition (None) one that is not there is made."""
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

    def extend(self, other: "Transaction") -> None:
        """Add the actions of another transaction, to be written together."""
        self._actions += other._actions

    @property
    def keys(self) -> set[tuple[str, str]]:
        """The items that it is about; DynamoDB takes each once in a transaction."""
        items = (request.get("Item") or request["Key"] for _, request, _ in self._actions)
        return {(item["pk"]["S"], item["sk"]["S"]) for item in items}

    def __len__(self) -> int:
        return len(self._actions)

    def commit(self) -> None:
        """Write everything.

        Raises what the failed action's `otherwise` makes, `Busy` when others kept changing the
        same items, and `Unavailable` when the table throttles; nothing was written then.
        After `NoAnswer` it may have been written.
        """
        if len(self._actions) > MOST_ACTIONS:
            raise ValueError(f"{len(self._actions)} actions do not fit into one transaction")
        token = str(uuid.uuid4())
        for attempt in range(1, dynamodb.ATTEMPTS + 1):
            try:
                return self._write(token)
            except ClientError as error:
                self._refuse(error)
                if error.response["Error"]["Code"] != "TransactionInProgressException":
                    token = str(uuid.uuid4())  # that attempt is over: nothing was written
            except dynamodb.LOST as error:
                raise NoAnswer from error
            dynamodb.pause(attempt)
        raise Busy

    def _write(self, token: str) -> None:
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
                    TransactItems=[{kind: request} for kind, request, _ in actions],
                    ClientRequestToken=token,
                )

    def _refuse(self, error: ClientError) -> None:
        """Raise what the failure means, or return when the write may be tried again."""
        answer: dict[str, Any] = dict(error.response)
        reasons = answer.get("CancellationReasons", [])
        if answer["Error"]["Code"] == "ConditionalCheckFailedException":
            reasons = [{"Code": "ConditionalCheckFailed", "Item": answer.get("Item")}]
        for reason, (_, _, otherwise) in zip(reasons, self._actions, strict=False):
            if reason.get("Code") == "ConditionalCheckFailed" and otherwise:
                raise otherwise(reason.get("Item") or {}) from error
        if not dynamodb.is_contention(error):
            raise dynamodb.translated(error) from error
