"""Whether a client is there, and active: alone, beside what belongs to it, and as it is written."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache

from pynamodb.expressions.condition import Condition

from tallybook.clients.records import ClientRecord, is_there
from tallybook.errors import ClientNotFound, ClientSuspended
from tallybook.ids import is_ulid
from tallybook.table import Item, find, find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import version_changed


def current(client_id: str) -> ClientRecord:
    """The client's record, read consistently. Raises `ClientNotFound`, also while it is removed."""
    record = find(ClientRecord, *_key(client_id)) if is_ulid(client_id) else None
    return _there(record)


def current_with(client_id: str, *sort_keys: str) -> tuple[ClientRecord, dict[str, Item]]:
    """The client, and those of these items of its that are there. One BatchGetItem.

    Raises `ClientNotFound`.
    """
    if not is_ulid(client_id):
        raise ClientNotFound
    pk, sk = _key(client_id)
    keys = [(pk, sk), *((pk, each) for each in sort_keys)]
    items = {item["sk"]["S"]: item for item in find_all(keys, consistent=True)}
    own = items.pop(sk, None)
    return _there(read(ClientRecord, own) if own else None), items


def stays(transaction: Transaction, client_id: str) -> None:
    """Make `transaction` fail when the client is deleted by then."""
    transaction.check(ClientRecord(*_key(client_id)), is_there(), lambda _: ClientNotFound())


def must_be_active(client: ClientRecord) -> None:
    """Raises `ClientSuspended`."""
    if client.suspended is not None:
        raise ClientSuspended


def stays_active(transaction: Transaction, client_id: str) -> None:
    """Make `transaction` fail when the client is suspended or deleted by then."""
    transaction.check(ClientRecord(*_key(client_id)), is_active(), why_not)


def is_active() -> Condition:
    """The condition that the client is there and not suspended; `why_not` says what else it is."""
    condition: Condition = is_there() & ClientRecord.suspended.does_not_exist()
    return condition


def why_not(item: Item) -> Exception:
    return ClientSuspended() if item and "removed_at" not in item else ClientNotFound()


def stays_suspended(transaction: Transaction, client_id: str) -> None:
    """Make `transaction` fail with `VersionChanged` when the client is active by then, or gone."""
    is_suspended = is_there() & ClientRecord.suspended.exists()
    transaction.check(ClientRecord(*_key(client_id)), is_suspended, version_changed)


def of_client[T](client_id: str, look: Callable[[], T]) -> T:
    """What `look` finds. The read of the client goes on at the same time, and costs one unit.

    Raises `ClientNotFound`, also while the client is being removed.
    """
    if not is_ulid(client_id):
        raise ClientNotFound
    asked = _reader().submit(lambda: find(ClientRecord, *_key(client_id)))
    try:
        found = look()
    finally:  # no read may go on when the container is frozen
        wait([asked])
    _there(asked.result())
    return found


def _key(client_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", "CLIENT"


def _there(client: ClientRecord | None) -> ClientRecord:
    if client is None or client.removed_at:
        raise ClientNotFound
    return client


@cache
def _reader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1)
