"""The user pool of the portal. Only the function `portal_access` may administer it.

Temporary passwords pass through here, so nothing of a call may be logged: botocore's own log, which
shows the bodies of requests, stays quiet even when Lambda is told to log everything.
"""

import logging
import os
import secrets
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

_POOL = os.environ["PORTAL_POOL_ID"]
# Without I, l, 1, O, 0: they look alike in many fonts. 16 of these are 93 bits.
_UPPER, _LOWER, _DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789"
_LENGTH = 16

for _name in ("botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)

client: Any = botocore.session.get_session().create_client(
    "cognito-idp",
    config=Config(
        connect_timeout=2,
        read_timeout=5,
        # A call that is lost is made again by the whole work, which looks first at what there is.
        retries={"mode": "standard", "total_max_attempts": 1},
    ),
)


@dataclass(frozen=True)
class User:
    """`is_new`: has not signed in yet, and so has no password of their own."""

    sub: str
    email: str
    is_new: bool


class UserExists(Exception):
    """Somebody signs in with this address already."""


def new_password() -> str:
    """A password that the pool takes: upper and lower case letters and digits, none alike."""
    choose = secrets.SystemRandom()
    kinds = (_UPPER, _LOWER, _DIGITS)
    characters = [choose.choice(kind) for kind in kinds]
    characters += [choose.choice("".join(kinds)) for _ in range(_LENGTH - len(kinds))]
    choose.shuffle(characters)
    return "".join(characters)


def find(name: str) -> User | None:
    """The user with this address or sub."""
    try:
        answer = client.admin_get_user(UserPoolId=_POOL, Username=name)
    except client.exceptions.UserNotFoundException:
        return None
    is_new = answer["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    attributes = answer["UserAttributes"]
    return User(_named("sub", attributes), _named("email", attributes), is_new)


def add(email: str, password: str) -> str:
    """Create the user with a temporary password; the pool mails nothing. Returns the sub.

    Raises `UserExists`.
    """
    try:
        answer = client.admin_create_user(
            UserPoolId=_POOL,
            Username=email,
            TemporaryPassword=password,
            MessageAction="SUPPRESS",
            UserAttributes=[
                {"Name": "email", "Value": email},
                {"Name": "email_verified", "Value": "true"},
            ],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "UsernameExistsException":
            raise UserExists from None
        raise
    return _named("sub", answer["User"]["Attributes"])


def set_password(sub: str, password: str) -> None:
    """Give a user who has not signed in yet another temporary password; the old one ends."""
    client.admin_set_user_password(
        UserPoolId=_POOL, Username=sub, Password=password, Permanent=False
    )


def set_enabled(sub: str, *, enabled: bool) -> None:
    """Let the user sign in, or sign in no more and renew no token. Nothing when there is none."""
    try:
        if enabled:
            client.admin_enable_user(UserPoolId=_POOL, Username=sub)
        else:
            client.admin_disable_user(UserPoolId=_POOL, Username=sub)
            client.admin_user_global_sign_out(UserPoolId=_POOL, Username=sub)
    except client.exceptions.UserNotFoundException:
        return


def delete(sub: str) -> None:
    """Forget the user, with the address. Nothing when there is none."""
    try:
        client.admin_delete_user(UserPoolId=_POOL, Username=sub)
    except client.exceptions.UserNotFoundException:
        return


def _named(name: str, attributes: Any) -> str:
    return next(str(each["Value"]) for each in attributes if each["Name"] == name)
