"""The one DynamoDB client of a function, made while the function initialises, and its calls.

Short time-outs, because an API caller waits; adaptive retries, because a throttled table needs
fewer calls, not more. Requests and answers are what DynamoDB takes and sends ({"S": "text"}):
botocore would walk every value through its service model, which is most of the cost of reading a
page of items (PERFORMANCE.md) and changes nothing for a table without binary attributes.
"""

import random
import time
from typing import Any, cast

import botocore
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection
from botocore.model import Shape
from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory
from botocore.serialize import JSONSerializer

from tallybook.errors import Busy, NoAnswer, Unavailable


class _AsSent(JSONParser):
    def _handle_json_body(self, raw_body: bytes, shape: Shape) -> Any:  # noqa: ARG002
        return self._parse_body_as_json(raw_body)  # type: ignore[attr-defined]


class _AsGiven(JSONSerializer):
    def _serialize(self, serialized: dict[str, Any], value: Any, *_: Any) -> None:
        serialized.update(value)  # the whole request, in its form already


class _Parsers(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> ResponseParser:  # noqa: ARG002
        return cast("ResponseParser", _AsSent())


def _new_client() -> Any:
    session = botocore.session.get_session()
    session.register_component("response_parser_factory", _Parsers())
    client: Any = session.create_client(
        "dynamodb",
        config=Config(
            connect_timeout=1,
            read_timeout=3,  # three attempts end before the function's 15 seconds do
            retries={"mode": "adaptive", "total_max_attempts": 3},
            max_pool_connections=16,
            parameter_validation=False,
            tcp_keepalive=True,
            # Else each call puts this together twice, a seventh of its cost.
            user_agent=f"Botocore/{botocore.__version__}",
        ),
    )
    client._serializer = _AsGiven()
    # Else each call collects the names of its tables, to find the endpoint of their account: a
    # tenth of the cost of a transaction, and there is one table.
    for operation in client.meta.service_model._service_description["operations"].values():
        operation.pop("operationContextParams", None)
    return client


client = _new_client()

LOST = (NoConnection, HTTPClientError)  # no answer, after the client's own attempts
ATTEMPTS = 6  # of a write that meets others' writes
_CONTENTION = {
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_THROTTLING = {
    "ProvisionedThroughputExceeded",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",
    "ThrottlingException",
}


def call(operation: str, **request: Any) -> dict[str, Any]:
    """One call, repeated while others' transactions hold the item.

    Raises `Unavailable` when the table throttles, `NoAnswer` when it says nothing in time, and
    `Busy` when the item is never free.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            answer: dict[str, Any] = getattr(client, operation)(**request)
        except ClientError as error:
            if not is_contention(error):
                raise translated(error) from error
        except LOST as error:
            raise NoAnswer from error
        else:
            return answer
        pause(attempt)
    raise Busy


def is_contention(error: ClientError) -> bool:
    """Whether the call failed only because others were changing the same items."""
    return bool(_codes(error) & _CONTENTION)


def translated(error: ClientError) -> Exception:
    """`Unavailable` for throttling; anything else is a fault of ours and stays as it is."""
    return Unavailable() if _codes(error) & _THROTTLING else error


def pause(attempt: int) -> None:
    """Wait before the next attempt: longer each time, with full jitter, so that rivals spread."""
    time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))  # noqa: S311


def _codes(error: ClientError) -> set[str]:
    answer: dict[str, Any] = dict(error.response)
    reasons = answer.get("CancellationReasons", [])
    return {answer["Error"]["Code"], *(reason.get("Code", "") for reason in reasons)}
