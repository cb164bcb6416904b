"""Lists of tasks: what somebody has to do next, and what there was to do for a client."""

from functools import partial
from typing import Any

from tallybook.clients.names import names
from tallybook.clients.presence import of_client
from tallybook.listings import newest_below
from tallybook.models import trusted
from tallybook.table import Item, decode, query
from tallybook.tasks.mapping import PREFIX, shown_row, to_task_row
from tallybook.tasks.models import FirmTaskRow, TaskRow


def of_staff(
    assignee: str, *, limit: int, after: str | None
) -> tuple[list[FirmTaskRow], str | None]:
    """The open tasks of a staff id (making.NOBODY: of nobody), what is due first.

    Those behind the position `after`, with the position to go on from. One Query, and one
    BatchGetItem of the page's clients.
    """
    items, position = _open(f"TASKS#{assignee}", limit, after)
    rows = [decode(item["row"]) for item in items]
    clients = names([row["client_id"] for row in rows])
    return [
        trusted(FirmTaskRow, shown_row(row) | {"client": clients[row["client_id"]]}) for row in rows
    ], position


def of_client_page(
    client_id: str, *, limit: int, after: str | None
) -> tuple[list[TaskRow], str | None]:
    """All tasks of a client behind the id `after`, the newest first. Raises `ClientNotFound`."""
    look = partial(newest_below, f"CLIENT#{client_id}", PREFIX, limit=limit, after=after)
    items, position = of_client(client_id, look)
    return [to_task_row(decode(item["row"])) for item in items], position


def _open(partition: str, limit: int, after: str | None) -> tuple[list[Item], str | None]:
    condition, values = "listing_pk = :partition", {":partition": {"S": partition}}
    if after is not None:
        condition += " AND listing_sk > :after"
        values[":after"] = {"S": after}
    more: dict[str, Any] = {"Limit": limit + 1}
    items, _ = query(
        IndexName="listing",
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        **more,
    )
    shown = items[:limit]
    return shown, shown[-1]["listing_sk"]["S"] if len(items) > limit else None
