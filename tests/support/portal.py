"""People who are invited to the portal: they read their mail and sign in to the pool."""

import os
import re
from dataclasses import dataclass, field
from typing import Any

from tests.builders import new_client, new_contact
from tests.support.account import client
from tests.support.api import PortalUser, Staff
from tests.support.post import Post

CLIENTS = "/v1/clients"
OWN = "a Password of my own 1"

type Json = dict[str, Any]


def made(staff: Staff, **fields: Any) -> str:
    """A client; returns its path."""
    answer = staff.post(CLIENTS, new_client(**fields))
    assert answer.status == 201, answer.body
    return f"{CLIENTS}/{answer.body['client_id']}"


def contact(staff: Staff, path: str, **fields: Any) -> str:
    """A contact of the client; returns its id."""
    answer = staff.post(f"{path}/contacts", new_contact(**fields))
    assert answer.status == 201, answer.body
    return str(answer.body["contact_id"])


def invited(staff: Staff, path: str, contact_id: str | None = None) -> Json:
    answer = staff.post(f"{path}/invitation", {"contact_id": contact_id})
    assert answer.status == 202, answer.body
    return dict(answer.body)


def text_of(mail: Json) -> str:
    return str(mail["Content"]["Simple"]["Body"]["Text"]["Data"])


def password_in(mail: Json) -> str:
    """The temporary password, on a line of its own."""
    (found,) = re.findall(r"^[A-Za-z0-9]{16}$", text_of(mail), re.MULTILINE)
    return str(found)


@dataclass
class Pool:
    """The portal's user pool, as its sign-in page uses it."""

    id: str = field(default_factory=lambda: os.environ["PORTAL_POOL_ID"])
    app: str = ""

    def __post_init__(self) -> None:
        made = client("cognito-idp").create_user_pool_client(
            UserPoolId=self.id,
            ClientName="test",
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        )
        self.app = made["UserPoolClient"]["ClientId"]

    def users(self) -> list[Json]:
        return list(client("cognito-idp").list_users(UserPoolId=self.id)["Users"])

    def user(self, email: str) -> Json:
        return dict(client("cognito-idp").admin_get_user(UserPoolId=self.id, Username=email))

    def sub(self, email: str) -> str:
        attributes = self.user(email)["UserAttributes"]
        return next(str(each["Value"]) for each in attributes if each["Name"] == "sub")

    def is_enabled(self, email: str) -> bool:
        return bool(self.user(email)["Enabled"])

    def challenge(self, email: str, password: str) -> str | None:
        """What the pool asks after this password: None when it lets the user in.

        Raises when it is the wrong one.
        """
        answer = client("cognito-idp").admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=self.app,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": password},
        )
        return answer.get("ChallengeName")

    def lets_in(self, email: str, password: str) -> bool:
        try:
            self.challenge(email, password)
        except client("cognito-idp").exceptions.NotAuthorizedException:
            return False
        return True

    def sign_in(self, email: str, temporary: str) -> PortalUser:
        """Sign in with the temporary password and set one of one's own."""
        cognito = client("cognito-idp")
        answer = cognito.admin_initiate_auth(
            UserPoolId=self.id,
            ClientId=self.app,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": email, "PASSWORD": temporary},
        )
        assert answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
        cognito.admin_respond_to_auth_challenge(
            UserPoolId=self.id,
            ClientId=self.app,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            ChallengeResponses={"USERNAME": email, "NEW_PASSWORD": OWN},
            Session=answer["Session"],
        )
        return PortalUser(sub=self.sub(email), email=email)


def welcomed(staff: Staff, post: Post, pool: Pool, path: str, who: str | None = None) -> PortalUser:
    """Invite somebody, who reads the mail and signs in."""
    email = invited(staff, path, who)["email"]
    post.run()
    return pool.sign_in(email, password_in(post.sent[-1]))
