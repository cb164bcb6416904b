"""Makes the first owner of a deployment, who makes everybody else through the API."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.problem import Problem

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

GROUP = "owner"


def create_owner(
    cognito: CognitoIdentityProviderClient, pool_id: str, email: str, name: str
) -> bool:
    """Cognito mails a temporary password, to be changed at the first sign-in.

    A member who is there already becomes an owner, and is mailed a new one while that sign-in is
    still to come. Says whether there was a mail.
    """
    try:
        cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=email,
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
                {"Name": "name", "Value": name},
            ],
            DesiredDeliveryMediums=["EMAIL"],
        )
        mailed = True
    except cognito.exceptions.UsernameExistsException:
        mailed = _invite_again(cognito, pool_id, email)
    cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=email, GroupName=GROUP)
    return mailed


def _invite_again(cognito: CognitoIdentityProviderClient, pool_id: str, email: str) -> bool:
    try:
        cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=email,
            MessageAction="RESEND",
            DesiredDeliveryMediums=["EMAIL"],
        )
    except cognito.exceptions.UnsupportedUserStateException:  # has signed in before
        return False
    return True


def main() -> None:
    """`make owner EMAIL=… OWNER=… STACK=…`, with the AWS credentials of whoever calls it."""
    email, stack = os.environ.get("EMAIL", ""), os.environ.get("STACK") or "tallybook"
    if "@" not in email:
        raise Problem("Say who the owner is: make owner EMAIL=you@your-firm.com STACK=tallybook")
    try:
        name = os.environ.get("OWNER") or email.partition("@")[0]
        mailed = create_owner(boto3.client("cognito-idp"), _pool_of(stack), email, name)
    except (BotoCoreError, ClientError) as error:
        raise Problem(f"AWS refused: {error}") from error
    hint = "Cognito has mailed a temporary password" if mailed else "signs in as before"
    print(f"{email} is an owner of {stack}; {hint}.")


def _pool_of(stack: str) -> str:
    make: Any = boto3.client
    outputs = make("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    pools = [o["OutputValue"] for o in outputs if o["OutputKey"] == "StaffPoolId"]
    if not pools:
        raise Problem(f"The stack {stack} has no staff pool: is it Tallybook's?")
    pool: str = pools[0]
    return pool
