"""The people of the local firm: an owner, and one member of each other role, made by the owner."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from local.api import Api, sign_in
from local.aws import client
from local.owner import create_owner
from local.place import Place
from local.problem import Problem

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

OWNER, OWNER_NAME = "amelie.hartmann@tallybook.example.com", "Amelie Hartmann"
MEMBERS = (
    ("jonas.okafor@tallybook.example.com", "Jonas Okafor", "manager"),
    ("chiara.rinaldi@tallybook.example.com", "Chiara Rinaldi", "specialist"),
    ("tomasz.wojcik@tallybook.example.com", "Tomasz Wójcik", "staff"),
)

type User = dict[str, str]


def ensure_users(
    place: Place, pool_id: str, client_id: str, known: list[User], api: Callable[[str], Api]
) -> tuple[list[User], Api]:
    """Everybody with a password that works, and the API as the owner sees it.

    `known` are the users of an earlier run, whose passwords are kept; `api` opens it by a token.
    """
    cognito: CognitoIdentityProviderClient = client(place, "cognito-idp")
    passwords = {user["email"]: user["password"] for user in known}

    def password_for(email: str) -> str:
        kept = passwords.get(email)
        if kept and sign_in(place.emulator_url, client_id, email, kept):
            return kept
        new = kept or new_password()
        cognito.admin_set_user_password(
            UserPoolId=pool_id, Username=email, Password=new, Permanent=True
        )
        return new

    if not (OWNER in passwords and sign_in(place.emulator_url, client_id, OWNER, passwords[OWNER])):
        create_owner(cognito, pool_id, OWNER, OWNER_NAME)
    users = [{"email": OWNER, "password": password_for(OWNER), "role": "owner"}]
    token = sign_in(place.emulator_url, client_id, OWNER, users[0]["password"])
    if token is None:
        raise Problem("The emulator does not let the owner sign in: `make up FRESH=1` starts over.")
    as_owner = api(token)
    there = {member["email"] for member in as_owner.call("GET", "/v1/staff?limit=100")["items"]}
    for email, name, role in MEMBERS:
        if email not in there:
            as_owner.call(
                "POST",
                "/v1/staff",
                {"email": email, "name": name, "role": role},
                key=f"local-staff-{role}",
            )
        users.append({"email": email, "password": password_for(email), "role": role})
    return users, as_owner


def new_password() -> str:
    """Meets the pool's policy, and needs no quoting in a shell."""
    return f"Tb-{secrets.token_hex(8)}-Z9"
