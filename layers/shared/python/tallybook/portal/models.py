"""Invitations to the portal, and the portal's users, as the API takes and gives them."""

from typing import Literal

from pydantic import Field

from tallybook.dates import Timestamp
from tallybook.ids import Ulid
from tallybook.models import ApiModel

type PortalStatus = Literal["not_invited", "waiting", "accepted", "expired"]


class NewInvitation(ApiModel):
    """Whom to invite: a contact, or whoever is first to be asked."""

    contact_id: Ulid | None = Field(
        default=None,
        description="Null: the primary contact when it has an address, else the client's own.",
    )


class Invitation(ApiModel):
    """An invitation that waits to be sent. Who came already is sent the login details again."""

    email_id: Ulid
    contact_id: Ulid | None = Field(description="Null: the client itself, at its own address.")
    email: str = Field(examples=["zoe@mueller.example"])
    status: PortalStatus
    invited_at: Timestamp


class Invitee(ApiModel):
    """A contact, or the client itself (`contact_id` null), and how it stands with the portal."""

    contact_id: Ulid | None
    name: str | None = Field(examples=["Zoë Müller"])
    email: str | None = Field(
        examples=["zoe@mueller.example"], description="Where it was invited, or would be."
    )
    status: PortalStatus
    invited_at: Timestamp | None
    accepted_at: Timestamp | None
    email_id: Ulid | None = Field(description="The last mail that invited it.")


class PortalAccount(ApiModel):
    """A client that the portal user may act for."""

    client_id: Ulid
    number: str = Field(examples=["C-0042"])
    business_name: str = Field(examples=["Müller & Söhne GmbH"])
    status: Literal["active"] = "active"


class PortalClient(PortalAccount):
    """The client that was chosen."""

    first_name: str | None = Field(examples=["Jürgen"])
    last_name: str | None = Field(examples=["Müller"])
    currency: str = Field(examples=["EUR"])


class Myself(ApiModel):
    """The portal user who asks, and the clients that are not suspended."""

    email: str = Field(examples=["zoe@mueller.example"])
    clients: list[PortalAccount]
    client: PortalClient | None = Field(
        description="The one that `client_id` names, or the only one; null: several to choose of."
    )
