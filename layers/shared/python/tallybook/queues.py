"""Queues of work: one SQS client, and how messages go in and come back."""

import json
from collections.abc import Iterable
from itertools import batched
from typing import Any

import botocore.session
from botocore.config import Config

from tallybook.errors import Unavailable

LONGEST_DELAY = 900  # seconds: SQS delays no longer
_MOST_MESSAGES = 10  # of a SendMessageBatch

client: Any = botocore.session.get_session().create_client(
    "sqs",
    config=Config(
        connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4}
    ),
)


def send(url: str, messages: Iterable[dict[str, Any]], *, delay: int = 0) -> int:
    """Send the messages; returns how many. Raises `Unavailable` when the queue takes not all.

    They come after `delay` seconds, `LONGEST_DELAY` at most. Sending some of them again is
    harmless: whoever does the work claims it.
    """
    sent = 0
    later = {"DelaySeconds": delay} if delay else {}
    for batch in batched(messages, _MOST_MESSAGES, strict=False):
        entries = [
            {"Id": str(place), "MessageBody": json.dumps(message)} | later
            for place, message in enumerate(batch)
        ]
        answer = client.send_message_batch(QueueUrl=url, Entries=entries)
        if answer.get("Failed"):
            raise Unavailable(f"The queue refused {len(answer['Failed'])} messages.")
        sent += len(entries)
    return sent


def try_again_in(url: str, seconds: int, receipt: str) -> None:
    """Let a message that failed come back sooner than its visibility time-out says."""
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=receipt, VisibilityTimeout=seconds)
