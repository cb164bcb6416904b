"""Versions: ETag and If-Match for callers, and edits that survive a rival's edit."""

from collections.abc import Callable
from time import monotonic

from tallybook.dynamodb import pause
from tallybook.errors import Busy, StaleVersion
from tallybook.table import Item


class VersionChanged(Exception):
    """What an edit had read was changed before the edit was written. Nothing was written."""


def version_changed(_: Item) -> VersionChanged:
    return VersionChanged()


def etag(version: object) -> str:
    return f'"{version}"'


def must_match(if_match: str | None, current: str) -> None:
    """Raises `StaleVersion` when `if_match` (RFC 9110, 13.1.1) does not name the current ETag."""
    if if_match is None or if_match.strip() == "*":
        return
    if current not in (tag.strip() for tag in if_match.split(",")):
        raise StaleVersion


def until_unchanged[T](edit: Callable[[], T]) -> T:
    """Read, change and write again until nobody else wrote in between.

    `edit` reads what it needs each time. Raises `Busy` when that never happens, or not in time.
    """
    begun = monotonic()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return edit()
        except VersionChanged:
            if monotonic() - begun > _PATIENCE:
                break
            pause(attempt)
    raise Busy


# So twenty people at one client, or one series of numbers, get through; 0.3 s each on the average.
_ATTEMPTS = 20
_PATIENCE = 8.0  # seconds: a function has 15, and who called would rather hear than wait
