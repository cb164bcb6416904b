"""The agenda: what falls due by itself, and when.

An item that falls due carries the keys of the index `agenda`: its kind, and the moment. Whatever
stands there for a moment that is over is work to be done, so catching up after an outage is the
same query. Whoever does the work moves the item, or takes it out, in the transaction of the work.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from tallybook.dates import timestamp
from tallybook.table import Item, query

type Kind = Literal["client", "recurring", "webhook", "workflow"]
"""A client to look at, a recurring invoice, a webhook to be sent, a workflow that was changed;
the settings are of that kind, too: all clients have to do with them."""
type Key = tuple[str, str]


def place(kind: Kind, moment: datetime, *ids: str) -> Key:
    """`agenda_pk` and `agenda_sk` of an item that falls due at a moment."""
    return f"DUE#{kind}", "#".join((timestamp(moment), *ids))


def start_of(day: date, time_zone: str, at: time = time.min) -> datetime:
    """The moment at which it is that time of the day where the firm is.

    A time that the clocks skip is the moment after; of one that comes twice it is the first.
    """
    return datetime.combine(day, at, ZoneInfo(time_zone))


def fallen_due(kind: Kind, at: datetime) -> Iterator[Key]:
    """The keys of the items that are due by then, the oldest first. A query for each megabyte."""
    return ((item["pk"]["S"], item["sk"]["S"]) for item in entries(kind, at))


def entries(kind: Kind, at: datetime) -> Iterator[Item]:
    """Their keys and their places in the agenda, as DynamoDB sends them."""
    asked = {
        "IndexName": "agenda",
        "KeyConditionExpression": "agenda_pk = :kind AND agenda_sk < :after",
        "ExpressionAttributeValues": {
            ":kind": {"S": f"DUE#{kind}"},
            ":after": {"S": timestamp(at) + "$"},  # "$" follows "#"
        },
    }
    while True:
        items, last = query(**asked)
        yield from items
        if last is None:
            return
        asked["ExclusiveStartKey"] = last
