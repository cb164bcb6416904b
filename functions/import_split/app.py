"""Reads files that arrive in the bucket of imports: finds how they are built and cuts them up.

S3 tells of each file at least once, and asynchronously: what fails is tried twice more.
"""

import tallybook.startup  # isort: skip - first, or it saves nothing

import time
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.data_classes.s3_event import S3EventRecord

from tallybook.dates import now
from tallybook.imports import reading
from tallybook.imports.cutting import Arrival

logger = Logger()
_TO_FINISH = 10  # seconds that are left to say so when the time runs out


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> None:
    until = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - _TO_FINISH
    for record in S3Event(event).records:
        _take_in(record, until)


def _take_in(record: S3EventRecord, until: float) -> None:
    item = record.s3.get_object
    arrival = Arrival(
        key=unquote_plus(item.key),
        version=item.version_id,
        size=item.size or 0,
        sequencer=item.sequencer,
        at=datetime.fromisoformat(record.event_time),
        until=until,
    )
    taken = reading.take_in(arrival, now=now())
    if taken is None:
        logger.info("nothing to do")
    else:
        row = taken.row
        logger.info("read", extra={"import": taken.pk, "status": row["status"]})


tallybook.startup.is_over()
