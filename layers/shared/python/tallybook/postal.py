"""Postal addresses."""

from typing import Any

from pydantic import Field, computed_field, model_validator

from tallybook.countries import CountryCode, name_of
from tallybook.models import ApiModel
from tallybook.text import Line, ShortLine


class NewAddress(ApiModel):
    """An address as entered. `country` is an ISO 3166-1 code or a name."""

    street1: Line | None = Field(default=None, examples=["Lindenstraße 12"])
    street2: Line | None = None
    city: Line | None = Field(default=None, examples=["Köln"])
    state: Line | None = None
    postal_code: ShortLine | None = Field(default=None, examples=["50674"])
    country: CountryCode | None = Field(default=None, examples=["DE"])


class Address(NewAddress):
    """An address as stored, with the name of its country in English."""

    @model_validator(mode="before")
    @classmethod
    def _ignore_computed(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: part for name, part in value.items() if name != "country_name"}
        return value

    @computed_field(examples=["Germany"])  # type: ignore[prop-decorator]
    @property
    def country_name(self) -> str | None:
        return self.country and name_of(self.country)

    def lines(self) -> list[str]:
        """The address as on an envelope, without a name."""
        town = " ".join(filter(None, (self.postal_code, self.city)))
        return [
            line
            for line in (self.street1, self.street2, town, self.state, self.country_name)
            if line
        ]
