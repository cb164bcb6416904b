"""Errors as the world sees them: problem details (RFC 9457) as application/problem+json."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, Field

from tallybook.errors import InvalidFields, TallybookError
from tallybook.forms import in_words

CONTENT_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one field of the request."""

    field: str = Field(examples=["billing_address.country"])
    message: str = Field(examples=["'Atlantis' is not a country."])


class Problem(BaseModel):
    """Problem details (RFC 9457). `code` is stable; `detail` is for people."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Another client has this number"])
    status: int = Field(examples=[409])
    detail: str
    code: str = Field(examples=["number_taken"])
    errors: list[FieldError] | None = Field(
        default=None, description="With 422: every field that is wrong."
    )
    request_id: str | None = Field(default=None, description="With 500: name it when you ask.")


def problem_of(error: TallybookError) -> Problem:
    if isinstance(error, InvalidFields):
        return problem_of_fields(error.errors)
    return Problem(
        type="about:blank",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
    )


def problem_of_fields(errors: Iterable[Any]) -> Problem:
    """The 422 problem for pydantic's list of errors."""
    fields: dict[tuple[str, str], FieldError] = {}
    for error in errors:
        found = FieldError(field=_field(error["loc"]), message=_message(error))
        fields.setdefault((found.field, found.message), found)
    listed = list(fields.values())
    return Problem(
        type="about:blank",
        title=InvalidFields.title,
        status=InvalidFields.status,
        detail="; ".join(f"{error.field}: {error.message}" for error in listed[:3]),
        code=InvalidFields.code,
        errors=listed,
    )


def problem_of_crash(request_id: str) -> Problem:
    return Problem(
        type="about:blank",
        title=TallybookError.title,
        status=TallybookError.status,
        detail="Something went wrong on our side. It has been recorded.",
        code=TallybookError.code,
        request_id=request_id,
    )


_PLACES = {"body", "query", "path", "header", "cookie", "response"}
_SUBJECT = re.compile("^(Input|String|Value|List|Dictionary|Data) should")
_ITEMS = re.compile(r"\bitem")
_MESSAGES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "model_attributes_type": "This must be an object.",
    "dict_type": "This must be an object.",
    "string_too_short": "This must not be empty.",
    "string_type": "This must be a string.",
    "bool_type": "This must be true or false.",
    "bool_parsing": "This must be true or false.",
    "int_parsing": "This must be a whole number.",
    "list_type": "This must be a list.",
    "date_from_datetime_parsing": "There is no such day.",
}


def _field(location: Iterable[str | int]) -> str:
    # pydantic names the branch of a union, such as "list[str]" or "function-after[…]".
    parts = [str(part) for part in location if "[" not in str(part)]
    if parts and parts[0] in _PLACES:
        place, *parts = parts
        if place == "query":  # behind the name of the model that holds the parameter
            parts = parts[-1:]
    return ".".join(parts) or "body"


def _message(error: dict[str, Any]) -> str:
    if plain := _MESSAGES.get(error["type"]):
        return plain
    if error["type"] == "string_pattern_mismatch":
        return in_words(error["ctx"]["pattern"])
    message: str = error["msg"].removeprefix("Value error, ").partition(" after validation")[0]
    message = _SUBJECT.sub("This must", message)
    if error["type"] in ("too_long", "too_short") and isinstance(error.get("input"), str):
        message = _ITEMS.sub("character", message)  # a text that a validator was behind
    return message[:1].upper() + message[1:].rstrip(".") + "."
