"""The way to the telephone network: SNS. Whether it took an SMS is told apart from not knowing.

A call that was sent and not answered may have been accepted, and SNS knows no idempotency token for
SMS. So botocore tries nothing again by itself; who sends decides.
"""

from http import HTTPStatus
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

client: Any = botocore.session.get_session().create_client(
    "sns",
    config=Config(
        connect_timeout=2,
        read_timeout=8,
        retries={"mode": "standard", "total_max_attempts": 1},
        parameter_validation=False,
    ),
)

# How the codes begin by which SNS says that it will never take this text for this number. Whatever
# else it refuses is for us to mend: rights, credentials, the sandbox, the spending limit.
_OF_THE_SMS = ("InvalidParameter", "ParameterValueInvalid", "OptedOut", "Validation")
# Not advertising: the network delivers it before that.
_ATTRIBUTES = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}


class NotNow(Exception):
    """SNS took nothing, for a reason that passes or that we can mend: it has certainly not left."""


class Refused(Exception):
    """SNS will not take this SMS. The text says why."""


class Unclear(Exception):
    """Nobody knows whether SNS took the SMS."""


def send(to: str, text: str) -> str:
    """Give the SMS to SNS; returns its message id. Raises `NotNow`, `Refused` and `Unclear`."""
    try:
        answer = client.publish(PhoneNumber=to, Message=text, MessageAttributes=_ATTRIBUTES)
    except ClientError as error:
        raise _judged(error) from error
    except (ConnectTimeoutError, EndpointConnectionError) as error:  # it was never asked
        raise NotNow(str(error)) from error
    except BotoCoreError as error:
        raise Unclear(str(error)) from error
    message_id: str = answer["MessageId"]
    return message_id


def _judged(error: ClientError) -> Exception:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    said = f"{code}: {message}"
    if code.startswith(_OF_THE_SMS):
        return Refused(said)
    is_slowing_down = status == HTTPStatus.SERVICE_UNAVAILABLE or code.startswith("Throttl")
    if is_slowing_down or status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotNow(said)
    return Unclear(said)
