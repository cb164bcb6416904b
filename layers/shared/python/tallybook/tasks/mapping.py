"""Between tasks as the API knows them and their items in the table."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tallybook.authors import By
from tallybook.models import trusted
from tallybook.tasks.models import Task, TaskDone, TaskRow
from tallybook.tasks.records import TaskRecord

PREFIX = "TASK#"


def to_task(record: TaskRecord) -> Task:
    done = record.done
    fields = shown_row(record.row) | {
        "body": record.body,
        "invoice_ids": record.invoice_ids or [],
        "by": By.model_construct(**record.by) if record.by else None,
        "done": done and trusted(TaskDone, {"at": _moment(done["at"]), "by": _by(done["by"])}),
        "version": int(record.version),
    }
    return trusted(Task, fields)


def to_task_row(row: Mapping[str, Any]) -> TaskRow:
    return trusted(TaskRow, shown_row(row))


def shown_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "assignee": row.get("assignee"),
        "due_date": date.fromisoformat(row["due_date"]),
        "created_at": _moment(row["created_at"]),
    }


def _by(stored: Mapping[str, Any]) -> By:
    return By.model_construct(**stored)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
