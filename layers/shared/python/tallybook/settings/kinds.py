"""When the firm sends."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from tallybook.dates import Day
from tallybook.forms import form
from tallybook.models import ApiModel

TimeOfDay = Annotated[
    str,
    form(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", "This must be a time of the day such as 08:00."),
    Field(examples=["08:00"]),
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class SendingHours(ApiModel):
    """When the system sends by itself, where the firm is. What staff send goes out at once."""

    from_: TimeOfDay | None = Field(default=None, alias="from", examples=["08:00"])
    until: TimeOfDay | None = Field(default=None, examples=["18:00"])
    days: list[Weekday] = Field(
        default=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], min_length=1, max_length=7
    )
    holidays: list[Day] = Field(default=[], max_length=200, examples=[["2026-12-25"]])

    @field_validator("until")
    @classmethod
    def _is_later(cls, until: str | None, info: ValidationInfo) -> str | None:
        begin = info.data.get("from_")
        if begin and until and begin >= until:
            raise ValueError("It must lie behind from")
        return until

    @model_validator(mode="after")
    def _has_hours(self) -> Self:
        if (self.from_ is None) != (self.until is None):
            raise ValueError("Give both from and until, or neither")
        return self
