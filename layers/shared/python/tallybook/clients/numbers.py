"""Client numbers: the sequence that they are taken from, as this container last saw it.

A number is taken in the transaction that creates the client, on the condition that the sequence
still stands where it was seen: no read is needed, and a lost race shows where it stands by then.
"""

from pynamodb.expressions.condition import Condition

from tallybook.clients.index import guard_key, owner_of
from tallybook.clients.rules import number_text, sequence_of
from tallybook.dynamodb import call
from tallybook.sequences import SequenceRecord
from tallybook.settings.store import remembered
from tallybook.table import MOST_KEYS, TABLE_NAME, Item, absent, find, find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, until_unchanged, version_changed

_KEY = ("SEQUENCE#client", "SEQUENCE")
_seen: int | None = None


def following() -> int:
    """The next number of the sequence, as this container last saw it."""
    if _seen is None:
        record = find(SequenceRecord, *_KEY)
        remember(int(record.next) if record else 1)
    return _seen or 1


def remember(next_number: int) -> None:
    global _seen  # noqa: PLW0603 - a memory per container is the purpose
    _seen = next_number


def draw(*, skip: int, alone: bool) -> int:
    """The number to try, with `skip` left out; `alone` reserves it, whatever others do."""
    return _reserve(skip + 1) if alone else following() + skip


def take(transaction: Transaction, number: int | None) -> int:
    """Make `transaction` move the sequence behind `number`, if it lies ahead.

    Returns where the sequence stands after the commit, for `remember`.
    """
    seen = following()
    if number is None or number < seen:
        return seen
    transaction.update(
        SequenceRecord(*_KEY),
        [SequenceRecord.next.set(number + 1)],
        _stands_at(seen),
        _learn,
    )
    return number + 1


def take_by_hand(transaction: Transaction, number: str) -> int:
    """`take` for a number that was entered, if it looks like one of the sequence's."""
    return take(transaction, sequence_of(remembered().numbering.client, number))


def pass_by(number: int) -> None:
    """Move the sequence behind `number`, if it lies ahead: a list brought it along."""

    def attempt() -> None:
        transaction = Transaction()
        stands_at = take(transaction, number)
        transaction.commit()
        remember(stands_at)

    until_unchanged(attempt)


def free(pattern: str, count: int) -> list[int]:
    """The next `count` numbers that nobody was given by hand, as seen now.

    One BatchGetItem for every hundred; `take` the last of them in the transaction that keeps them.
    """
    found: list[int] = []
    start = following()
    while len(found) < count:
        block = {
            guard_key("number", number_text(pattern, number)): number
            for number in range(start, start + MOST_KEYS)
        }
        taken = {block[item["pk"]["S"], item["sk"]["S"]] for item in find_all(list(block))}
        found += [number for number in block.values() if number not in taken]
        start += MOST_KEYS
    return found[:count]


def gap(pattern: str) -> int:
    """How many numbers to skip after the next one proved to be given by hand.

    Numbers given by hand usually follow each other (a list that was brought along), so the first
    free one is found by doubling and bisection: some twenty reads for ten thousand.
    """

    def is_taken(skip: int) -> bool:
        return owner_of("number", number_text(pattern, following() + skip)) is not None

    taken, free = 0, 1
    while is_taken(free):
        taken, free = free, free * 2
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (middle, free) if is_taken(middle) else (taken, middle)
    return free


def _reserve(count: int) -> int:
    """The last of the next `count` numbers, in one write. They are lost if they are not used."""
    pk, sk = _KEY
    answer = call(
        "update_item",
        TableName=TABLE_NAME,
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET #next = if_not_exists(#next, :one) + :count",
        ExpressionAttributeNames={"#next": "next"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":count": {"N": str(count)}},
        ReturnValues="UPDATED_NEW",
    )
    remember(int(answer["Attributes"]["next"]["N"]))
    return following() - 1


def _stands_at(seen: int) -> Condition:
    at: Condition = SequenceRecord.next == seen
    return at | absent(SequenceRecord) if seen == 1 else at


def _learn(item: Item) -> VersionChanged:
    remember(int(read(SequenceRecord, item).next) if item else 1)
    return version_changed(item)
