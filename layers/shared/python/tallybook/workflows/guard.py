"""What other features may ask of workflows: that one exists, in the transaction that names it."""

from tallybook.errors import InvalidField
from tallybook.table import present
from tallybook.transactions import Transaction
from tallybook.workflows.records import WorkflowRecord


def must_exist(transaction: Transaction, workflow_id: str) -> None:
    """Make `transaction` fail with `InvalidField` unless there is such a workflow."""
    transaction.check(
        WorkflowRecord(f"WORKFLOW#{workflow_id}", "WORKFLOW"),
        present(WorkflowRecord),
        lambda _: InvalidField("workflow_id", f"{workflow_id!r} is not the id of a workflow."),
    )
