"""Bodies of requests: their type, their size, and what they say."""

import base64
import json
from typing import Any

from tallybook.errors import BodyTooLarge, InvalidField, MalformedJson, UnsupportedMediaType

MOST_BYTES = 256 * 1024
_JSON = "application/json"
_JSON_TYPES = (_JSON, "application/merge-patch+json")


def check_body(event: dict[str, Any]) -> None:
    """Make the event's body plain JSON text, or raise what is wrong with it."""
    body = event.get("body")
    if not body:
        return
    headers = event.get("headers") or {}
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in _JSON_TYPES:
        raise UnsupportedMediaType
    if event.get("isBase64Encoded"):
        body = _decoded(body)
    if len(body.encode(errors="replace")) > MOST_BYTES:
        raise BodyTooLarge(MOST_BYTES)
    # Powertools knows one JSON type only.
    headers = {**headers, "content-type": _JSON}
    event.update(headers=headers, body=body, isBase64Encoded=False)


def _decoded(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError as error:
        raise MalformedJson("The body is not UTF-8.") from error


def json_object(body: str) -> dict[str, Any]:
    """What the text of a body says. Raises `MalformedJson`, and `InvalidField` for a list."""
    try:
        content = json.loads(body, parse_constant=_no_number, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise MalformedJson("The body is not whole JSON that gives each name once.") from error
    if not isinstance(content, dict):
        raise InvalidField("body", "This must be an object.")
    return content


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. With a name given twice one value would be lost without a word."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name is given twice")
    return members


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
