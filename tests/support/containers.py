"""Several containers that serve requests at once, all on one table.

They are processes, because a container serves one request at a time: a router keeps the request
that it works on in a global.
"""

import io
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from http import HTTPStatus
from multiprocessing import get_context
from typing import Any

from tests.support.api import Answer, Staff


@dataclass(frozen=True)
class Request:
    function: str
    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    staff: Staff = field(default_factory=Staff)


class Containers:
    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def at_once(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers to requests that are sent together."""
        return list(self._pool.map(_serve, requests))


@contextmanager
def running(count: int, url: str) -> Iterator[Containers]:
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_start, initargs=(url,)
    ) as pool:
        yield Containers(pool)


_for_good = ExitStack()  # until the process ends


def _start(url: str) -> None:
    from tests.support import local_table

    _for_good.enter_context(local_table.pointed_at(url))


def _serve(request: Request) -> Answer:
    log = io.StringIO()
    with redirect_stdout(log):
        answer = request.staff.call(
            request.function, request.method, request.path, request.body, headers=request.headers
        )
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        sys.stderr.write(log.getvalue())  # a test can't say why otherwise
    return answer
