"""When a webhook is tried again, and with which secrets it is signed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal

type Verdict = Literal["delivered", "again", "gone"]

# As the Standard Webhooks recommend: ten attempts in three days.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
# Of what waited behind others as well: an address that is dead keeps the next one waiting for some
# minutes, not for days.
PATIENCE = timedelta(days=3)
_LEAST = 3  # attempts


def next_attempt(created_at: datetime, attempts: int, at: datetime) -> datetime | None:
    """When to try again after so many attempts, the last one now; None: that was the last."""
    is_old = at >= created_at + PATIENCE and attempts >= _LEAST
    if is_old or attempts > len(PAUSES):
        return None
    return at + PAUSES[attempts - 1]


def verdict(status: int | None) -> Verdict:
    """What the answer means (Standard Webhooks 1.0): None: there was none."""
    if status is None:
        return "again"
    if status == HTTPStatus.GONE:
        return "gone"
    is_success = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    return "delivered" if is_success else "again"


def signing(secrets: Sequence[Mapping[str, Any]], at: datetime) -> list[int]:
    """The numbers of the secrets that sign now, the newest first.

    `secrets` are {number, until}; the last one signs without end.
    """
    *older, newest = secrets
    valid = [each["number"] for each in older if datetime.fromisoformat(each["until"]) > at]
    return [newest["number"], *reversed(valid)]
