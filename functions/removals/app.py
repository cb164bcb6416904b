"""Removes what deleted clients leave behind; fed by the table's stream.

Repeating a removal is harmless, so a batch that fails is simply delivered again.
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

from tallybook.clients.removal import remove

logger = Logger()
processor = BatchProcessor(event_type=EventType.DynamoDBStreams)


def _remove(record: DynamoDBRecord) -> None:
    keys = record.dynamodb.keys if record.dynamodb else {}
    client_id = keys["pk"].removeprefix("CLIENT#")
    with logger.append_context_keys(client_id=client_id):
        try:
            removed = remove(client_id)
        except Exception:
            logger.exception("not removed")
            raise
        logger.info("removed", extra={"items": removed})


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event, _remove, processor, context)


tallybook.startup.is_over()
