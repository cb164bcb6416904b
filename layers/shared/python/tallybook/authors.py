"""Who did something, as histories and mails name them."""

from pydantic import Field

from tallybook.callers import Caller
from tallybook.models import ApiModel


class By(ApiModel):
    """Who did something: a member of staff."""

    staff_id: str = Field(examples=["6f1c1f8e-3c55-4d0b-9a57-0d6f6a0a2b11"])
    name: str = Field(examples=["Ada Lovelace"])


def by_of(caller: Caller) -> By:
    """The caller as whoever did something."""
    return By(staff_id=caller.staff_id, name=caller.name)
