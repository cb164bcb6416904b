"""The outside systems that webhooks are sent to, without a network: what each answers, and got."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPResponse
from io import BytesIO
from typing import Any
from unittest import mock

import standardwebhooks.webhooks
from standardwebhooks.webhooks import Webhook

from tallybook import outside
from tallybook.services import network

HOST, PUBLIC = "hooks.example", "93.184.215.14"
URL = f"https://{HOST}/tallybook"

type Reply = int | bytes | Exception


@dataclass(frozen=True)
class Got:
    """A request that an outside system got."""

    host: str
    address: str
    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str, at: datetime | None = None) -> Any:
        """What it says, if it is signed with the secret: as the published library sees it then."""
        return verified(self.headers, self.body.decode(), secret, at)


def verified(
    headers: dict[str, str], body: str, secret: str, at: datetime | None = None
) -> dict[str, Any]:
    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return at.astimezone(tz) if at else datetime.now(tz)

    with mock.patch.object(standardwebhooks.webhooks, "datetime", Then):
        said: dict[str, Any] = Webhook(secret).verify(body, headers)
    return said


@dataclass
class Hooks:
    """`reply` is what comes back: a status, all that is answered, or what goes wrong."""

    reply: Reply | Callable[[Got], Reply] = 204
    got: list[Got] = field(default_factory=list)
    hosts: dict[str, list[str]] = field(default_factory=lambda: {HOST: [PUBLIC]})

    def ids(self) -> list[str]:
        return [each.message_id for each in self.got]

    def _looked_up(self, host: str, port: int, **_: Any) -> list[Any]:
        if host not in self.hosts:
            raise OSError("Name or service not known")
        return [(0, 0, 0, "", (address, port)) for address in self.hosts[host]]

    def _connected(self, host: str, _port: int, address: str, _deadline: float) -> Any:
        return _Connection(self, host, address)

    def answer(self, got: Got) -> bytes:
        self.got.append(got)
        reply = self.reply(got) if callable(self.reply) else self.reply
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, int):
            return f"HTTP/1.1 {reply} Said\r\nContent-Length: 0\r\n\r\n".encode()
        return reply


@dataclass
class _Connection:
    hooks: Hooks
    host: str
    address: str
    answered: bytes = b""

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        got = Got(self.host, self.address, method, path, body, headers)
        self.answered = self.hooks.answer(got)

    def getresponse(self) -> HTTPResponse:
        answer = HTTPResponse(self)  # type: ignore[arg-type]
        answer.begin()
        return answer

    def makefile(self, *_: Any) -> BytesIO:
        return BytesIO(self.answered)

    def close(self) -> None:
        pass


@contextmanager
def played() -> Iterator[Hooks]:
    """Inside, webhooks go to `Hooks`."""
    hooks = Hooks()
    with (
        mock.patch.object(outside, "getaddrinfo", hooks._looked_up),
        mock.patch.object(network, "Pinned", hooks._connected),
    ):
        yield hooks
