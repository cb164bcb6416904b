"""Staff members as the API takes and gives them."""

from typing import Annotated, Literal

from pydantic import Field, Strict, field_validator

from tallybook.addresses import EmailAddress
from tallybook.dates import Timestamp
from tallybook.models import ApiModel
from tallybook.text import Line

RoleName = Literal["owner", "manager", "specialist", "staff"]
OneEmailAddress = Annotated[EmailAddress, Field(min_length=3, examples=["ada@firm.example"])]


class NewStaffMember(ApiModel):
    """Who is invited to work with Tallybook; the pool mails a temporary password."""

    email: OneEmailAddress
    name: Line = Field(examples=["Ada Lovelace"])
    role: RoleName = "staff"


class StaffPatch(ApiModel):
    """A change of a staff member; only an owner makes it. `active: false` ends the access."""

    name: Line | None = Field(default=None, examples=["Ada King"])
    role: RoleName | None = None
    active: Annotated[bool, Strict()] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _cannot_be_cleared(cls, value: object) -> object:
        if value is None:
            raise ValueError("a staff member always has one; it cannot be cleared")
        return value


class Me(ApiModel):
    """The staff member who asks. The role is that of the token: it is what counts."""

    staff_id: str = Field(examples=["6f1c1f8e-3c55-4d0b-9a57-0d6f6a0a2b11"])
    email: str = Field(examples=["ada@firm.example"])
    name: str = Field(examples=["Ada Lovelace"])
    role: RoleName


class StaffMember(Me):
    active: bool
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(examples=[1])
