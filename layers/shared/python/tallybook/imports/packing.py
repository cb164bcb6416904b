"""Writing many small transactions as few large ones.

A transaction costs a request, and takes a hundred actions: what belongs to several rows is sent
together. When one row is in the way of the others, each is written on its own.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tallybook.clients.imported import AlreadyThere
from tallybook.dynamodb import pause
from tallybook.errors import Busy, TallybookError, Unavailable
from tallybook.transactions import MOST_ACTIONS, Transaction
from tallybook.versions import VersionChanged

_ROUNDS_WITHOUT_GAIN = 10
AT_ONCE = 4  # requests of one worker; the queue's concurrency times this meets the table


@dataclass(frozen=True)
class Work:
    """One row's writes, and the client that they are about."""

    line: int
    transaction: Transaction
    client_id: str


type Judge = Callable[[Work, Exception], bool]
"""Whether the work proves to be done, though its transaction failed."""


def write(works: Iterable[Work], is_done: Judge) -> tuple[list[Work], list[Work]]:
    """Write all; returns those that are done, and those that lost a race and may be tried again.

    What is first is sent while the rest is still being made.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = pool.map(lambda pack: _write(pack, is_done), _packs(works))
        done, lost = [], []
        for written, missed in results:
            done += written
            lost += missed
    return done, lost


def until_done[Row](act: Callable[[Sequence[Row], bool], list[Row]], rows: Sequence[Row]) -> None:
    """Repeat `act` with the rows that it returns, and whether the last round got nowhere.

    Raises `Busy` when that goes on and on.
    """
    idle = 0
    while rows:
        lost = act(rows, idle > 0)
        idle = idle + 1 if len(lost) == len(rows) else 0
        if idle == _ROUNDS_WITHOUT_GAIN:
            raise Busy
        if idle:
            pause(idle)
        rows = lost


def _packs(works: Iterable[Work]) -> Iterator[list[Work]]:
    pack: list[Work] = []
    size = 0
    keys: set[tuple[str, str]] = set()
    for work in works:
        own = work.transaction.keys
        if pack and (size + len(work.transaction) > MOST_ACTIONS or keys & own):
            yield pack
            pack, size, keys = [], 0, set()
        pack.append(work)
        keys |= own
        size += len(work.transaction)
    if pack:
        yield pack


def _write(pack: list[Work], is_done: Judge) -> tuple[list[Work], list[Work]]:
    together = Transaction()
    for work in pack:
        together.extend(work.transaction)
    try:
        together.commit()
    except (Busy, Unavailable):  # asking for each by itself would make it worse
        return [], pack
    except (TallybookError, AlreadyThere, VersionChanged) as error:
        if len(pack) > 1:
            return _write_singly(pack, is_done)
        return (pack, []) if is_done(pack[0], error) else ([], pack)
    return pack, []


def _write_singly(pack: list[Work], is_done: Judge) -> tuple[list[Work], list[Work]]:
    results = [_write([work], is_done) for work in pack]
    return [w for done, _ in results for w in done], [w for _, lost in results for w in lost]
