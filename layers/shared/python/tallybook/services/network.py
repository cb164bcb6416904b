"""Posting to an address that somebody entered: once, to the public internet, with an end."""

import re
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tallybook.outside import Pinned, public

SECONDS = 10.0  # for all of it, the looking up of the host too
_MOST_ANSWER = 1024  # bytes of a refusal that are noted
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. Without a status nothing did, and `error` says why."""

    status: int | None
    error: str | None
    text: str | None = None  # how a refusal begins
    milliseconds: int


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Post to a https:// address; a redirect is an answer and not followed. Raises nothing.

    Of a success nothing is read but that it is one.
    """
    begun = monotonic()
    deadline = begun + SECONDS
    said: dict[str, Any]
    try:
        said = _posted(url, body, headers, deadline)
    except (OSError, HTTPException, ValueError) as error:
        said = {"status": None, "error": _why(error, deadline)}
    return Answer(milliseconds=round((monotonic() - begun) * 1000), **said)


def _posted(url: str, body: bytes, headers: dict[str, str], deadline: float) -> dict[str, Any]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    connection = Pinned(host, port, public(host, port, deadline), deadline)
    with closing(connection):
        connection.request("POST", target(parts), body, headers)
        answer = connection.getresponse()
        if monotonic() >= deadline:  # to http.client, headers that are cut off are headers
            raise TimeoutError
        if answer.status // 100 == 2:
            return {"status": answer.status, "error": None}
        error = f"The answer was {answer.status}."
        if answer.status // 100 == 3:
            error += " Redirects are not followed."
        return {"status": answer.status, "error": error, "text": _beginning(answer)}


def target(parts: SplitResult) -> str:
    """What is asked for at the host, as it was entered: two slashes are no mistake of ours."""
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _beginning(answer: HTTPResponse) -> str | None:
    try:
        content = answer.read1(_MOST_ANSWER)
    except (OSError, HTTPException, ValueError):
        return None
    return _UNSEEN.sub(" ", content.decode(errors="replace")).strip() or None


def _why(error: Exception, deadline: float) -> str:
    if monotonic() >= deadline or isinstance(error, TimeoutError):
        return f"There was no answer within {SECONDS:g} seconds."
    return f"{type(error).__name__}: {error}"[:300]
