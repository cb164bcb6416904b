"""Making a task, for the transactions of whatever leaves something to do for people."""

from collections.abc import Sequence
from datetime import date, datetime

from tallybook.authors import By
from tallybook.clients.records import ClientRecord
from tallybook.dates import timestamp
from tallybook.history.entries import entry
from tallybook.ids import new_id
from tallybook.table import absent
from tallybook.tasks.kinds import TaskKind
from tallybook.tasks.records import TaskRecord
from tallybook.transactions import Transaction
from tallybook.versions import version_changed

NOBODY = "none"  # in the index: tasks that nobody has


def task(
    transaction: Transaction,
    client: ClientRecord,
    *,
    title: str,
    due_date: date,
    assignee: str | None,
    at: datetime,
    kind: TaskKind = "task",
    body: str | None = None,
    invoice_ids: Sequence[str] = (),
    task_id: str | None = None,
    by: By | None = None,
) -> TaskRecord:
    """Add a task and its entry in the client's history: two actions.

    `assignee` is a staff id: `client.row.ar_specialist` for what its specialist has to do; None:
    nobody's as yet. `by` None: the system. A `task_id` is given where the same task may be made
    twice and must be one: the transaction then fails with `VersionChanged`. That the client is
    there is for the others of the transaction to say.
    """
    record = TaskRecord(
        client.pk,
        f"TASK#{task_id or new_id(at)}",
        row=_row(kind, title, due_date, assignee, at),
        body=body,
        invoice_ids=list(invoice_ids) or None,
        by=by.model_dump() if by else None,
        updated_at=timestamp(at),
        version=1,
    )
    _identify(record)
    place(record)
    transaction.put(record, absent(TaskRecord), version_changed)
    row = record.row
    told = {"task_id": row["task_id"], "what": "created", "task": kind}
    transaction.put(
        entry(row["client_id"], "task", at=at, by=by, text=title, event="task.created", **told)
    )
    return record


def place(record: TaskRecord) -> None:
    """Put the task into the list of what its assignee has to do."""
    row = record.row
    record.listing_pk = f"TASKS#{row.get('assignee') or NOBODY}"
    record.listing_sk = f"{row['due_date']}#{row['task_id']}"


def _row(
    kind: TaskKind, title: str, due_date: date, assignee: str | None, at: datetime
) -> dict[str, str]:
    row = {
        "kind": kind,
        "title": title,
        "status": "open",
        "due_date": due_date.isoformat(),
        "created_at": timestamp(at),
    }
    return row | ({"assignee": assignee} if assignee else {})


def _identify(record: TaskRecord) -> None:
    client_id, task_id = record.pk.removeprefix("CLIENT#"), record.sk.removeprefix("TASK#")
    record.row |= {"client_id": client_id, "task_id": task_id}
