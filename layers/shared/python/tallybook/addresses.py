"""E-mail addresses: a list of them, or one string that separates them by semicolons.

An address keeps its local part as entered; its domain becomes lower case and Unicode.
Internationalised addresses are allowed (RFC 6531), and so are example.com and .test (RFC 6761).
"""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

MOST_ADDRESSES = 10

# Blank and repeated entries of a list are dropped, but not without end.
_MOST_ENTRIES = 100

# An address that email-validator would return as it is: by far the most frequent kind. Without
# it, each function's first address costs 20 ms (the library compiles large patterns on import),
# and each row of an import 24 µs instead of 1. A test compares the two.
_ORDINARY = re.compile(
    r"(?=.{3,254}$)(?=[^@]{1,64}@)"
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?:(?=[a-z0-9-]{1,63}\.)[a-z0-9]+(?:-[a-z0-9]+)*\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion)$)[a-z]{2,63}",
)


_WHITE_SPACE = " \t\r\n\N{NO-BREAK SPACE}"  # str.strip would take control characters too


def _email_address(text: str) -> str:
    """The address in its normal form; ValueError with the reason when it is none."""
    address = text.strip(_WHITE_SPACE)
    if _ORDINARY.fullmatch(address):
        return address
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in address):
        raise ValueError(_reason(address, "It has a control character."))

    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(
            address,
            strict=True,  # a local part of at most 64 characters (RFC 5321)
            check_deliverability=False,
            test_environment=True,  # lets .test pass, and "test" alone
        )
    except EmailNotValidError as error:
        raise ValueError(_reason(address, str(error))) from None
    if "." not in valid.ascii_domain:
        raise ValueError(_reason(address, "The part after the @-sign should have a period."))
    return valid.normalized


def _blank_or_email_address(text: str) -> str:
    """For an entry of a list: a blank one keeps its place until the list drops it."""
    return _email_address(text) if text.strip(_WHITE_SPACE) else ""


def _reason(address: str, reason: str) -> str:
    return f"{address[:254]!r} is not an e-mail address: {reason}"


def _entries(value: object) -> object:
    """The parts of a string; a list stays as it is, so that an error names the entry's place."""
    entries = _split(value) if isinstance(value, str) else value
    if isinstance(entries, list):
        given = {
            entry.strip(_WHITE_SPACE).casefold() for entry in entries if isinstance(entry, str)
        } - {""}
        if len(given) > MOST_ADDRESSES or len(entries) > _MOST_ENTRIES:
            raise ValueError(f"has more than {MOST_ADDRESSES} addresses")
    return entries


def _split(text: str) -> list[str]:
    return _distinct([part.strip(_WHITE_SPACE) for part in text.split(";")])


def _distinct(addresses: list[str]) -> list[str]:
    """Without the empty ones, and without those that differ from an earlier one only in case."""
    first: dict[str, str] = {}
    for address in filter(None, addresses):
        first.setdefault(address.casefold(), address)
    return list(first.values())


_Address = Annotated[str, Field(json_schema_extra={"format": "idn-email"})]
_Addresses = Annotated[list[_Address], Field(max_length=MOST_ADDRESSES)]

EmailAddress = Annotated[_Address, AfterValidator(_email_address)]
EmailAddresses = Annotated[
    list[Annotated[_Address, AfterValidator(_blank_or_email_address)]],
    Field(
        description="A list, or one string that separates the addresses by semicolons. "
        f"At most {MOST_ADDRESSES}; the first is the main one.",
        examples=[["anna@example.com", "accounts@example.com"]],
    ),
    BeforeValidator(_entries, json_schema_input_type=_Addresses | str),
    AfterValidator(_distinct),
]
