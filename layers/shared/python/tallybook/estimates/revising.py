"""The next version of an estimate, written on the condition that the one before still stands."""

from datetime import datetime

from tallybook.dates import timestamp
from tallybook.estimates.records import EstimateRecord
from tallybook.table import differences, read
from tallybook.transactions import Transaction
from tallybook.versions import version_changed


def next_of(before: EstimateRecord, *, at: datetime) -> EstimateRecord:
    """A copy to be changed."""
    after = read(EstimateRecord, before.serialize())
    after.version, after.updated_at = int(before.version) + 1, timestamp(at)
    return after


def write(transaction: Transaction, before: EstimateRecord, after: EstimateRecord) -> None:
    """One action. Fails with `VersionChanged`, also when the estimate was deleted."""
    is_unchanged = EstimateRecord.version == before.version
    transaction.update(before, differences(before, after), is_unchanged, version_changed)
