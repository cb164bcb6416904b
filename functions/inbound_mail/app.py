"""Takes in mail that SES put into the bucket of mail.

S3 tells of each mail at least once, and asynchronously: what fails is tried twice more.
"""

import tallybook.startup  # isort: skip - first, or it saves nothing

from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import S3Event
from aws_lambda_powertools.utilities.data_classes.s3_event import S3EventRecord

from tallybook.dates import now
from tallybook.inbound import bucket, mime
from tallybook.inbound.messages import of_mail
from tallybook.inbound.taking import take_in

logger = Logger()
# SES puts this there when it is told of the bucket.
_NO_MAIL = "AMAZON_SES_SETUP_NOTIFICATION"


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001 - Lambda gives it
    for record in S3Event(event).records:
        _take_in(record)


def _take_in(record: S3EventRecord) -> None:
    item = record.s3.get_object
    key = unquote_plus(item.key)
    if not key.startswith(bucket.FOLDER) or key.endswith(_NO_MAIL):
        logger.info("no mail", extra={"key": key})
        return
    try:
        raw = bucket.get(key)
    except bucket.Gone:
        logger.warning("gone", extra={"key": key})
        return
    arrived = datetime.fromisoformat(record.event_time)
    message = of_mail(mime.read(raw), key=key, size=item.size or len(raw), at=arrived)
    logger.info("taken in", extra={"key": key, **take_in(message, now=now())})


tallybook.startup.is_over()
