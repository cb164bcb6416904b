"""What stands beside a client in the table and finds it: guards, search tokens, favourites.

Each function adds to a transaction what keeps one of them in step with the client.
"""

import unicodedata
from collections.abc import Callable

from tallybook.clients.mapping import id_of, searched
from tallybook.clients.records import (
    ClientRecord,
    FavouriteRecord,
    SearchRecord,
    UniqueRecord,
)
from tallybook.clients.rules import tokens
from tallybook.errors import EmailTaken, NumberTaken
from tallybook.table import Item, absent, find, query_all
from tallybook.text import sort_key
from tallybook.transactions import Transaction

type Guards = dict[tuple[str, str], Callable[[Item], Exception]]


def owner_of(field: str, value: str) -> str | None:
    """The id of the client that has this number or first e-mail address."""
    record = find(UniqueRecord, *guard_key(field, value))
    return record.client_id if record else None


def guard(
    transaction: Transaction, before: ClientRecord | None, after: ClientRecord | None
) -> None:
    """Move the guards of the number and the first address from `before` to `after`."""
    had, has = _guards(before), _guards(after)
    for key in had.keys() - has.keys():
        transaction.delete(UniqueRecord(*key))
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
            transaction.put_item(SearchRecord.item(*key, has[key]))


def favourites_of(staff_id: str) -> list[str]:
    """The ids of the clients that a staff member marked as favourites."""
    items = query_all(f"STAFF#{staff_id}", "FAVOURITE#")
    return [item["sk"]["S"].removeprefix("FAVOURITE#") for item in items]


def favourite(staff_id: str, client_id: str) -> FavouriteRecord:
    return FavouriteRecord(f"STAFF#{staff_id}", f"FAVOURITE#{client_id}")


def _guards(record: ClientRecord | None) -> Guards:
    if record is None:
        return {}
    number, emails = record.row.number, record.row.emails
    guards: Guards = {guard_key("number", number): lambda _: NumberTaken(number)}
    if emails:
        guards[guard_key("email", emails[0])] = lambda _: EmailTaken(emails[0])
    return guards


def guard_key(field: str, value: str) -> tuple[str, str]:
    """The key of the item that says whose `value` is; `field` is "number" or "email"."""
    folded = unicodedata.normalize("NFC", value).casefold()
    return f"UNIQUE#{field}#{folded}", "UNIQUE"


def _tokens(record: ClientRecord | None) -> dict[tuple[str, str], str]:
    if record is None:
        return {}
    name, client_id = sort_key(record.row.business_name), id_of(record)
    return {
        (f"SEARCH#{token[:2]}", f"{token}#{client_id}"): name for token in tokens(searched(record))
    }
