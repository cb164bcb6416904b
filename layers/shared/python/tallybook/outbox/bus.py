"""The firm's event bus: what happened, for whoever wants to know. Its schema: docs/events.md."""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from itertools import batched
from typing import Any

import botocore.session
from botocore.config import Config

from tallybook.errors import Unavailable

_BUS = os.environ["EVENT_BUS_NAME"]
_MOST_ENTRIES = 10  # of a PutEvents

client: Any = botocore.session.get_session().create_client(
    "events",
    config=Config(
        connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
    ),
)


def event(name: str, detail: dict[str, Any], at: datetime) -> dict[str, Any]:
    """An entry of the bus. `detail["id"]` is the same when the event is published again."""
    return {
        "EventBusName": _BUS,
        "Source": "tallybook",
        "DetailType": name,
        "Detail": json.dumps(detail),
        "Time": at,
    }


def publish(events: Iterable[dict[str, Any]]) -> None:
    """Put the events on the bus. Raises `Unavailable` when it takes not all of them."""
    for batch in batched(events, _MOST_ENTRIES, strict=False):
        answer = client.put_events(Entries=list(batch))
        if answer.get("FailedEntryCount"):
            raise Unavailable(f"The bus refused {answer['FailedEntryCount']} events.")
