"""Tasks as the API takes and gives them."""

from typing import Annotated

from pydantic import Field

from tallybook.authors import By
from tallybook.clients.models import NamedClient, StaffId
from tallybook.dates import Day, Timestamp
from tallybook.ids import Ulid
from tallybook.models import ApiModel
from tallybook.tasks.kinds import TaskKind, TaskStatus
from tallybook.text import Line, ShortLine, Text


class NewTask(ApiModel):
    """Something that somebody has to do for a client. Only the title is required."""

    title: Line = Field(examples=["Ask for the new bank details"])
    kind: TaskKind = "task"
    body: Annotated[Text, Field(max_length=5000)] | None = Field(
        default=None, examples=["The last transfer came back."]
    )
    due_date: Day | None = Field(
        default=None, examples=["2026-11-30"], description="Today when left out."
    )
    assignee: ShortLine | None = Field(
        default=None,
        examples=["6f1c1f8e-3c55-4d0b-9a57-0d6f6a0a2b11"],
        description="A staff id; the client's AR specialist when left out; null: nobody as yet.",
    )


class TaskDone(ApiModel):
    """When and by whom a task was done."""

    at: Timestamp
    by: By


class TaskRow(ApiModel):
    """A task as a list shows it."""

    client_id: Ulid
    task_id: Ulid
    kind: TaskKind
    title: str = Field(examples=["Promise broken: 250.00 EUR by 2026-11-22"])
    status: TaskStatus
    assignee: StaffId | None = Field(description="Null: nobody as yet.")
    due_date: Day
    created_at: Timestamp


class FirmTaskRow(TaskRow):
    """A task as the list of the whole firm shows it."""

    client: NamedClient


class Task(TaskRow):
    """A task."""

    body: str | None = Field(examples=["Paid on it: 0.00 EUR."])
    invoice_ids: list[Ulid] = Field(description="The invoices that it is about.")
    by: By | None = Field(description="Who made it; null: the system by itself.")
    done: TaskDone | None
    version: int = Field(examples=[1])
