"""Claims: who sends something takes it first, so that it leaves once at most.

What is sent is an item with `row.status`. A worker claims it by a conditional write: queued becomes
sending, with a lease. A worker that dies leaves its claim behind. While it was only "preparing",
nothing can have left, so the next one claims anew; once it was "sending", nobody knows whether the
other side took it, so it is never sent again: it is unknown, until the other side tells.
"""

from datetime import datetime, timedelta
from typing import Literal, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from tallybook.dates import timestamp
from tallybook.ids import new_id
from tallybook.table import Item, Record, decode, encode
from tallybook.transactions import Transaction

type Stage = Literal["preparing", "sending"]

LEASE = timedelta(minutes=5)  # longer than any function that sends may run
_STATUS, _UNTIL = Path(["row", "status"]), Path(["row", "sending_until"])
_HELD_AT = Path(["row", "held_at"])
_ID, _STAGE, _CLAIM = Path(["claim", "id"]), Path(["claim", "stage"]), Path(["claim"])


class Lost(Exception):
    """The claim is somebody else's, or the item is gone or no longer to be sent."""


class InHand(Exception):
    """Another worker is at it; whether it succeeds will be known later."""


def is_due(row: dict[str, object], claim: dict[str, object] | None, at: datetime) -> bool:
    """Whether an item is to be sent now. Raises `InHand` while another worker may be sending it."""
    if row["status"] == "queued":
        return True
    if row["status"] != "sending":
        return False
    if not is_over(row, at):
        raise InHand
    return claim is not None and claim["stage"] == "preparing"


def is_over(row: dict[str, object], at: datetime) -> bool:
    """Whether the lease of the worker that was sending it has run out."""
    until = row.get("sending_until")
    return row["status"] == "sending" and isinstance(until, str) and until < timestamp(at)


def take(
    record: Record, stage: Stage, *, at: datetime, also: Transaction | None = None, **row: object
) -> str:
    """Claim the item; returns the claim's id. `row` are members of its row to set as well.

    `also` are writes that go with it; that of an item that was held ends its being held. One that
    was not held when it was read must not be now, or its mark would stay behind. Raises `Lost`, and
    `InHand` when somebody was quicker and it may yet be to be sent: look again later.
    """
    claim_id = new_id(at)
    actions = [
        _STATUS.set("sending"),
        _UNTIL.set(timestamp(at + LEASE)),
        _HELD_AT.remove(),
        _CLAIM.set({"M": {"id": {"S": claim_id}, "stage": {"S": stage}}}),
        *_set(row),
    ]
    was_held = "held_at" in getattr(record, "row", {})
    is_as_read = _is_free(at) if was_held else _is_free(at) & _HELD_AT.does_not_exist()
    transaction = also or Transaction()
    transaction.update(record, [*actions, _counted()], is_as_read, _taken)
    transaction.commit()
    return claim_id


def hold(transaction: Transaction, record: Record, *, at: datetime) -> None:
    """Add to `transaction` that the item is put aside: queued, and held since `at`.

    Its commit raises `InHand` when somebody has taken the item.
    """
    held_at = encode(timestamp(at))
    actions = [_STATUS.set("queued"), _HELD_AT.set(held_at), _UNTIL.remove(), _CLAIM.remove()]
    transaction.update(record, [*actions, _counted()], _is_free(at), lambda _: InHand())


def withdraw(transaction: Transaction, record: Record, *, at: datetime, failure: str) -> None:
    """Add to `transaction` that the item is not sent at all, and why. Raises as `hold`'s does."""
    known = _set({"failure": failure})
    actions = [_STATUS.set("failed"), *known, _HELD_AT.remove(), _UNTIL.remove(), _CLAIM.remove()]
    transaction.update(record, [*actions, _counted()], _is_free(at), lambda _: InHand())


def _is_free(at: datetime) -> Condition:
    """Nobody has it: it is queued, or whoever had it died before it could have left."""
    is_over = (_STAGE == "preparing") & (timestamp(at) > _UNTIL)
    is_free: Condition = (_STATUS == "queued") | ((_STATUS == "sending") & is_over)
    return is_free


def advance(
    record: Record, claim_id: str, *, at: datetime, also: Transaction | None = None
) -> None:
    """From now on it may have left. `also` goes with it. Raises `Lost`."""
    actions = [_STAGE.set("sending"), _UNTIL.set(timestamp(at + LEASE)), _counted()]
    _change(record, claim_id, actions, also)


def release(record: Record, claim_id: str) -> None:
    """Put it back: it has certainly not left."""
    actions = [_STATUS.set("queued"), _UNTIL.remove(), _CLAIM.remove(), _counted()]
    _change(record, claim_id, actions)


def conclude(
    record: Record,
    claim_id: str,
    status: str,
    also: Transaction | None = None,
    /,
    **row: object,
) -> None:
    """Say what came of it, with members of its row. Raises `Lost` when that is known already."""
    actions = [_STATUS.set(status), _UNTIL.remove(), _CLAIM.remove(), *_set(row), _counted()]
    _change(record, claim_id, actions, also)


def give_up(record: Record, *, at: datetime, also: Transaction | None = None) -> None:
    """Nobody will ever know from us what came of it. Raises `Lost` when it is known."""
    transaction = also or Transaction()
    is_over = (_STATUS == "sending") & (timestamp(at) > _UNTIL)
    actions = [_STATUS.set("unknown"), _UNTIL.remove(), _CLAIM.remove(), _counted()]
    transaction.update(record, actions, is_over, _lost)
    transaction.commit()


def _change(
    record: Record, claim_id: str, actions: list[Action], also: Transaction | None = None
) -> None:
    transaction = also or Transaction()
    mine = (_STATUS == "sending") & (claim_id == _ID)
    transaction.update(record, actions, mine, _lost)
    transaction.commit()


def _set(row: dict[str, object]) -> list[Action]:
    return [Path(["row", name]).set(encode(value)) for name, value in row.items()]


def _counted() -> Action:
    return cast("Action", Path("version").add(1))


def _taken(item: Item) -> Exception:
    lost = _lost(item)
    return InHand() if str(lost) in ("queued", "sending") else lost


def _lost(item: Item) -> Lost:
    row = decode(item["row"]) if "row" in item else {}
    return Lost(row.get("status", "gone"))
