"""What a cell says, without what spreadsheet programs put around it. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Excel exports keep the zeros of "00123" by writing a formula that is a text.
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
# Others by an apostrophe, which a spreadsheet does not show.
_TEXT_MARK = re.compile(r"'(?=[+\d=])")
# Of a long number only this is left when it was saved: the digits are lost.
_SHORTENED = re.compile(r"\d[.,]\d+[eE]\+\d+")
_SEPARATOR = re.compile(r"\s*(?:,|:::)\s*")  # of several addresses; the last is Google's
_TAG_SEPARATOR = re.compile(r"[;,|]|:::")
ADDRESS = ("street1", "street2", "city", "state", "postal_code", "country")
NUMERIC = ("number", "telephone", "postal_code")


def text_of(cell: str) -> str:
    text = cell.strip()
    if text[:1] not in ("=", "'"):
        return text
    formula = _TEXT_FORMULA.fullmatch(text)
    return formula[1].strip() if formula else _TEXT_MARK.sub("", text, count=1)


def is_shortened(cell: str) -> bool:
    """Whether a spreadsheet program wrote a long number as "4.91712E+11"."""
    return _SHORTENED.fullmatch(cell.strip()) is not None


def document_of(cells: Sequence[str], fields: Mapping[int, str]) -> dict[str, Any]:
    """What the cells of a row say about a client, as the API takes it; blank ones left out."""
    document: dict[str, Any] = {}
    address: dict[str, str] = {}
    for index, field in fields.items():
        text = text_of(cells[index]) if index < len(cells) else ""
        if not text:
            continue
        if field in ADDRESS:
            address[field] = text
        elif field == "email":
            document["emails"] = _SEPARATOR.sub(";", text)
        elif field == "tags":
            tags = (tag.strip() for tag in _TAG_SEPARATOR.split(text))
            document["tags"] = [tag for tag in tags if tag]
        else:
            document[field] = text
    if address:
        document["billing_address"] = _on_two_lines(address)
    return document


def _on_two_lines(address: dict[str, str]) -> dict[str, str]:
    """An address whose street has several lines in one cell, as many programs write it."""
    lines = [line.strip() for line in address.get("street1", "").splitlines() if line.strip()]
    if len(lines) < 2:
        return address
    first, *rest = lines
    further = [*rest, address["street2"]] if "street2" in address else rest
    return address | {"street1": first, "street2": ", ".join(further)}
