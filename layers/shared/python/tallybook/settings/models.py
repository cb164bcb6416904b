"""The firm's settings, as the API takes and gives them."""

import re
from decimal import Decimal
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    Field,
    Strict,
    StringConstraints,
    field_validator,
    model_validator,
)

from tallybook.addresses import EmailAddress
from tallybook.dates import Day, Timestamp
from tallybook.forms import form
from tallybook.ids import Ulid
from tallybook.models import ApiModel, Patch
from tallybook.money import CurrencyCode, quantum
from tallybook.postal import Address, NewAddress
from tallybook.settings.kinds import SendingHours
from tallybook.text import Line, ShortLine, Text

DEFAULT_COLOUR = "#1a6f5c"

_PATTERN = re.compile(r"(?P<before>[^{}]*)\{seq(?::0(?P<width>\d{1,2}))?\}(?P<after>[^{}]*)")

_LONGEST_FRAME = 40  # with 15 digits a number still fits into its 60 characters


def _number_pattern(value: str) -> str:
    found = _PATTERN.fullmatch(value)
    if not found:
        raise ValueError("needs {seq} or, say, {seq:04} exactly once, and no other braces")
    if int(found["width"] or 1) not in range(1, 13):
        raise ValueError("can have 1 to 12 digits, as in {seq:04}")
    if len(found["before"]) + len(found["after"]) > _LONGEST_FRAME:
        raise ValueError(f"can have {_LONGEST_FRAME} characters beside the number")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is not a time zone of the IANA database") from error
    return value


def _iban(value: str) -> str:
    """ISO 13616: the check digits are right (ISO 7064, MOD 97-10)."""
    iban = value.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", iban, re.ASCII):
        raise ValueError("is not an IBAN such as DE89 3704 0044 0532 0130 00")
    if int("".join(str(int(each, 36)) for each in iban[4:] + iban[:4])) % 97 != 1:
        raise ValueError("has a digit that is wrong: its check digits do not fit")
    return iban


def _logo_url(value: str) -> str:
    if any(character.isspace() or character in "\"'<>\\" for character in value):
        raise ValueError("has a character that an address cannot have")
    try:
        address = urlsplit(value)
        is_public = address.scheme == "https" and bool(address.hostname) and address.port != 0
    except ValueError as error:
        raise ValueError("is not an address") from error
    if not is_public or address.username is not None:
        raise ValueError("must begin with https:// and name an image that anybody can load")
    if not value.isprintable():
        raise ValueError("has a character that cannot be seen")
    return value


def _series_pattern(value: str) -> str:
    """A pattern that may name the year once; the rest is as in `_number_pattern`."""
    if value.count("{year}") > 1:
        raise ValueError("can have {year} once")
    _number_pattern(value.replace("{year}", "2026"))
    return value


SeriesPattern = Annotated[
    ShortLine, AfterValidator(_series_pattern), Field(examples=["INV-{year}-{seq:05}"])
]
NumberPattern = Annotated[
    ShortLine, AfterValidator(_number_pattern), Field(examples=["C-{seq:04}"])
]
TimeZone = Annotated[ShortLine, AfterValidator(_time_zone), Field(examples=["Europe/Berlin"])]
Colour = Annotated[
    str,
    StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True),
    Field(description="Red, green and blue in hexadecimal.", examples=[DEFAULT_COLOUR]),
]
LogoUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500),
    AfterValidator(_logo_url),
    Field(description="An image that anybody can load.", examples=["https://sturm.example/a.png"]),
]
Percentage = Annotated[
    str,
    form(
        r"^\d{1,2}(\.\d{1,4})?$|^100(\.0{1,4})?$",
        "This must be a percentage from 0 to 100, such as 19 or 7.5.",
    ),
    Field(examples=["19"]),
]


class TaxRate(ApiModel):
    """A tax rate that invoices offer. `category` is a code of UNCL 5305 (EN 16931)."""

    name: ShortLine = Field(examples=["VAT 19 %"])
    rate: Percentage
    category: Annotated[str, StringConstraints(pattern=r"^(S|Z|E|AE|K|G|O)$")] = "S"


class Numbering(ApiModel):
    """How numbers look. `{seq:04}` is the running number with at least four digits."""

    client: NumberPattern = "C-{seq:04}"
    invoice: SeriesPattern = "INV-{year}-{seq:05}"
    credit_note: SeriesPattern = "CN-{year}-{seq:05}"
    estimate: SeriesPattern = "EST-{year}-{seq:05}"
    yearly: Annotated[
        bool, Strict(), Field(description="Invoices and the like begin with 1 again each year.")
    ] = True

    @model_validator(mode="after")
    def _names_the_year(self) -> Self:
        """Else a number would come again the year after."""
        for name in ("invoice", "credit_note", "estimate"):
            if self.yearly and "{year}" not in getattr(self, name):
                raise ValueError(f"{name} needs {{year}} while numbers begin with 1 each year")
        return self


class PortalSettings(ApiModel):
    """What clients see and may do in the portal."""

    display_balances: bool = True
    account_history: bool = True
    auto_send_invoices: bool = False


class Branding(ApiModel):
    """How the firm looks in its mail."""

    colour: Colour = DEFAULT_COLOUR
    logo_url: LogoUrl | None = None


Iban = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=42),
    AfterValidator(_iban),
    Field(examples=["DE89370400440532013000"]),
]
Bic = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z0-9]{8}([A-Za-z0-9]{3})?$"
    ),
    Field(examples=["COBADEFFXXX"]),
]
Coin = Annotated[
    str,
    form(r"^[0-9]{1,4}(\.[0-9]{1,3})?$", "This must be an amount such as 0.05."),
    Field(examples=["0.05"]),
]


class Billing(ApiModel):
    """What invoices say of the firm beside its name and address, and how it keeps its books."""

    vat_id: ShortLine | None = Field(default=None, examples=["DE123456789"])
    tax_number: ShortLine | None = Field(default=None, examples=["214/5678/0123"])
    registration: Line | None = Field(default=None, examples=["Amtsgericht Köln HRB 12345"])
    bank: Line | None = Field(default=None, examples=["Sparkasse KölnBonn"])
    account_holder: Line | None = Field(
        default=None, description="The firm's name when left out.", examples=["Sturm & Partner GbR"]
    )
    iban: Iban | None = None
    bic: Bic | None = None
    payment_terms: Annotated[Text, Field(max_length=1000)] | None = Field(
        default=None, examples=["Please pay within 30 days without deduction."]
    )
    exemption_reason: Line | None = Field(
        default=None,
        description="Why supplies of tax category E are exempt.",
        examples=["§ 4 Nr. 21 UStG"],
    )
    footer: Annotated[Text, Field(max_length=1000)] | None = None
    paper: Literal["a4", "letter"] = "a4"
    locale: Literal["en-GB", "en-US", "de-DE"] = "en-GB"
    round_to: dict[CurrencyCode, Coin] = Field(
        default={},
        max_length=20,
        description="The smallest coin that what is payable is rounded to, by currency.",
        examples=[{"CHF": "0.05"}],
    )
    closed_until: Day | None = Field(
        default=None,
        description="The books are closed up to this day: nothing is booked on it or before.",
        examples=["2025-12-31"],
    )

    @field_validator("round_to")
    @classmethod
    def _are_coins(cls, value: dict[str, str]) -> dict[str, str]:
        for currency, coin in value.items():
            amount = Decimal(coin)
            if not amount or amount % quantum(currency):
                raise ValueError(f"{coin} is not an amount of {currency} above 0")
        return value


class NewSettings(ApiModel):
    """What a firm can set."""

    name: Line | None = Field(default=None, examples=["Sturm & Partner"])
    email: EmailAddress | None = Field(default=None, examples=["office@sturm.example"])
    telephone: ShortLine | None = None
    address: NewAddress = NewAddress()
    currency: CurrencyCode = Field(default="EUR", examples=["EUR"])
    time_zone: TimeZone = "UTC"
    tax_rates: list[TaxRate] = Field(default=[], max_length=50)
    numbering: Numbering = Numbering()
    portal: PortalSettings = PortalSettings()
    branding: Branding = Branding()
    billing: Billing = Billing()
    sending: SendingHours = SendingHours()
    workflow_id: Ulid | None = Field(
        default=None, description="The workflow of clients that have none of their own."
    )


class SettingsPatch(Patch[NewSettings]):
    """A merge patch of the settings: null goes back to the default."""


class Settings(NewSettings):
    """The firm's settings; new clients start with its currency."""

    address: Address = Address()
    updated_at: Timestamp | None
    version: int = Field(examples=[3])
