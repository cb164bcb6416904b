"""Each function's role, on the running stack: it can do its work, and nothing beside it."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.conftest import Stack

KEY = {"pk": {"S": "NOTHING"}, "sk": {"S": "NOTHING"}}

# Services have different names for it.
REFUSALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError")

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
QUERY_BY_DATE = table(
    "query",
    IndexName="by_date",
    KeyConditionExpression="by_date_pk = :pk",
    ExpressionAttributeValues={":pk": {"S": "NOTHING"}},
)
PUT = table("put_item", Item=KEY)
DELETE = table("delete_item", Key=KEY)
UPDATE = table("update_item", Key=KEY, UpdateExpression="REMOVE nothing")


def bucket(operation: str, key: str, **parameters: Any) -> Call:
    def call(stack: Stack, function: str) -> Any:
        client = stack.client("s3", function=function)
        return getattr(client, operation)(Bucket=stack.import_bucket, Key=key, **parameters)

    return call


def paper(operation: str, key: str, **parameters: Any) -> Call:
    def call(stack: Stack, function: str) -> Any:
        client = stack.client("s3", function=function)
        return getattr(client, operation)(Bucket=stack.documents_bucket, Key=key, **parameters)

    return call


SCAN = table("scan")


def mail(source: str) -> Call:
    """To nobody who is, by the firm's identity or by another."""
    to = {"ToAddresses": ["nobody@example.com"]}
    text = {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}}

    def call(stack: Stack, function: str) -> Any:
        client = stack.client("sesv2", function=function)
        return client.send_email(FromEmailAddress=source, Destination=to, Content=text)

    return call


def portal_pool(operation: str, **parameters: Any) -> Call:
    """Allowed, it finds no such user."""

    def call(stack: Stack, function: str) -> Any:
        client = stack.client("cognito-idp", function=function)
        try:
            return getattr(client, operation)(UserPoolId=stack.portal_pool_id, **parameters)
        except client.exceptions.UserNotFoundException:
            return None

    return call


def text_message(stack: Stack, function: str) -> Any:
    client = stack.client("sns", function=function)
    return client.publish(PhoneNumber="+4915100000000", Message="x")


def topic(stack: Stack, function: str) -> Any:
    client = stack.client("sns", function=function)
    return client.publish(TopicArn=stack.mail_events_topic, Message="{}")


def event(stack: Stack, function: str) -> Any:
    entry = {"Source": "tallybook", "DetailType": "test", "Detail": "{}"}
    client = stack.client("events", function=function)
    return client.put_events(Entries=[entry | {"EventBusName": stack.event_bus}])


def received_mail(key: str) -> Call:
    """Allowed, it finds no such object."""

    def call(stack: Stack, function: str) -> Any:
        client = stack.client("s3", function=function)
        try:
            return client.get_object(Bucket=stack.mail_bucket, Key=key)
        except client.exceptions.NoSuchKey:
            return None

    return call


SET_PASSWORD = portal_pool(
    "admin_set_user_password",
    Username="nobody@example.com",
    Password="Nobody-4-ever",
    Permanent=False,
)
GET_USER = portal_pool("admin_get_user", Username="nobody@example.com")
MAIL = mail("office@firm.example")


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
        ("OutboxFunction", event, MAIL),
        ("EmailsFunction", GET, QUERY_LISTING),
        ("EmailsFunction", GET, MAIL),
        ("MailerFunction", MAIL, mail("office@elsewhere.example")),
        ("MailerFunction", GET, QUERY),
        ("MailerFunction", GET, SET_PASSWORD),
        ("MailEventsFunction", GET, QUERY),
        ("TrackingFunction", UPDATE, GET),
        ("TexterFunction", text_message, topic),
        ("InvitationsFunction", QUERY, SET_PASSWORD),
        ("PortalFunction", QUERY, GET_USER),
        ("PortalAccessFunction", SET_PASSWORD, pool("list_users")),
        ("PortalAccessFunction", MAIL, SCAN),
        ("EmailTemplatesFunction", QUERY_LISTING, QUERY),
        ("HistoryFunction", QUERY, QUERY_LISTING),
        ("SmsFunction", QUERY, text_message),
        ("InboundMailFunction", received_mail("inbound/x"), received_mail("elsewhere/x")),
        ("InboundSmsFunction", QUERY, QUERY_LISTING),
        ("InboxFunction", QUERY_LISTING, QUERY_AGENDA),
        ("InvoicesFunction", QUERY_BY_DATE, QUERY_AGENDA),
        ("InvoicesFunction", QUERY_LISTING, paper("put_object", "documents/x")),
        ("PaymentsFunction", QUERY_BY_DATE, SCAN),
        ("PaymentsFunction", QUERY_LISTING, MAIL),
        ("CreditNotesFunction", QUERY, QUERY_BY_DATE),
        ("StatementsFunction", QUERY, DELETE),
        ("ReportsFunction", QUERY_BY_DATE, PUT),
        ("EstimatesFunction", QUERY_LISTING, QUERY_BY_DATE),
        ("PaymentLinksFunction", QUERY, DELETE),
        ("PayFunction", GET, QUERY),
        ("DocumentsFunction", paper("put_object", "passing/x"), paper("put_object", "x/x")),
        ("DocumentsFunction", QUERY, PUT),
        ("RendererFunction", paper("put_object", "passing/x"), paper("delete_object", "passing/x")),
        ("RendererFunction", QUERY, UPDATE),
        ("RecurringInvoicesFunction", QUERY_LISTING, QUERY_AGENDA),
        ("RecurringRunsFunction", GET, QUERY_AGENDA),
        ("WorkflowsFunction", QUERY_LISTING, QUERY_AGENDA),
        ("PromisesFunction", QUERY, QUERY_LISTING),
        ("ServicesFunction", QUERY, QUERY_LISTING),
        ("TasksFunction", QUERY_LISTING, QUERY_BY_DATE),
        ("MissedFunction", QUERY, QUERY_LISTING),
        ("AgendaFunction", QUERY_AGENDA, QUERY_LISTING),
        ("AgendaFunction", QUERY_BY_DATE, GET),
        ("ChaserFunction", QUERY, QUERY_AGENDA),
        ("ChaserFunction", QUERY, MAIL),
        ("WebhooksFunction", QUERY, SCAN),
    ],
)
def test_a_call_outside_the_policy_is_refused(
    stack: Stack, function: str, allowed: Call, refused: Call
):
    allowed(stack, function)
    with pytest.raises(ClientError) as error:
        refused(stack, function)
    assert error.value.response["Error"]["Code"] in REFUSALS


def test_the_fallback_may_do_nothing_at_all(stack: Stack):
    with pytest.raises(ClientError) as error:
        GET(stack, "FallbackFunction")
    assert error.value.response["Error"]["Code"] in REFUSALS
