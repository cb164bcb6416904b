"""Closed books: nothing is booked on or before the day up to which the firm has closed them."""

from datetime import date

from tallybook.errors import InvalidField
from tallybook.settings import store
from tallybook.settings.models import Settings
from tallybook.transactions import Transaction


def must_be_open(day: date, settings: Settings, field: str) -> None:
    """Raises `InvalidField` for the field that says the day."""
    closed_until = settings.billing.closed_until
    if closed_until and day <= closed_until:
        raise InvalidField(field, f"The books are closed up to {closed_until}.")


def stays_open(transaction: Transaction, day: date, settings: Settings, *, today: date) -> None:
    """Make `transaction` fail with `VersionChanged` when the settings are others by then.

    Books are closed up to a day that is over (`settings.store.change` sees to that), so that what
    is dated today needs no check; all of them would be in each other's way at the one item.
    """
    if day < today:
        store.unchanged(transaction, settings)
