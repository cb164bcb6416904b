"""Series of numbers as the API takes and gives them."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from tallybook.models import ApiModel


class NextNumber(ApiModel):
    """Where a series goes on: for a firm that has given numbers elsewhere before."""

    next: Annotated[int, Strict(), Field(ge=1, le=999_999_999_999)] = Field(examples=[143])


class SeriesState(ApiModel):
    """How a series stands."""

    series: Literal["invoice", "credit_note", "estimate"]
    pattern: str = Field(examples=["INV-{year}-{seq:05}"])
    year: int | None = Field(
        examples=[2026], description="Where the firm is, if numbers begin again each year."
    )
    next: int = Field(examples=[143])
    next_number: str = Field(examples=["INV-2026-00143"])
    in_use: bool = Field(description="It has given a number: it cannot be set any more.")
