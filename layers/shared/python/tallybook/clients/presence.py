"""Reading what belongs to a client, and beside it the client itself: is it there?"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from tallybook.clients.records import ClientRecord
from tallybook.errors import ClientNotFound
from tallybook.ids import is_ulid
from tallybook.table import find


def of_client[T](client_id: str, read: Callable[[], T]) -> T:
    """What `read` finds. The read of the client goes on at the same time, and costs one unit.

    Raises `ClientNotFound`, also while the client is being removed.
    """
    if not is_ulid(client_id):
        raise ClientNotFound
    asked = _reader().submit(find, ClientRecord, f"CLIENT#{client_id}", "CLIENT")
    try:
        found = read()
    finally:  # no read may go on when the container is frozen
        wait([asked])
    client = asked.result()
    if client is None or client.removed_at:
        raise ClientNotFound
    return found


@cache
def _reader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1)
