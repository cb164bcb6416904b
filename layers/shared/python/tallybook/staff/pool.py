"""The staff user pool: who may sign in, and with which role (a group of the pool)."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from tallybook.callers import ROLES
from tallybook.errors import AlreadySignedIn, StaffMemberExists, StaffMemberNotFound

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

_POOL = os.environ["STAFF_POOL_ID"]


@cache
def _client() -> "CognitoIdentityProviderClient":
    return boto3.client(
        "cognito-idp",
        config=Config(connect_timeout=1, read_timeout=5, retries={"mode": "adaptive"}),
    )


def add(email: str, name: str) -> str:
    """Create the user and let the pool mail a temporary password. Returns the staff id.

    Raises `StaffMemberExists` when somebody signs in with this address already.
    """
    try:
        answer = _client().admin_create_user(
            UserPoolId=_POOL,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
                {"Name": "name", "Value": name},
            ],
            DesiredDeliveryMediums=["EMAIL"],
        )
    except _client().exceptions.UsernameExistsException as error:
        raise StaffMemberExists(email) from error
    return _sub(answer["User"]["Attributes"])


def add_again(email: str) -> None:
    """Let the pool mail a new temporary password, which holds for as long as the first one did.

    Raises `AlreadySignedIn` when the user has a password of their own.
    """
    try:
        _client().admin_create_user(
            UserPoolId=_POOL,
            Username=email,
            MessageAction="RESEND",
            DesiredDeliveryMediums=["EMAIL"],
        )
    except _client().exceptions.UnsupportedUserStateException as error:
        raise AlreadySignedIn from error
    except _client().exceptions.UserNotFoundException as error:
        raise StaffMemberNotFound from error


def find(email: str) -> str | None:
    """The staff id of the user with this address."""
    try:
        answer = _client().admin_get_user(UserPoolId=_POOL, Username=email)
    except _client().exceptions.UserNotFoundException:
        return None
    return _sub(answer["UserAttributes"])


def set_name(email: str, name: str) -> None:
    """The name that the user's next tokens give."""
    _client().admin_update_user_attributes(
        UserPoolId=_POOL, Username=email, UserAttributes=[{"Name": "name", "Value": name}]
    )


def set_role(email: str, role: str) -> None:
    """Put the user into the group of `role`, and into no other staff group. Repeatable."""
    _client().admin_add_user_to_group(UserPoolId=_POOL, Username=email, GroupName=role)
    for other in ROLES.keys() - {role}:
        _client().admin_remove_user_from_group(UserPoolId=_POOL, Username=email, GroupName=other)


def set_active(email: str, *, active: bool) -> None:
    """Let the user sign in, or end every sign-in. Tokens that are out end within the hour."""
    if active:
        _client().admin_enable_user(UserPoolId=_POOL, Username=email)
        return
    _client().admin_disable_user(UserPoolId=_POOL, Username=email)
    end_sessions(email)


def end_sessions(email: str) -> None:
    """Make the user sign in again: refresh tokens end, so the next token has the new role."""
    _client().admin_user_global_sign_out(UserPoolId=_POOL, Username=email)


def _sub(attributes: Any) -> str:
    return next(str(each["Value"]) for each in attributes if each["Name"] == "sub")
