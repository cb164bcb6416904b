"""The client list: one page of clients that pass the filters, in order.

Without words to search for, the list walks an index: one query for a page, and more only where
filters throw rows out. With words, the search tokens tell which clients may pass: one query a
word; then the page's clients are read. Words that would find too many clients are left to the
walk, where they are dense. Either way a page is full unless it is the last.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tallybook.clients.filters import ClientQuery, Filter, expression, filters_of, passes_words
from tallybook.clients.index import favourites_of, owner_of
from tallybook.clients.mapping import partition, plain_row, sort_position, to_client_row
from tallybook.clients.models import ClientRow
from tallybook.clients.rules import TOKEN_LENGTH, query_words
from tallybook.table import MOST_KEYS, find_all, query, query_prefix
from tallybook.text import fold, sort_key

type Row = dict[str, Any]
type Position = str
"""Where a client stands in the order of the list: its sort name and id, or its id."""

_LOOKED_UP = 3  # words of a search; further ones are compared with the rows that are left


def page(
    wanted: ClientQuery, staff_id: str, *, at: datetime, limit: int, after: Position | None
) -> tuple[list[ClientRow], Position | None]:
    """Up to `limit` clients behind the position `after`, and the position to go on from."""
    filters = filters_of(wanted, staff_id, at)
    candidates = _candidates(wanted, staff_id)
    if candidates is None:
        rows = _walked(wanted, filters, limit=limit, after=after)
    else:
        rows = _read(_in_order(candidates, wanted.sort, after), filters, limit=limit)
    found: list[Row] = []
    for row in rows:
        if passes_words(wanted, row):
            found.append(row)
        if len(found) > limit:  # one more than the page: it is not the last
            return _shown(found[:limit], staff_id, at), _position(found[limit - 1], wanted.sort)
    return _shown(found, staff_id, at), None


def _shown(rows: list[Row], staff_id: str, at: datetime) -> list[ClientRow]:
    return [to_client_row(row, staff_id, at) for row in rows]


def _position(row: Row, sort: str) -> Position:
    client_id: str = row["client_id"]
    return sort_position(row["business_name"], client_id) if sort == "name" else client_id


def _walked(
    wanted: ClientQuery, filters: list[Filter], *, limit: int, after: Position | None
) -> Iterator[Row]:
    """The rows of the index in order, without those that the filters throw out."""
    index, forward = ("listing", True) if wanted.sort == "name" else ("by_date", False)
    condition, values = f"{index}_pk = :clients", {":clients": {"S": "CLIENTS"}}
    if after is not None:
        condition += f" AND {index}_sk {'>' if forward else '<'} :after"
        values[":after"] = {"S": after}
    request: dict[str, Any] = expression(filters)
    request["ExpressionAttributeValues"] = values | request.get("ExpressionAttributeValues", {})
    request["Limit"] = limit + 1
    while True:
        items, last = query(
            IndexName=index,
            KeyConditionExpression=condition,
            ScanIndexForward=forward,
            **request,
        )
        yield from map(plain_row, items)
        if last is None:
            return
        request["ExclusiveStartKey"] = last
        request.pop("Limit", None)  # the filters are selective: take what 1 MB holds


def _candidates(wanted: ClientQuery, staff_id: str) -> dict[str, str | None] | None:
    """The only clients that can pass, with their sort name where it is known; None: any can."""
    found: dict[str, str | None] | None = None
    for source in _sources(wanted, staff_id):
        if source is None:  # too many to be of use
            continue
        if found is None:
            found = source
        else:
            found = {each: found[each] or source[each] for each in found.keys() & source.keys()}
        if not found:
            break
    return found


def _sources(wanted: ClientQuery, staff_id: str) -> Iterator[dict[str, str | None] | None]:
    if wanted.number:
        owner = owner_of("number", wanted.number)
        yield {owner: None} if owner else {}
    if wanted.email:
        yield _holders(fold(wanted.email))
    if wanted.favourite:
        yield dict.fromkeys(favourites_of(staff_id))
    searched = query_words(wanted.q or "") + query_words(wanted.name or "")
    for word in sorted(searched, key=len, reverse=True)[:_LOOKED_UP]:
        yield _holders(word)


def _holders(word: str) -> dict[str, str | None] | None:
    """The clients with a search token that begins with `word`; None: too many to be of use."""
    if len(word) < 2:
        return None
    items, more = query_prefix(f"SEARCH#{word[:2]}", word[:TOKEN_LENGTH])
    if more:
        return None
    return {item["sk"]["S"].rpartition("#")[2]: item["name"]["S"] for item in items}


def _in_order(candidates: dict[str, str | None], sort: str, after: Position | None) -> list[str]:
    """The ids of the candidates behind `after`, in the order of the list."""
    if sort != "name":
        return sorted((each for each in candidates if not after or each < after), reverse=True)
    if len(candidates) == 1 and after is None:
        return list(candidates)  # in order, whatever its name
    unnamed = [each for each, name in candidates.items() if name is None]
    for row in _rows(unnamed):
        candidates[row["client_id"]] = sort_key(row["business_name"])
    positions = sorted(f"{name}#{each}" for each, name in candidates.items() if name is not None)
    return [each.rpartition("#")[2] for each in positions if not after or each > after]


def _read(client_ids: list[str], filters: list[Filter], *, limit: int) -> Iterator[Row]:
    size = limit + 1
    while client_ids:
        for row in _rows(client_ids[:size]):
            if all(each.passes(row) for each in filters):
                yield row
        client_ids, size = client_ids[size:], MOST_KEYS


def _rows(client_ids: list[str]) -> Iterator[Row]:
    """The rows of these clients, in this order, without those that are being removed."""
    for item in find_all([(partition(each), "CLIENT") for each in client_ids]):
        if "removed_at" not in item:
            yield plain_row(item)
