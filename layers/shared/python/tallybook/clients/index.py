"""What stands beside a client in the table and finds it: guards, search tokens, favourites.

Each function adds to a transaction what keeps one of them in step with the client.
"""

import unicodedata
from collections.abc import Callable

from pynamodb.expressions.condition import Condition

from tallybook.clients.mapping import id_of, searched
from tallybook.clients.records import (
    ClientRecord,
    FavouriteRecord,
    SearchRecord,
    SequenceRecord,
    UniqueRecord,
)
from tallybook.clients.rules import number_text, sequence_of, tokens
from tallybook.errors import EmailTaken, NumberTaken
from tallybook.table import TABLE_NAME, Item, Transaction, absent, call, find, query_prefix, read
from tallybook.text import sort_key
from tallybook.versions import VersionChanged, version_changed

type Guards = dict[tuple[str, str], Callable[[Item], Exception]]


def owner_of(field: str, value: str) -> str | None:
    """The id of the client that has this number or first e-mail address."""
    record = find(UniqueRecord, *_guard_key(field, value))
    return record.client_id if record else None


def guard(
    transaction: Transaction, before: ClientRecord | None, after: ClientRecord | None
) -> None:
    """Move the guards of the number and the first address from `before` to `after`."""
    had, has = _guards(before), _guards(after)
    for key in had.keys() - has.keys():
        transaction.delete(UniqueRecord(*key), otherwise=None)
    for key, taken in has.items():
        if key not in had and after is not None:
            record = UniqueRecord(*key, client_id=id_of(after))
            transaction.put(record, absent(UniqueRecord), taken)


def tokenize(
    transaction: Transaction, before: ClientRecord | None, after: ClientRecord | None
) -> None:
    """Write the difference between the search tokens of `before` and `after`."""
    had, has = _tokens(before), _tokens(after)
    for key in sorted(had.keys() - has.keys()):
        transaction.delete(SearchRecord(*key))
    for key in sorted(has):
        if has[key] != had.get(key):
            transaction.put(SearchRecord(*key, name=has[key]))


def favourites_of(staff_id: str) -> list[str]:
    """The ids of the clients that a staff member marked as favourites."""
    items, last = query_prefix(f"STAFF#{staff_id}", "FAVOURITE#")
    while last:
        more, last = query_prefix(f"STAFF#{staff_id}", "FAVOURITE#", ExclusiveStartKey=last)
        items += more
    return [item["sk"]["S"].removeprefix("FAVOURITE#") for item in items]


def favourite(staff_id: str, client_id: str) -> FavouriteRecord:
    return FavouriteRecord(f"STAFF#{staff_id}", f"FAVOURITE#{client_id}")


def _guards(record: ClientRecord | None) -> Guards:
    if record is None:
        return {}
    number, emails = record.row.number, record.row.emails
    guards: Guards = {_guard_key("number", number): lambda _: NumberTaken(number)}
    if emails:
        guards[_guard_key("email", emails[0])] = lambda _: EmailTaken(emails[0])
    return guards


def _guard_key(field: str, value: str) -> tuple[str, str]:
    folded = unicodedata.normalize("NFC", value).casefold()
    return f"UNIQUE#{field}#{folded}", "UNIQUE"


def _tokens(record: ClientRecord | None) -> dict[tuple[str, str], str]:
    if record is None:
        return {}
    name, client_id = sort_key(record.row.business_name), id_of(record)
    return {
        (f"SEARCH#{token[:2]}", f"{token}#{client_id}"): name for token in tokens(searched(record))
    }


class Numbers:
    """The sequence that client numbers are taken from, as this container last saw it.

    A number is taken in the transaction that creates the client, on the condition that the
    sequence still stands where it was seen: no read is needed, and a lost race shows where the
    sequence stands by then.
    """

    _KEY = ("SEQUENCE#client", "SEQUENCE")

    def __init__(self) -> None:
        self._next: int | None = None

    def next(self) -> int:
        if self._next is None:
            record = find(SequenceRecord, *self._KEY)
            self._next = int(record.next) if record else 1
        return self._next

    def draw(self, pattern: str, *, skip: int, alone: bool) -> str:
        """The number to try next; `alone` reserves one, whatever others do."""
        return number_text(pattern, self._reserve() if alone else self.next() + skip)

    def take(self, transaction: Transaction, pattern: str, number: str) -> int:
        """Move the sequence behind `number`, if it is one of its numbers and lies ahead.

        Returns where the sequence stands after the commit, for `remember`.
        """
        seen, taken = self.next(), sequence_of(pattern, number)
        if taken is None or taken < seen:
            return seen
        transaction.update(
            SequenceRecord(*self._KEY),
            [SequenceRecord.next.set(taken + 1)],
            self._stands_at(seen),
            self._learn,
        )
        return taken + 1

    def remember(self, following: int) -> None:
        self._next = following

    def _reserve(self) -> int:
        """A number of one's own in one write. It is lost if it is not used."""
        pk, sk = self._KEY
        answer = call(
            "update_item",
            TableName=TABLE_NAME,
            Key={"pk": {"S": pk}, "sk": {"S": sk}},
            UpdateExpression="SET #next = if_not_exists(#next, :one) + :one",
            ExpressionAttributeNames={"#next": "next"},
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        self._next = int(answer["Attributes"]["next"]["N"])
        return self._next - 1

    @staticmethod
    def _stands_at(seen: int) -> Condition:
        at: Condition = SequenceRecord.next == seen
        return at | absent(SequenceRecord) if seen == 1 else at

    def _learn(self, item: Item) -> VersionChanged:
        self._next = int(read(SequenceRecord, item).next) if item else 1
        return version_changed(item)


numbers = Numbers()
