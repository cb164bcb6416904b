"""Works on chunks of imports: their rows become clients, are rehearsed, or are undone again."""

import tallybook.startup  # isort: skip - first, or it saves nothing

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from tallybook.dates import now
from tallybook.imports import chunks, queue

logger = Logger()
# A chunk that others were in the way of is no error: its message comes back.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
_LONGEST_PAUSE = 300


def _work(record: SQSRecord) -> None:
    message = record.json_body
    with logger.append_context_keys(**message):
        try:
            finished = chunks.work(
                message["import_id"], message["job"], message["chunk"], now=now()
            )
        except Exception:
            logger.exception("not done")
            _hasten(record)
            raise
        logger.info("done", extra={"finished": finished is not None})


def _hasten(record: SQSRecord) -> None:
    """Else the message would stay away for as long as a working function may take."""
    attempt = int(record.attributes.approximate_receive_count or 1)
    try:
        queue.try_again_in(min(10 * 2**attempt, _LONGEST_PAUSE), record.receipt_handle)
    except Exception:
        logger.warning("not hastened", exc_info=True)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event, _work, processor, context)


tallybook.startup.is_over()
