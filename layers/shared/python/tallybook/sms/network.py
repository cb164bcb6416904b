"""The way to the telephone network: SNS. Whether it took an SMS is told apart from not knowing.

A call that was sent and not answered may have been accepted, and SNS knows no idempotency token for
SMS. So botocore tries nothing again by itself; who sends decides.
"""

from http import HTTPStatus
from typing import Any

import botocore.session
from botocore.config import Config

from tallybook.handover import NotNow, Refused, Unclear, hand_over

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


def send(to: str, text: str) -> str:
    """Give the SMS to SNS; returns its message id. Raises `NotNow`, `Refused` and `Unclear`."""
    request = {"PhoneNumber": to, "Message": text, "MessageAttributes": _ATTRIBUTES}
    return hand_over(client.publish, _judged, **request)


def _judged(code: str, message: str, status: int) -> Exception:
    said = f"{code}: {message}"
    if code.startswith(_OF_THE_SMS):
        return Refused(said)
    is_slowing_down = status == HTTPStatus.SERVICE_UNAVAILABLE or code.startswith("Throttl")
    if is_slowing_down or status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotNow(said)
    return Unclear(said)
