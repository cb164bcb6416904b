"""SMS to clients, as the API takes and gives them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tallybook.authors import By
from tallybook.dates import Timestamp
from tallybook.ids import Ulid
from tallybook.models import ApiModel
from tallybook.text import ShortLine, Text

type SmsStatus = Literal["queued", "sending", "sent", "failed", "unknown"]


MOST_BYTES = 1_600  # that SNS takes


def _that_sns_takes(body: str) -> str:
    size = len(body.encode())
    if size > MOST_BYTES:
        raise ValueError(f"takes {size} bytes of UTF-8, and an SMS has {MOST_BYTES} at most")
    return body


class NewSms(ApiModel):
    """An SMS to a client."""

    to: ShortLine | None = Field(
        default=None,
        examples=["+49221123456"],
        description="The client's telephone number when left out, else its primary contact's.",
    )
    body: Annotated[Text, Field(max_length=MOST_BYTES), AfterValidator(_that_sns_takes)] = Field(
        examples=["Your order is ready to be collected."],
        description="At most 1,600 bytes of UTF-8, where a letter with an accent has two.",
    )


class SmsToSend(ApiModel):
    """An SMS that waits to be sent."""

    sms_id: Ulid
    to: str = Field(examples=["+49221123456"])
    segments: int = Field(examples=[1], description="In how many parts it travels and is paid.")


class Sms(SmsToSend):
    """An SMS, with what is known of it."""

    body: str = Field(examples=["Your order is ready to be collected."])
    status: SmsStatus = Field(
        description="`sent`: the network was given it; whether it arrived is not known. `unknown`:"
        " it may have been given it, so it is not sent again by itself."
    )
    held_at: Timestamp | None = Field(description="Waits until the client is active again.")
    failure: str | None = Field(examples=["OptedOut: the number has opted out"])
    by: By | None = Field(description="null: the system, as a step of a workflow.")
    created_at: Timestamp
    sent_at: Timestamp | None
    version: int = Field(examples=[3])
