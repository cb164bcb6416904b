"""`make owner`: the first owner, and the way back in."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from local.owner import create_owner

POOL, EMAIL = "eu-central-1_staff", "ada@firm.example"
NEW = {
    "UserPoolId": POOL,
    "Username": EMAIL,
    "UserAttributes": [
        {"Name": "email", "Value": EMAIL},
        {"Name": "email_verified", "Value": "true"},
        {"Name": "name", "Value": "Ada"},
    ],
    "DesiredDeliveryMediums": ["EMAIL"],
}
AGAIN = {
    "UserPoolId": POOL,
    "Username": EMAIL,
    "MessageAction": "RESEND",
    "DesiredDeliveryMediums": ["EMAIL"],
}
GROUP = {"UserPoolId": POOL, "Username": EMAIL, "GroupName": "owner"}

type Cognito = tuple[Any, Stubber]


@pytest.fixture
def cognito() -> Iterator[Cognito]:
    client: Any = boto3.client("cognito-idp")
    with Stubber(client) as expected:
        yield client, expected
        expected.assert_no_pending_responses()


def test_a_new_owner_is_mailed_a_password(cognito: Cognito):
    client, expected = cognito
    expected.add_response("admin_create_user", {}, NEW)
    expected.add_response("admin_add_user_to_group", {}, GROUP)
    assert create_owner(client, POOL, EMAIL, "Ada") is True


def test_an_owner_who_never_signed_in_is_mailed_another(cognito: Cognito):
    client, expected = cognito
    expected.add_client_error("admin_create_user", "UsernameExistsException", expected_params=NEW)
    expected.add_response("admin_create_user", {}, AGAIN)
    expected.add_response("admin_add_user_to_group", {}, GROUP)
    assert create_owner(client, POOL, EMAIL, "Ada") is True


def test_a_member_who_signs_in_becomes_an_owner_without_a_mail(cognito: Cognito):
    client, expected = cognito
    expected.add_client_error("admin_create_user", "UsernameExistsException", expected_params=NEW)
    expected.add_client_error(
        "admin_create_user", "UnsupportedUserStateException", expected_params=AGAIN
    )
    expected.add_response("admin_add_user_to_group", {}, GROUP)
    assert create_owner(client, POOL, EMAIL, "Ada") is False
