"""A client's tasks: made by staff, read, completed and opened again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tallybook.authors import By
from tallybook.clients import presence
from tallybook.dates import timestamp
from tallybook.errors import TaskNotFound
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id
from tallybook.ledger.books import look_up
from tallybook.staff.guard import must_be_active
from tallybook.table import differences, read
from tallybook.tasks.making import place, task
from tallybook.tasks.mapping import PREFIX, to_task
from tallybook.tasks.models import NewTask, Task
from tallybook.tasks.records import TaskRecord
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed


def make(client_id: str, new: NewTask, *, by: By, at: datetime, once: Once) -> Task:
    """Make a task by hand. Raises `ClientNotFound`, and `InvalidField` for an unknown assignee."""
    task_id = new_id(at)

    def attempt() -> Task:
        found = look_up(client_id, at=at)
        is_named = "assignee" in new.model_fields_set
        assignee = new.assignee if is_named else found.client.row.ar_specialist
        actions, transaction = Transaction(), Transaction()
        record = task(
            actions,
            found.client,
            task_id=task_id,
            title=new.title,
            kind=new.kind,
            body=new.body,
            due_date=new.due_date or found.today,
            assignee=assignee,
            by=by,
            at=at,
        )
        made = to_task(record)
        once.claim(transaction, made)
        presence.stays(transaction, client_id)
        if is_named and assignee:
            must_be_active(transaction, assignee, field="assignee")
        transaction.extend(actions)
        transaction.commit()
        return made

    return until_unchanged(attempt)


def get(client_id: str, task_id: str) -> Task:
    """Raises `ClientNotFound` and `TaskNotFound`."""
    return to_task(_find(client_id, task_id))


def complete(
    client_id: str, task_id: str, *, by: By, at: datetime, if_match: str | None, once: Once
) -> Task:
    """Say that a task is done; one that is done stays so. Raises `StaleVersion`."""

    def edit(record: TaskRecord) -> None:
        record.row = {**record.row, "status": "done"}
        record.done = {"at": timestamp(at), "by": by.model_dump()}
        record.listing_pk = record.listing_sk = None

    return _change(
        client_id, task_id, "completed", edit, by=by, at=at, if_match=if_match, once=once
    )


def reopen(
    client_id: str, task_id: str, *, by: By, at: datetime, if_match: str | None, once: Once
) -> Task:
    """Say that a task is not done after all; one that is open stays so. Raises `StaleVersion`."""

    def edit(record: TaskRecord) -> None:
        record.row = {**record.row, "status": "open"}
        record.done = None
        place(record)

    return _change(client_id, task_id, "reopened", edit, by=by, at=at, if_match=if_match, once=once)


def _change(
    client_id: str,
    task_id: str,
    what: str,
    edit: Callable[[TaskRecord], None],
    *,
    by: By,
    at: datetime,
    if_match: str | None,
    once: Once,
) -> Task:
    def attempt() -> Task:
        before = _find(client_id, task_id)
        must_match(if_match, etag(int(before.version)))
        after = read(TaskRecord, before.serialize())
        if (before.done is None) == (what == "completed"):
            edit(after)
            after.version, after.updated_at = int(before.version) + 1, timestamp(at)
        changed, transaction = to_task(after), Transaction()
        once.claim(transaction, changed)
        if after.version != before.version:
            is_unchanged = TaskRecord.version == before.version
            transaction.update(before, differences(before, after), is_unchanged, version_changed)
            told: dict[str, Any] = {"task_id": task_id, "what": what, "task": after.row["kind"]}
            text = f"Task {what}: {after.row['title']}"
            event = f"task.{what}"
            transaction.put(entry(client_id, "task", at=at, by=by, text=text, event=event, **told))
            presence.stays(transaction, client_id)
        transaction.commit()
        return changed

    return until_unchanged(attempt)


def _find(client_id: str, task_id: str) -> TaskRecord:
    key = f"{PREFIX}{task_id}"
    _, items = presence.current_with(client_id, *((key,) if is_ulid(task_id) else ()))
    if key not in items:
        raise TaskNotFound
    return read(TaskRecord, items[key])
