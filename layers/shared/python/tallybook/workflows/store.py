"""Workflows in the table. A change of one has every client with an open invoice looked at."""

from datetime import datetime

from tallybook import agenda
from tallybook.dates import timestamp
from tallybook.errors import WorkflowInUse, WorkflowNotFound
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id
from tallybook.models import merged_into
from tallybook.settings import store as settings_store
from tallybook.table import absent, decode, differences, find, query, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed
from tallybook.workflows.checking import check
from tallybook.workflows.mapping import LISTING, enter, entered, key, new_record, to_answer, to_row
from tallybook.workflows.models import NewWorkflow, WorkflowAnswer, WorkflowPatch, WorkflowRow
from tallybook.workflows.records import WorkflowRecord


def page(*, limit: int, after: str | None) -> tuple[list[WorkflowRow], str | None]:
    """Workflows by name, and the position to go on from. One Query."""
    items, _ = query(
        IndexName="listing",
        KeyConditionExpression="listing_pk = :listing AND listing_sk > :after",
        ExpressionAttributeValues={":listing": {"S": LISTING}, ":after": {"S": after or " "}},
        Limit=limit + 1,
    )
    rows = [to_row(decode(item["row"])) for item in items[:limit]]
    return rows, items[limit - 1]["listing_sk"]["S"] if len(items) > limit else None


def create(new: NewWorkflow, *, at: datetime, once: Once) -> WorkflowAnswer:
    """Make a workflow: nothing names it yet. Raises `InvalidFields` for steps that don't fit."""
    check(new.steps)
    record = new_record(new_id(at), new, at=at)
    created = to_answer(record)
    transaction = Transaction()
    once.claim(transaction, created)
    transaction.put(record, absent(WorkflowRecord))
    transaction.commit()
    return created


def get(workflow_id: str) -> WorkflowAnswer:
    """One read. Raises `WorkflowNotFound`."""
    return to_answer(current(workflow_id))


def current(workflow_id: str) -> WorkflowRecord:
    """Raises `WorkflowNotFound`, also for a workflow that was deleted."""
    record = find(WorkflowRecord, *key(workflow_id)) if is_ulid(workflow_id) else None
    if record is None or record.deleted_at:
        raise WorkflowNotFound
    return record


def change(
    workflow_id: str, patch: WorkflowPatch, *, at: datetime, if_match: str | None
) -> WorkflowAnswer:
    """Merge `patch` into the workflow. Raises `StaleVersion` and `InvalidFields`."""
    document = patch.model_dump(mode="json", exclude_unset=True)

    def attempt() -> WorkflowAnswer:
        before = current(workflow_id)
        must_match(if_match, etag(int(before.version)))
        new = merged_into(NewWorkflow, entered(before), document)
        if "steps" in document:
            check(new.steps, before.steps)
        after = read(WorkflowRecord, before.serialize())
        enter(after, new, at=at)
        if entered(after) == entered(before):
            return to_answer(before)
        if (after.steps, new.active) != (before.steps, before.row["active"]):
            _call_clients(after, at)
        _write(before, after, at)
        return to_answer(after)

    return until_unchanged(attempt)


def delete(workflow_id: str, *, at: datetime, if_match: str | None) -> None:
    """Delete the workflow: who names it has the next farther one.

    Raises `StaleVersion`, and `WorkflowInUse` for that of the settings.
    """

    def attempt() -> None:
        before = current(workflow_id)
        must_match(if_match, etag(int(before.version)))
        settings = settings_store.get()
        if settings.workflow_id == workflow_id:
            raise WorkflowInUse
        after = read(WorkflowRecord, before.serialize())
        after.deleted_at, after.listing_pk, after.listing_sk = timestamp(at), None, None
        _call_clients(after, at)
        following = Transaction()
        settings_store.unchanged(following, settings)
        _write(before, after, at, following)

    until_unchanged(attempt)


def _call_clients(record: WorkflowRecord, at: datetime) -> None:
    record.agenda_pk, record.agenda_sk = agenda.place("workflow", at, record.row["workflow_id"])


def _write(
    before: WorkflowRecord,
    after: WorkflowRecord,
    at: datetime,
    following: Transaction | None = None,
) -> None:
    after.version, after.updated_at = int(before.version) + 1, timestamp(at)
    transaction = Transaction()
    same = WorkflowRecord.version == before.version
    transaction.update(before, differences(before, after), same, version_changed)
    if following:
        transaction.extend(following)
    transaction.commit()
