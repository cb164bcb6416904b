"""Looks at the table and disturbs it, from outside: as another program or a fault would."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.support.faults import hooked

_READ, _WRITE = TypeDeserializer(), TypeSerializer()

type Item = dict[str, Any]


@cache
def client() -> Any:
    """moto's DynamoDB, whatever functions do with theirs."""
    return boto3.client("dynamodb")


def items(prefix: str = "") -> list[Item]:
    """Every item whose partition key begins with `prefix`, sorted by key."""
    pages = client().get_paginator("scan").paginate(TableName=os.environ["TABLE_NAME"])
    found = [
        {name: _READ.deserialize(value) for name, value in item.items()}
        for page in pages
        for item in page["Items"]
    ]
    found.sort(key=lambda item: (item["pk"], item["sk"]))
    return [item for item in found if item["pk"].startswith(prefix)]


def keys(prefix: str = "") -> list[tuple[str, str]]:
    return [(item["pk"], item["sk"]) for item in items(prefix)]


def item(pk: str, sk: str) -> Item:
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    found = client().get_item(TableName=os.environ["TABLE_NAME"], Key=key)["Item"]
    return {name: _READ.deserialize(value) for name, value in found.items()}


def put(pk: str, sk: str, **attributes: Any) -> None:
    """Writes an item as a feature would that is not there yet, or as an older version did."""
    content = {"pk": pk, "sk": sk} | attributes
    client().put_item(
        TableName=os.environ["TABLE_NAME"],
        Item={name: _WRITE.serialize(value) for name, value in content.items()},
    )


def alter(pk: str, sk: str, **attributes: Any) -> None:
    """Sets attributes of an item; "row__status" is a member of the map `row`."""
    content = item(pk, sk)
    for name, value in attributes.items():
        outer, _, inner = name.partition("__")
        if inner:
            content[outer][inner] = value
        else:
            content[outer] = value
    put(**content)


@contextmanager
def unchanged() -> Iterator[None]:
    """Nothing in the table may be different afterwards."""
    before = items()
    yield
    assert items() == before


class Crash(Exception):
    """The machine stopped: nothing of ours expects it."""


@contextmanager
def fault(operation: str, error: str | Exception, *, after: int = 0) -> Iterator[None]:
    """DynamoDB refuses an operation ("Query", "*") with an error code, or the call crashes.

    The first `after` calls of the operation go through.
    """
    passed = 0

    def refuse(**_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        nonlocal passed
        passed += 1
        if passed <= after:
            return None
        if isinstance(error, Exception):
            raise error
        answer = {"Error": {"Code": error, "Message": "Made up by a test"}}
        return AWSResponse("https://dynamodb.test", 400, HTTPHeaders(), None), answer

    with hooked(f"before-call.dynamodb.{operation}", refuse):
        yield


@contextmanager
def left_over(operation: str) -> Iterator[None]:
    """The first call of a batch operation does nothing and leaves everything over."""
    acted = False

    def leave(params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        nonlocal acted
        if acted:
            return None
        acted = True
        waiting = json.loads(params["body"])["RequestItems"]
        answer = {"UnprocessedItems": waiting, "UnprocessedKeys": waiting, "Responses": {}}
        return AWSResponse("https://dynamodb.test", 200, HTTPHeaders(), None), answer

    with hooked(f"before-call.dynamodb.{operation}", leave):
        yield


@contextmanager
def in_between(operation: str, rival: Callable[[], object]) -> Iterator[None]:
    """Just before the first call of an operation, somebody else acts."""
    acted = False

    def act(**_: Any) -> None:
        nonlocal acted
        if not acted:
            acted = True
            rival()

    with hooked(f"before-call.dynamodb.{operation}", act):
        yield
