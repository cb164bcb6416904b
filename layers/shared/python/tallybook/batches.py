"""Functions that work through a batch of a stream or a queue: what all of them do the same way.

`of_stream` and `of_queue` make the Lambda handler. What fails is logged and comes again; the rest
of the batch is done. `of_schedule` makes one that is called by the clock.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from tallybook import startup

type Json = dict[str, Any]
type Handler = Callable[[Json, Any], Any]
type Said = Mapping[str, object] | None
"""What a log line says of a piece of work that was done."""
type Outcome = Said | Exception

logger, metrics = Logger(), Metrics()
# Most batches count nothing.
warnings.filterwarnings("ignore", "No application metrics to publish")
_LONGEST_PAUSE = 300


def of_stream(work: Callable[[DynamoDBRecord], Said]) -> Handler:
    """A handler of the table's stream. `work` may be given a record twice."""

    def one(record: DynamoDBRecord) -> None:
        keys = record.dynamodb.keys if record.dynamodb else {}
        with logger.append_context_keys(pk=keys.get("pk"), sk=keys.get("sk")):
            _done(work, record)

    return _handler(one, BatchProcessor(event_type=EventType.DynamoDBStreams))


def of_queue(
    work: Callable[[Json], Said],
    *,
    try_again_in: Callable[[int, str], None],
    names: tuple[str, ...],
) -> Handler:
    """A handler of a queue. `work` gets the message, and may get it twice.

    `try_again_in` lets one that failed come back soon. `names` are the members that logs name.
    """

    def one(record: SQSRecord) -> None:
        message = _message(record)
        with logger.append_context_keys(**{name: message.get(name) for name in names}):
            try:
                _done(work, message)
            except Exception:
                hasten(record, try_again_in)
                raise

    # Work that others were in the way of is no error: its message comes back.
    return _handler(
        one, BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    )


def of_stream_together(work: Callable[[list[DynamoDBRecord]], Sequence[Outcome]]) -> Handler:
    """Like `of_stream`, for work that is cheaper to do for the whole batch.

    `work` gets all records and gives for each what to log, or why it failed.
    """

    def handler(event: Json) -> Json:
        records = [DynamoDBRecord(record) for record in event["Records"]]
        failed = []
        for record, outcome in zip(records, work(records), strict=True):
            changed = record.dynamodb
            keys = changed.keys if changed else {}
            if not _reported(outcome, {"pk": keys.get("pk"), "sk": keys.get("sk")}):
                failed.append({"itemIdentifier": changed and changed.sequence_number})
        return {"batchItemFailures": failed}

    return _together(handler)


def of_queue_together(
    work: Callable[[list[Json]], Sequence[Outcome]],
    *,
    try_again_in: Callable[[int, str], None],
    names: tuple[str, ...],
) -> Handler:
    """Like `of_queue`, for work that is cheaper to do for the whole batch.

    `work` gets all messages and gives for each what to log, or why it failed.
    """

    def handler(event: Json) -> Json:
        records = [SQSRecord(record) for record in event["Records"]]
        messages = [_message(record) for record in records]
        failed = []
        for record, message, outcome in zip(records, messages, work(messages), strict=True):
            if not _reported(outcome, {name: message.get(name) for name in names}):
                hasten(record, try_again_in)
                failed.append({"itemIdentifier": record.message_id})
        return {"batchItemFailures": failed}

    return _together(handler)


def of_schedule(work: Callable[[], Mapping[str, object]]) -> Handler:
    """A handler of a schedule; it answers what `work` says, and fails when `work` does."""

    def handler(event: Json) -> Json:  # noqa: ARG001 - only that it came
        said = work()
        logger.info("done", extra=dict(said))
        return dict(said)

    return _together(handler)


def _together(handle: Callable[[Json], Json]) -> Handler:
    @metrics.log_metrics(raise_on_empty_metrics=False)
    @logger.inject_lambda_context(clear_state=True)
    def handler(event: Json, context: Any) -> Json:  # noqa: ARG001 - Lambda passes it
        return handle(event)

    startup.is_over()
    return cast("Handler", handler)


def _reported(outcome: Outcome, named: Mapping[str, object]) -> bool:
    """Log what came of a piece of work; says whether it was done."""
    if isinstance(outcome, Exception):
        logger.error("not done", extra=dict(named), exc_info=outcome)
        return False
    logger.info("done", extra={**named, **(outcome or {})})
    return True


def _message(record: SQSRecord) -> Json:
    """What a message says. Services send notices in plain words at times: {"notice": words}."""
    try:
        content = record.json_body
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {"notice": record.body}


def hasten(record: SQSRecord, try_again_in: Callable[[int, str], None]) -> None:
    """Else the message would stay away for as long as a working function may take."""
    attempt = int(record.attributes.approximate_receive_count or 1)
    try:
        try_again_in(min(10 * 2**attempt, _LONGEST_PAUSE), record.receipt_handle)
    except Exception:
        logger.warning("not hastened", exc_info=True)


def _done[T](work: Callable[[T], Said], given: T) -> None:
    try:
        said = work(given)
    except Exception:
        logger.exception("not done")
        raise
    logger.info("done", extra=dict(said or {}))


def _handler(one: Callable[[Any], None], processor: BatchProcessor) -> Handler:
    @metrics.log_metrics(raise_on_empty_metrics=False)
    @logger.inject_lambda_context(clear_state=True)
    def handler(event: Json, context: Any) -> Any:
        return process_partial_response(event, one, processor, context)

    startup.is_over()
    return cast("Handler", handler)
