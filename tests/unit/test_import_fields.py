from typing import get_args

import pytest
from pydantic import ValidationError

from tallybook.clients.models import NewClient
from tallybook.imports.fields import FIELDS, FieldName
from tallybook.postal import NewAddress

ADDRESS = ("street1", "street2", "city", "state", "postal_code", "country")
BY_NAME = {field.name: field for field in FIELDS}
LONG, SHORT = 200, 60
LIMITS = dict.fromkeys(("business_name", "first_name", "last_name"), LONG) | {
    "street1": LONG,
    "street2": LONG,
    "city": LONG,
    "state": LONG,
    "number": SHORT,
    "telephone": SHORT,
    "postal_code": SHORT,
}


def client(**cells):
    """A client with these cells, each as it would stand in a file."""
    address = {name: cells.pop(name) for name in ADDRESS if name in cells}
    tags = [tag.strip() for tag in cells.pop("tags", "").replace(",", ";").split(";")]
    emails = cells.pop("email", "")
    named = {"business_name": "Acme"} | cells
    return NewClient.model_validate(
        named | {"emails": emails, "tags": [*filter(None, tags)], "billing_address": address}
    )


def test_the_fields_are_those_of_the_product_in_its_order():
    assert [field.name for field in FIELDS] == [*get_args(FieldName)]
    assert [*BY_NAME] == [
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


def test_only_the_business_name_is_required():
    assert [field.name for field in FIELDS if field.required] == ["business_name"]


def test_number_and_email_are_unique():
    assert [field.name for field in FIELDS if field.unique] == ["number", "email"]


def test_every_field_is_one_of_a_client():
    known = {*NewClient.model_fields, *NewAddress.model_fields, "email"}
    assert known >= {*BY_NAME}


def test_labels_differ():
    assert len({field.label.casefold() for field in FIELDS}) == len(FIELDS)


def test_the_example_is_a_valid_client():
    example = client(**{field.name: field.example for field in FIELDS})
    assert example.billing_address.country == "DE"
    assert example.billing_address.postal_code == "01067"
    assert example.emails == ["office@mueller.example", "accounts@mueller.example"]
    assert example.tags == ["wholesale", "vip"]
    assert example.currency == "EUR"


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_each_example_fits_its_own_field(field):
    assert client(**{field.name: field.example})


@pytest.mark.parametrize(("name", "most"), LIMITS.items())
def test_the_limit_that_a_description_states_is_the_one_that_holds(name, most):
    assert f"up to {most} characters" in BY_NAME[name].description
    assert client(**{name: "x" * most})
    with pytest.raises(ValidationError):
        client(**{name: "x" * (most + 1)})


def test_no_other_description_states_a_limit_on_characters_but_that_of_a_tag():
    stated = {field.name for field in FIELDS if "characters" in field.description}
    assert stated == {*LIMITS, "tags"}


def test_there_are_at_most_ten_addresses():
    assert "at most 10" in BY_NAME["email"].description
    assert client(email="; ".join(f"a{number}@example.com" for number in range(10)))
    with pytest.raises(ValidationError):
        client(email="; ".join(f"a{number}@example.com" for number in range(11)))


def test_there_are_at_most_thirty_tags_of_sixty_characters():
    assert "at most 30, up to 60 characters each" in BY_NAME["tags"].description
    assert client(tags="; ".join(f"tag {number}" for number in range(30)))
    assert client(tags="x" * 60)
    for tags in ("; ".join(f"tag {number}" for number in range(31)), "x" * 61):
        with pytest.raises(ValidationError):
            client(tags=tags)


@pytest.mark.parametrize("country", ["DE", "DEU", "Germany", "Deutschland"])
def test_a_country_is_a_code_or_a_name(country):
    assert client(country=country).billing_address.country == "DE"
