"""An estimate with what decides about it, read at once: its client and the firm's settings."""

from datetime import datetime

from tallybook.errors import EstimateNotFound
from tallybook.estimates.records import EstimateRecord
from tallybook.ids import is_ulid
from tallybook.ledger.books import Books, look_up
from tallybook.table import read


def with_estimate(
    client_id: str, estimate_id: str, *, at: datetime
) -> tuple[Books, EstimateRecord]:
    """The client, the settings and one estimate. One BatchGetItem.

    Raises `ClientNotFound` and `EstimateNotFound`.
    """
    sk = f"ESTIMATE#{estimate_id}"
    found = look_up(client_id, *((sk,) if is_ulid(estimate_id) else ()), at=at)
    item = found.own.get(sk)
    if item is None:
        raise EstimateNotFound
    return found, read(EstimateRecord, item)
