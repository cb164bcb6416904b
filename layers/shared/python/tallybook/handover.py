"""Giving something to a service that cannot be asked whether it took it, and knows no repetition.

What can come of it is of three kinds: it has certainly not left, it never will, or nobody knows.
The clients of such services repeat nothing by themselves; whoever sends decides.
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)


class NotNow(Exception):
    """The service refused the call for now: it has certainly not left."""

    def __init__(self, reason: str, *, slower: bool = False) -> None:
        super().__init__(reason)
        self.slower = slower  # only too fast: a moment later it may be taken


class Refused(Exception):
    """The service will not take this. The text says why."""


class Unclear(Exception):
    """Nobody knows whether the service took it."""


def hand_over(
    call: Callable[..., Any], judge: Callable[[str, str, int], Exception], **request: Any
) -> str:
    """The id that the service gave it. Raises `NotNow`, `Refused` and `Unclear`.

    `judge` says which of them an answer of the service is, from its code, message and HTTP status.
    """
    try:
        answer = call(**request)
    except ClientError as error:
        said = error.response["Error"]
        status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
        raise judge(said["Code"], said.get("Message", ""), status) from error
    except (ConnectTimeoutError, EndpointConnectionError) as error:  # it was never asked
        raise NotNow(str(error)) from error
    except BotoCoreError as error:
        raise Unclear(str(error)) from error
    message_id: str = answer["MessageId"]
    return message_id
