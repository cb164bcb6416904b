"""A page of 50 clients from the handler in, beside the bare call and other ways to read it."""

import io
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from http import HTTPStatus
from statistics import median
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key
from pynamodb.attributes import MapAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection
from pynamodb.models import Model

from tallybook import dynamodb
from tallybook.table import TABLE_NAME
from tests.bench import operations
from tests.support.api import Context, function

SIZE = 50


def measure(url: str, *, rounds: int) -> dict[str, float]:
    """CPU milliseconds by way, taken in turn."""
    ways: dict[str, Callable[[], object]] = {
        "botocore, pass-through parser": _bare,
        "list page, from the handler in": _from_the_handler_in,
        "PynamoDB plain, records only": _pynamodb(url),
        "boto3 resource, items only": _boto3(url),
    }
    runs: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(rounds + 3):
        for name, way in ways.items():
            before = time.process_time()
            way()
            if round_ >= 3:
                runs[name].append(1000 * (time.process_time() - before))
    return {name: median(each) for name, each in runs.items()}


def _from_the_handler_in() -> None:
    event = operations.STAFF.event("GET", "/v1/clients", query={"limit": str(SIZE)})
    with redirect_stdout(io.StringIO()):
        answer = function("clients").handler(event, Context())
    if answer["statusCode"] != HTTPStatus.OK:
        raise RuntimeError(answer)


def _bare() -> None:
    answer = dynamodb.client.query(
        TableName=TABLE_NAME,
        IndexName="listing",
        KeyConditionExpression="listing_pk = :clients",
        ExpressionAttributeValues={":clients": {"S": "CLIENTS"}},
        Limit=SIZE,
    )
    if len(answer["Items"]) != SIZE:
        raise RuntimeError(answer)


def _pynamodb(url: str) -> Callable[[], object]:
    class Listing(GlobalSecondaryIndex[Any]):
        class Meta:
            index_name = "listing"
            projection = IncludeProjection(["row"])

        listing_pk = UnicodeAttribute(hash_key=True)
        listing_sk = UnicodeAttribute(range_key=True)

    class Client(Model):
        class Meta:
            table_name = TABLE_NAME
            host = url
            region = "eu-central-1"

        pk = UnicodeAttribute(hash_key=True)
        sk = UnicodeAttribute(range_key=True)
        listing_pk = UnicodeAttribute()
        listing_sk = UnicodeAttribute()
        listing = Listing()
        row: MapAttribute[str, Any] = MapAttribute()

    return lambda: list(Client.listing.query("CLIENTS", limit=SIZE))


def _boto3(url: str) -> Callable[[], object]:
    table = boto3.resource("dynamodb", endpoint_url=url).Table(TABLE_NAME)
    condition = Key("listing_pk").eq("CLIENTS")
    return lambda: table.query(IndexName="listing", KeyConditionExpression=condition, Limit=SIZE)[
        "Items"
    ]
