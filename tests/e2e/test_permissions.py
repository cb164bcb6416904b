"""Each function's role, on the running stack: it can do its work, and nothing beside it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.conftest import Stack

KEY = {"pk": {"S": "NOTHING"}, "sk": {"S": "NOTHING"}}

type Call = Callable[[Stack, str], Any]


def table(operation: str, **parameters: Any) -> Call:
    def call(stack: Stack, function: str) -> Any:
        client = stack.client("dynamodb", function=function)
        return getattr(client, operation)(TableName=stack.table_name, **parameters)

    return call


def pool(operation: str, **parameters: Any) -> Call:
    def call(stack: Stack, function: str) -> Any:
        client = stack.client("cognito-idp", function=function)
        return getattr(client, operation)(UserPoolId=stack.staff_pool_id, **parameters)

    return call


GET = table("get_item", Key=KEY)
QUERY = table(
    "query",
    KeyConditionExpression="pk = :pk",
    ExpressionAttributeValues={":pk": {"S": "NOTHING"}},
)
QUERY_LISTING = table(
    "query",
    IndexName="listing",
    KeyConditionExpression="listing_pk = :pk",
    ExpressionAttributeValues={":pk": {"S": "NOTHING"}},
)
QUERY_AGENDA = table(
    "query",
    IndexName="agenda",
    KeyConditionExpression="agenda_pk = :pk",
    ExpressionAttributeValues={":pk": {"S": "NOTHING"}},
)
PUT = table("put_item", Item=KEY)


def bucket(operation: str, key: str, **parameters: Any) -> Call:
    def call(stack: Stack, function: str) -> Any:
        client = stack.client("s3", function=function)
        return getattr(client, operation)(Bucket=stack.import_bucket, Key=key, **parameters)

    return call


SCAN = table("scan")


@pytest.mark.parametrize(
    ("function", "allowed", "refused"),
    [
        ("ClientsFunction", GET, SCAN),
        ("ClientsFunction", QUERY_LISTING, QUERY_AGENDA),
        ("ClientsFunction", GET, pool("list_users")),
        ("ContactsFunction", QUERY, QUERY_LISTING),
        ("SettingsFunction", GET, QUERY),
        ("StaffFunction", QUERY_LISTING, QUERY),
        ("StaffFunction", GET, pool("list_users")),
        ("RemovalsFunction", QUERY, PUT),
        ("ImportsFunction", QUERY_LISTING, bucket("get_object", "uploads/x")),
        ("ImportsFunction", bucket("put_object", "uploads/x"), bucket("put_object", "results/x")),
        ("ImportSplitFunction", GET, QUERY),
        (
            "ImportSplitFunction",
            bucket("put_object", "results/x"),
            bucket("put_object", "imports/x"),
        ),
        ("ImportRowsFunction", GET, QUERY_LISTING),
        (
            "ImportRowsFunction",
            bucket("put_object", "results/x"),
            bucket("put_object", "uploads/x"),
        ),
        ("OutboxFunction", QUERY, GET),
    ],
)
def test_a_call_outside_the_policy_is_refused(
    stack: Stack, function: str, allowed: Call, refused: Call
):
    allowed(stack, function)
    with pytest.raises(ClientError) as error:
        refused(stack, function)
    assert error.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")


def test_the_fallback_may_do_nothing_at_all(stack: Stack):
    with pytest.raises(ClientError) as error:
        GET(stack, "FallbackFunction")
    assert error.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
