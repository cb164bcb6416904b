"""Takes what a change in the table causes elsewhere to the queue of that work.

Fed by the table's stream, so nothing is lost between a change and its effect (DESIGN.md, section
1). A record that is sent twice does no harm: whoever does the work claims it.
"""

import tallybook.startup  # isort: skip - first, or it saves nothing

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from tallybook.imports import dispatch

logger = Logger()
processor = BatchProcessor(event_type=EventType.DynamoDBStreams)


def _send(record: DynamoDBRecord) -> None:
    new = (record.dynamodb and record.dynamodb.new_image) or {}
    import_id, job = new["pk"].removeprefix("IMPORT#"), int(new["job"])
    with logger.append_context_keys(import_id=import_id, job=job):
        try:
            sent = dispatch.send(import_id, job)
        except Exception:
            logger.exception("not sent")
            raise
        logger.info("sent", extra={"chunks": sent})


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event, _send, processor, context)


tallybook.startup.is_over()
