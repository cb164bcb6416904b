"""The history of a client, its notes and its calls, as the API takes and gives them."""

from typing import Annotated, Any, Literal, get_args

from pydantic import AwareDatetime, BeforeValidator, Field, Strict

from tallybook.authors import By
from tallybook.dates import Timestamp
from tallybook.history.kinds import Kind
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.models import ApiModel, Patch
from tallybook.text import Line, Text

KINDS: tuple[str, ...] = get_args(Kind.__value__)


class Edited(ApiModel):
    """The last edit of a note."""

    at: Timestamp
    by: By


class HistoryEntry(ApiModel):
    """An activity. What `details` says of it depends on its type."""

    entry_id: Ulid
    type: Kind
    at: Timestamp
    by: By | None = Field(description="Null: the client, or the system by itself.")
    text: str | None = Field(examples=["Asked for a discount from 100 pieces on."])
    edited: Edited | None
    details: dict[str, Any]
    version: int = Field(examples=[1], description="Of a note, for If-Match.")


Body = Annotated[Text, Field(max_length=25_000)]  # a mail's text fits in


class NewNote(ApiModel):
    """A note on a client. The client never sees it."""

    body: Body = Field(examples=["Asked for a discount from 100 pieces on."])


class NotePatch(Patch[NewNote]):
    """A merge patch of a note."""


class Note(NewNote):
    """A note. It is the entry of the history that has its id."""

    note_id: Ulid
    body: str = Field(examples=["Asked for a discount from 100 pieces on."])
    by: By | None = Field(description="Null: the system by itself.")
    at: Timestamp
    edited: Edited | None = Field(description="The last edit, when there was any.")
    version: int = Field(examples=[1])


def _no_number(value: object) -> object:
    """Else it would be taken for seconds since 1970, also when it is a string."""
    if value is None or (isinstance(value, str) and value[4:5] == "-"):
        return value
    raise ValueError("must be a time such as 2026-11-22T07:04:00Z")


Direction = Literal["inbound", "outbound"]


class NewCall(ApiModel):
    """A call with the client or a contact, logged when it is over."""

    direction: Direction
    contact_id: Annotated[str, Field(pattern=ULID_PATTERN)] | None = Field(
        default=None, description="With whom, when it was a contact of the client."
    )
    outcome: Line | None = Field(default=None, examples=["Left a message"])
    body: Body | None = Field(default=None, examples=["Will pay on Friday."])
    duration_minutes: Annotated[int, Strict(), Field(ge=0, le=1440)] | None = None
    at: Annotated[AwareDatetime, BeforeValidator(_no_number)] | None = Field(
        default=None,
        description="When it was; now when left out. Not in the future.",
        examples=["2026-11-22T07:04:00Z"],
    )


class Call(NewCall):
    """A call. It is the entry of the history that has its id."""

    call_id: Ulid
    by: By | None
    at: Timestamp
    logged_at: Timestamp
