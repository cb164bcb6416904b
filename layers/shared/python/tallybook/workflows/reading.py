"""Workflows as those who look at clients need them."""

from collections.abc import Iterable

from tallybook.table import find_all, read
from tallybook.workflows.kinds import Workflow
from tallybook.workflows.mapping import id_of, key, to_workflow
from tallybook.workflows.records import WorkflowRecord


def active(ids: Iterable[str | None]) -> dict[str, Workflow]:
    """Those of these workflows that are there and active, by id. One BatchGetItem, or none.

    A workflow that was deleted or is not active counts as not there.
    """
    keys = [key(each) for each in dict.fromkeys(ids) if each is not None]
    found = (read(WorkflowRecord, item) for item in find_all(keys, consistent=True))
    return {id_of(record): to_workflow(record) for record in found if is_active(record)}


def is_active(record: WorkflowRecord) -> bool:
    return record.deleted_at is None and bool(record.row["active"])
