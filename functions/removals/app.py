"""Removes what deleted clients leave behind; fed by the table's stream.

Repeating a removal is harmless, so a batch that fails is simply delivered again.
"""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from tallybook import batches
from tallybook.clients.removal import remove


def _remove(record: DynamoDBRecord) -> dict[str, object]:
    keys = record.dynamodb.keys if record.dynamodb else {}
    return {"items": remove(keys["pk"].removeprefix("CLIENT#"))}


handler = batches.of_stream(_remove)
