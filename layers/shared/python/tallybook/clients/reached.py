"""Whose address or telephone number something is: for what comes in from there."""

from collections.abc import Collection, Iterator

from tallybook.clients.mapping import partition, plain_row
from tallybook.clients.rules import TOKEN_LENGTH
from tallybook.inbound.rules import reached_at
from tallybook.table import find_all, query_all
from tallybook.text import fold


def reached(place: str, also: Collection[str]) -> dict[str, bool]:
    """The clients that are reached at `place` themselves (True), and those of `also` (False).

    `place` is as `inbound.rules.reached_at` gives it. Clients that are being removed are left out.
    The search tokens find who may be meant; what the client's item says decides.
    """
    found: dict[str, bool] = {}
    keys = [(partition(each), "CLIENT") for each in sorted({*_candidates(place), *also})]
    for item in find_all(keys, consistent=True):
        if "removed_at" in item:
            continue
        row = plain_row(item)
        ways = [*row.get("emails", []), row.get("telephone") or ""]
        is_own = place in {reached_at(way) for way in ways}
        if is_own or row["client_id"] in also:
            found[row["client_id"]] = is_own
    return found


def _candidates(place: str) -> Iterator[str]:
    word = fold(place)
    if len(word) < 2:  # has no token
        return
    for item in query_all(f"SEARCH#{word[:2]}", word[:TOKEN_LENGTH], ConsistentRead=True):
        yield item["sk"]["S"].rpartition("#")[2]
