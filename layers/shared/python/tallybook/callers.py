"""Who is calling: the staff member, or the portal user, that an ID token of their pool names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from tallybook.errors import Forbidden, IdTokenRequired, Unauthenticated


class Role(IntEnum):
    """A staff group of the pool. A higher role may do what a lower one may."""

    STAFF = 1
    SPECIALIST = 2
    MANAGER = 3
    OWNER = 4

    @property
    def label(self) -> str:
        return self.name.lower()


ROLES = {role.label: role for role in Role}
_LONGEST_TIME = 11  # seconds since 1970, until the year 5138


@dataclass(frozen=True)
class Caller:
    """`issued_at` is when the token was made, and so how old the role in it is."""

    staff_id: str
    email: str
    name: str
    role: Role
    issued_at: datetime | None

    def must_be(self, role: Role) -> None:
        """Raises `Forbidden` when the caller's role is lower than `role`."""
        if self.role < role:
            raise Forbidden(f"This takes the role {role.label}; yours is {self.role.label}.")


def caller_of(claims: Mapping[str, Any]) -> Caller:
    """The caller that the verified claims of a token name.

    Raises `IdTokenRequired` for an access token, and `Forbidden` for a user in no staff group.
    """
    staff_id = _sub(claims)
    roles = [ROLES[group] for group in _groups(claims) if group in ROLES]
    if not roles:
        raise Forbidden("You are in none of the staff groups. Ask an owner.")
    email = str(claims.get("email", ""))
    return Caller(
        staff_id=staff_id,
        email=email,
        name=str(claims.get("name") or email),
        role=max(roles),
        issued_at=_moment(claims.get("iat")),
    )


@dataclass(frozen=True)
class PortalUser:
    """Somebody whom the firm let into the portal.

    `signed_in_at` is when they gave their password: tokens that are renewed later keep it.
    """

    sub: str
    email: str
    signed_in_at: datetime | None


def portal_user_of(claims: Mapping[str, Any]) -> PortalUser:
    """The portal user that the verified claims of a token name. Raises `IdTokenRequired`."""
    return PortalUser(
        sub=_sub(claims),
        email=str(claims.get("email", "")),
        signed_in_at=_moment(claims.get("auth_time")) or _moment(claims.get("iat")),
    )


def _sub(claims: Mapping[str, Any]) -> str:
    """Whose ID token it is; an access token is refused."""
    if not claims.get("sub"):
        raise Unauthenticated("The request has no token.")
    if claims.get("token_use") != "id":
        raise IdTokenRequired
    return str(claims["sub"])


def _moment(seconds: object) -> datetime | None:
    """When a claim says that something was; an HTTP API passes the number as a string."""
    text = str(seconds)
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_TIME
    return datetime.fromtimestamp(int(text), UTC) if is_number else None


def _groups(claims: Mapping[str, Any]) -> list[str]:
    groups = claims.get("cognito:groups", "")
    # An HTTP API passes claims as strings, a list as "[owner staff]".
    return list(groups) if isinstance(groups, list) else str(groups).strip("[]").split()
