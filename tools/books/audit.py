"""Reads the books of the whole firm and holds them against each other.

No scan: clients are found where they are listed, and those that were erased, whose books stay, by
their documents and by the journal. What is found wrong is read again: it may have been written
just then, and the indexes take a moment.
"""

import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from tallybook.ledger import firm
from tallybook.ledger.kinds import MONTHS_AHEAD
from tallybook.numbering.records import NumberRecord
from tallybook.sequences import SequenceRecord
from tallybook.settings import store as settings_store
from tallybook.table import decode, find, find_all, query, read
from tools.books.numbers import before_first, following, gaps, look_of
from tools.books.reckoning import Difference, Item, differences

_AT_ONCE, _LOOKS = 8, 3
_DOCUMENTS = ("INVOICES", "CREDITNOTES", "PAYMENTS")
_SERIES = (("invoice", "INVOICES", "invoice_id"), ("credit_note", "CREDITNOTES", "credit_note_id"))
# All of a client that the books are made of lies in two ranges of its partition.
_RANGES = (("CLIENT", "CREDITNOTE$"), ("INVOICE#", "PAYMENT$"))


def faults(*, pause: float = 1.0) -> Iterator[str]:
    """A line for everything that is wrong. None: the books are right."""
    listed = {name: list(firm.rows("listing", name)) for name in _DOCUMENTS}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as readers:
        found = readers.map(lambda each: _checked(each, pause), sorted(_clients(listed)))
        for each in found:
            yield from map(str, each)
    for series, listing, id_name in _SERIES:
        yield from _series(series, listing, id_name, pause)


def _clients(listed: dict[str, list[Item]]) -> set[str]:
    """Every client that is there, and every one that has books."""
    ids = {_client_of(item) for item in firm.items("listing", "CLIENTS")}
    ids |= {row["client_id"] for rows in listed.values() for row in rows}
    days = [
        date.fromisoformat(row.get("date") or row["issue_date"])
        for rows in listed.values()
        for row in rows
    ]
    if days:
        first, last = min(days), max(days)
        count = (last.year - first.year) * 12 + last.month - first.month + 1 + MONTHS_AHEAD
        for month in firm.months(first, count):
            ids |= {_client_of(item) for item in firm.items("by_date", f"JOURNAL#{month}")}
    return ids


def _client_of(item: dict[str, Any]) -> str:
    key: str = item["pk"]["S"]
    return key.removeprefix("CLIENT#")


def _checked(client_id: str, pause: float) -> list[Difference]:
    found: list[Difference] = []
    for look in range(_LOOKS):
        if look:
            time.sleep(pause)
        found = differences(client_id, _items(client_id))
        if not found:
            break
    return found


def _items(client_id: str) -> dict[str, Item]:
    """The client's books by their sort keys."""
    found: dict[str, Item] = {}
    for low, high in _RANGES:
        more: dict[str, Any] = {}
        while True:
            items, last = query(
                KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
                ExpressionAttributeValues={
                    ":pk": {"S": f"CLIENT#{client_id}"},
                    ":low": {"S": low},
                    ":high": {"S": high},
                },
                ConsistentRead=True,
                **more,
            )
            for item in items:
                found[item["sk"]["S"]] = {name: decode(value) for name, value in item.items()}
            if last is None:
                break
            more = {"ExclusiveStartKey": last}
    return found


def _series(series: str, listing: str, id_name: str, pause: float) -> list[str]:
    found: list[str] = []
    for look in range(_LOOKS):
        if look:
            time.sleep(pause)
        rows = [row for row in firm.rows("listing", listing) if row.get("number")]
        owners = {row["number"]: (row["client_id"], row[id_name]) for row in rows}
        numbers = [row["number"] for row in rows]
        found = [f"{series} numbers: {each}" for each in _of_series(series, numbers, owners)]
        if not found:
            break
    return found


def _of_series(
    series: str, numbers: Collection[str], owners: dict[str, tuple[str, str]]
) -> Iterator[str]:
    numbering = settings_store.get().numbering
    look = look_of(getattr(numbering, series), yearly=numbering.yearly)
    yield from gaps(numbers, look)
    given = _given(series, [*owners, *before_first(numbers, look)])
    for number, owner in owners.items():
        if given.pop(number, None) != owner:
            yield f"{number} is not noted as that of {' '.join(owner)}"
    yield from (f"{number} is missing" for number in given)  # its document is gone
    for run, wanted in following(numbers, look).items():
        name = f"{series}#{run}" if run else series
        record = find(SequenceRecord, f"SEQUENCE#{name}", "SEQUENCE")
        stored = int(record.next) if record else 1
        if stored != wanted:
            yield f"the next of {name} is {stored}, should be {wanted}"


def _given(series: str, numbers: list[str]) -> dict[str, tuple[str, str]]:
    """Whose number each is, by the notes that are made with it."""
    keys = [(f"NUMBER#{series}#{number}", "NUMBER") for number in numbers]
    records = [read(NumberRecord, item) for item in find_all(keys, consistent=True)]
    return {each.pk.split("#", 2)[2]: (each.client_id, each.document_id) for each in records}
