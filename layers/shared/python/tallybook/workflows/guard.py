"""What other features may ask of workflows: that one exists, in the transaction that names it."""

from pynamodb.expressions.condition import Condition

from tallybook.errors import InvalidField
from tallybook.table import present
from tallybook.transactions import Transaction
from tallybook.workflows.records import WorkflowRecord


def must_exist(transaction: Transaction, workflow_id: str, *, field: str = "workflow_id") -> None:
    """Make `transaction` fail with `InvalidField` unless there is such a workflow."""
    record = WorkflowRecord(f"WORKFLOW#{workflow_id}", "WORKFLOW")
    unknown = InvalidField(field, f"{workflow_id!r} is not the id of a workflow.")
    transaction.check(record, is_there(), lambda _: unknown)


def is_there() -> Condition:
    """The condition that the workflow exists and was not deleted."""
    there: Condition = present(WorkflowRecord) & WorkflowRecord.deleted_at.does_not_exist()
    return there
