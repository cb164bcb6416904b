"""What an import can fill in of a client: one field, one column of the template.

The limits are those of `tallybook.clients.models`; a test compares the two.
"""

from dataclasses import dataclass
from typing import Literal

FieldName = Literal[
    "number",
    "email",
    "business_name",
    "first_name",
    "last_name",
    "telephone",
    "street1",
    "street2",
    "city",
    "state",
    "postal_code",
    "country",
    "currency",
    "tags",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`unique`: no two clients share a value, so the value finds the client to update."""

    name: FieldName
    label: str
    description: str
    example: str
    required: bool = False
    unique: bool = False


FIELDS: tuple[Field, ...] = (
    Field(
        name="number",
        label="Number",
        unique=True,
        description="The client's number, up to 60 characters. Given automatically when blank.",
        example="C-0042",
    ),
    Field(
        name="email",
        label="E-mail",
        unique=True,
        description="One e-mail address, or several separated by semicolons, at most 10. "
        "The first is the main one.",
        example="office@mueller.example; accounts@mueller.example",
    ),
    Field(
        name="business_name",
        label="Business name",
        required=True,
        description="The name that invoices are made out to, up to 200 characters.",
        example="Müller & Söhne GmbH",
    ),
    Field(
        name="first_name",
        label="First name",
        description="The first name of the person to write to, up to 200 characters.",
        example="Jürgen",
    ),
    Field(
        name="last_name",
        label="Last name",
        description="The last name of the person to write to, up to 200 characters.",
        example="Müller",
    ),
    Field(
        name="telephone",
        label="Telephone",
        description="A telephone number as it is dialled, up to 60 characters. "
        "With the country's code it works from everywhere.",
        example="+49 351 123456",
    ),
    Field(
        name="street1",
        label="Street 1",
        description="Street and house number, up to 200 characters.",
        example="Lindenstraße 12",
    ),
    Field(
        name="street2",
        label="Street 2",
        description="What else belongs to the address, such as a floor or a building, "
        "up to 200 characters.",
        example="2. OG",
    ),
    Field(
        name="city",
        label="City",
        description="City or town, up to 200 characters.",
        example="Dresden",
    ),
    Field(
        name="state",
        label="State",
        description="State, province, county or canton where addresses have one, "
        "up to 200 characters.",
        example="Sachsen",
    ),
    Field(
        name="postal_code",
        label="Postal code",
        description="Postal code or ZIP code with its leading zeros, up to 60 characters.",
        example="01067",
    ),
    Field(
        name="country",
        label="Country",
        description="An ISO 3166-1 code (DE or DEU), "
        "or the country's name in English or its own language.",
        example="Germany",
    ),
    Field(
        name="currency",
        label="Currency",
        description="The ISO 4217 code of the currency of the client's invoices. "
        "The firm's currency when blank.",
        example="EUR",
    ),
    Field(
        name="tags",
        label="Tags",
        description="Words to find clients by, separated by semicolons or commas, "
        "at most 30, up to 60 characters each.",
        example="wholesale; vip",
    ),
)
