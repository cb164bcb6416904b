"""The firm's settings, as the API takes and gives them."""

import re
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints

from tallybook.addresses import EmailAddress
from tallybook.dates import Timestamp
from tallybook.models import ApiModel, Patch
from tallybook.money import CurrencyCode
from tallybook.postal import Address, NewAddress
from tallybook.text import Line, ShortLine

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
    StringConstraints(pattern=r"^\d{1,2}(\.\d{1,4})?$|^100(\.0{1,4})?$"),
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


class PortalSettings(ApiModel):
    """What clients see and may do in the portal."""

    display_balances: bool = True
    account_history: bool = True
    auto_send_invoices: bool = False


class Branding(ApiModel):
    """How the firm looks in its mail."""

    colour: Colour = DEFAULT_COLOUR
    logo_url: LogoUrl | None = None


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


class SettingsPatch(Patch[NewSettings]):
    """A merge patch of the settings: null goes back to the default."""


class Settings(NewSettings):
    """The firm's settings; new clients start with its currency."""

    address: Address = Address()
    updated_at: Timestamp | None
    version: int = Field(examples=[3])
