"""Cursors of lists: where the next page begins, signed so that nobody can make one up.

A cursor belongs to one list, with its filters, its order and its reader (`scope`).
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from tallybook.errors import InvalidCursor
from tallybook.signing import is_signed, sign

Limit = Annotated[int, Field(ge=1, le=100, description="How many items a page has.")]
Cursor = Annotated[str, Field(description="`next_cursor` of the page before, to get the next one.")]


class Page[T: BaseModel](BaseModel):
    """One page of a list. `next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None


def seal(position: str | None, scope: Sequence[str]) -> str | None:
    """The cursor for a position in the list that `scope` describes."""
    if position is None:
        return None
    content = position.encode()
    return _text(sign(_purpose(scope), content) + content)


def unseal(cursor: str | None, scope: Sequence[str]) -> str | None:
    """The position that a cursor holds.

    Raises `InvalidCursor` when it was made for another list or altered.
    """
    if cursor is None:
        return None
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        sealed = base64.b64decode(padded, altchars=b"-_", validate=True)
        signature, content = sealed[:16], sealed[16:]
        # The last character has bits that mean nothing: they may not be altered either.
        if _text(sealed) != cursor or not is_signed(_purpose(scope), content, signature):
            raise InvalidCursor
        return content.decode()
    except (binascii.Error, UnicodeError) as error:
        raise InvalidCursor from error


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _purpose(scope: Sequence[str]) -> str:
    # The length of each part keeps ("ab", "c") apart from ("a", "bc").
    return "cursor" + "".join(f"\0{len(part)}:{part}" for part in scope)
