"""What other features may ask of staff: that a member exists, in the transaction that names it."""

from pynamodb.expressions.operand import Path

from tallybook.errors import InvalidField
from tallybook.staff.records import StaffRecord
from tallybook.transactions import Transaction


def must_be_active(transaction: Transaction, staff_id: str, *, field: str) -> None:
    """Make `transaction` fail with `InvalidField` unless this is an active staff member."""
    transaction.check(
        StaffRecord(f"STAFF#{staff_id}", "STAFF"),
        Path(["row", "active"]) == True,  # noqa: E712 - a PynamoDB condition
        lambda _: InvalidField(field, f"{staff_id!r} is not the id of an active staff member."),
    )
