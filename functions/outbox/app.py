"""Takes what a change in the table causes elsewhere to the queue of that work.

Fed by the table's stream, so nothing is lost between a change and its effect (DESIGN.md, section
1). A record that is sent twice does no harm: whoever does the work claims it.
"""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from tallybook import batches
from tallybook.imports import dispatch


def _send(record: DynamoDBRecord) -> dict[str, object]:
    new = (record.dynamodb and record.dynamodb.new_image) or {}
    return {"chunks": dispatch.send(new["pk"].removeprefix("IMPORT#"), int(new["job"]))}


handler = batches.of_stream(_send)
