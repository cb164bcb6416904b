"""A second reckoning of the firm's books: every item held against what the ledger alone says.

It reads items as Python's values and shares no code with the application, so that a fault of the
application's sums cannot hide itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from tests.support.billing_ledger import (
    NOTHING,
    SUMS_OF_A_MONTH,
    Item,
    Items,
    Position,
    Positions,
    below_zero,
    client_of,
    of_clients,
    positions,
    sums,
)


def faults(items: Items) -> list[str]:
    """What contradicts the ledger, or itself, in sentences; none: the books are right."""
    ledger = positions(items)
    checks = (
        _entries(items),
        _invoices(items, ledger),
        _credits(items, ledger),
        _allocations(items),
        _months(items, ledger),
        _clients(items, ledger),
        _series(items),
        below_zero(items),
    )
    return [fault for check in checks for fault in check]


def _entries(items: Items) -> Iterator[str]:
    for _, item in of_clients(items, "LEDGER#"):
        row = item["row"]
        effects = sum((each["amount"] for each in row.get("effects", [])), NOTHING)
        credit = row.get("credit", 0)
        where = f"{row['kind']} entry of {row['date']}"
        yield from _same(f"{where}: amount", row["amount"], effects - credit)
        if credit and not row.get("source"):
            yield f"{where} changes a credit and does not say whose"
        day, entry_id = item["sk"].split("#")[2:]
        yield from _same(f"{where}: day", day, row["date"])
        place = (item["by_date_pk"], item["by_date_sk"])
        yield from _same(f"{where}: journal", place, (f"JOURNAL#{day[:7]}", f"{day}#{entry_id}"))


def _invoices(items: Items, ledger: Positions) -> Iterator[str]:
    wanted_open = set()
    known = set()
    for (pk, _), item in of_clients(items, "INVOICE#"):
        row = item["row"]
        client, name = client_of(pk), row.get("number") or row["invoice_id"]
        known.add((client, row["invoice_id"]))
        where = (item.get("by_date_pk"), item.get("by_date_sk"))
        listed = (item["listing_pk"], item["listing_sk"])
        place = f"{row['issue_date']}#{row['invoice_id']}"
        yield from _same(f"{name}: listed", listed, ("INVOICES", place))
        if not row.get("number"):
            yield from _same(f"draft {name}: status", row["status"], "draft")
            yield from _same(f"draft {name}: by date", where[0], "DRAFTS")
            continue
        balance = ledger[client, row["currency"]].balances[row["invoice_id"]]
        yield from _same(f"{name}: balance", row["balance"], balance)
        yield from _invoice(name, item)
        due = f"{row['due_date']}#{row['invoice_id']}"
        open_place = ("OPEN", due) if balance > 0 else (None, None)
        yield from _same(f"{name}: by date", where, open_place)
        if balance > 0:
            wanted_open.add((pk, f"OPEN#{row['currency']}#{due}"))
    found_open = {key for key, _ in of_clients(items, "OPEN#")}
    yield from _same("OPEN# items", found_open, wanted_open)
    for (client, currency), position in ledger.items():
        for invoice_id in position.balances:
            if (client, invoice_id) not in known:
                yield f"the ledger of {client} in {currency} names a lost invoice {invoice_id}"


def _invoice(name: str, item: Item) -> Iterator[str]:
    """Of one that is finalized: what it says of itself."""
    row = item["row"]
    parts = row["paid"] + row["credited"] + row["written_off"]
    for part in ("total", "paid", "credited", "written_off", "balance"):
        if row[part] < 0:
            yield f"{name}: {part} is {row[part]}"
    left = NOTHING if row["status"] == "void" else row["total"] - parts
    yield from _same(f"{name}: balance by its parts", row["balance"], left)
    applied = sums()
    for each in item.get("applied", []):
        applied[each["source"].split("#")[0]] += each["amount"]
    if row["status"] != "void":
        yield from _same(f"{name}: paid by", row["paid"], applied["payment"])
        yield from _same(f"{name}: credited by", row["credited"], applied["credit_note"])
    yield from _same(f"{name}: status", row["status"], _status(item))


def _status(item: Item) -> str:
    row = item["row"]
    if item.get("voided"):
        return "void"
    if row["balance"] > 0:
        return "partially_paid" if row["balance"] < row["total"] else "open"
    return "written_off" if row["written_off"] else "paid"


def _credits(items: Items, ledger: Positions) -> Iterator[str]:
    """Payments and credit notes."""
    known = set()
    for prefix, source, amount in (
        ("PAYMENT#", "payment", "amount"),
        ("CREDITNOTE#", "credit_note", "total"),
    ):
        for (pk, sk), item in of_clients(items, prefix):
            row, name = item["row"], f"{source}#{sk.removeprefix(prefix)}"
            known.add((client_of(pk), name))
            credit = ledger[client_of(pk), row["currency"]].credits[name]
            yield from _same(f"{name}: unapplied", row["unapplied"], credit)
            parts = row["applied"] + row["refunded"] + row["unapplied"]
            if not item.get("reversed"):
                yield from _same(f"{name}: parts", parts, row[amount])
            for part in ("applied", "refunded", "unapplied"):
                if row[part] < 0:
                    yield f"{name}: {part} is {row[part]}"
            wanted = "CREDITS" if credit > 0 else None
            yield from _same(f"{name}: by date", item.get("by_date_pk"), wanted)
    for (client, currency), position in ledger.items():
        for source in position.credits:
            if (client, source) not in known:
                yield f"the ledger of {client} in {currency} names a lost {source}"


def _allocations(items: Items) -> Iterator[str]:
    """What credits say that they pay is what invoices say that paid them."""
    given, taken = sums(), sums()
    for prefix, source in (("PAYMENT#", "payment"), ("CREDITNOTE#", "credit_note")):
        for (pk, sk), item in of_clients(items, prefix):
            if item.get("reversed"):
                continue
            name = f"{source}#{sk.removeprefix(prefix)}"
            for each in item["allocations"]:
                given[pk, name, each["invoice_id"]] += each["amount"]
            total = sum((each["amount"] for each in item["allocations"]), NOTHING)
            yield from _same(f"{name}: applied by its allocations", item["row"]["applied"], total)
    for (pk, sk), item in of_clients(items, "INVOICE#"):
        for each in item.get("applied", []):
            taken[pk, each["source"], sk.removeprefix("INVOICE#")] += each["amount"]
    yield from _same("allocations", _without_zeros(given), _without_zeros(taken))


def _months(items: Items, ledger: Positions) -> Iterator[str]:
    wanted, found = sums(), sums()
    for (client, currency), position in ledger.items():
        for (month, name), total in position.months.items():
            wanted[client, currency, month, name] += total
    for (pk, sk), item in of_clients(items, "MONTH#"):
        _, currency, month = sk.split("#")
        for name in SUMS_OF_A_MONTH:
            found[client_of(pk), currency, month, name] += item.get(name, 0)
        listed = (item["listing_pk"], item["listing_sk"])
        yield from _same(sk, listed, (f"MONTHS#{month}", f"{currency}#{client_of(pk)}"))
    yield from _same("months", _without_zeros(found), _without_zeros(wanted))


def _clients(items: Items, ledger: Positions) -> Iterator[str]:
    for (pk, _), item in items.items():
        if item["sk"] != "CLIENT" or not pk.startswith("CLIENT#"):
            continue
        client, account = client_of(pk), item["row"]["account"]
        mine = {currency: each for (who, currency), each in ledger.items() if who == client}
        for currency in mine.keys() | account.keys():
            yield from _account(client, currency, account.get(currency, {}), mine.get(currency))
        due = sum(each.unpaid > 0 for each in mine.values())
        yield from _same(f"{client}: balance due", item["row"].get("balance_due", 0), due)
        rows = [each["row"] for (who, _), each in of_clients(items, "INVOICE#") if who == pk]
        finalized = [row for row in rows if row.get("number")]
        is_open = [row for row in finalized if row["balance"] > 0]
        yield from _same(f"{client}: open", item.get("open_invoices", 0), len(is_open))
        count = item.get("finalized_invoices", 0)
        yield from _same(f"{client}: finalized", count, len(finalized))


def _account(client: str, currency: str, totals: Item, ours: Position | None) -> Iterator[str]:
    ours = ours or Position()
    name = f"{client} in {currency}"
    wanted = {
        "invoiced": ours.in_all("invoiced"),
        "paid": ours.in_all("received"),
        "unpaid": ours.unpaid,
        "credit": ours.credit,
    }
    for which, total in wanted.items():
        yield from _same(f"{name}: {which}", totals.get(which, 0), total)
    yield from _same(f"{name}: the ledger's sum", ours.amount, ours.unpaid - ours.credit)
    for what, each in [*ours.balances.items(), *ours.credits.items()]:
        if each < 0:
            yield f"{name}: {what} is {each}"


_SERIES = {"invoice": "INVOICE#", "credit_note": "CREDITNOTE#", "estimate": "ESTIMATE#"}


def _series(items: Items) -> Iterator[str]:
    """Numbers are given once, in their order, and none is missing."""
    for series, prefix in _SERIES.items():
        owners = {
            pk.split("#", 2)[2]: (item["client_id"], item["document_id"])
            for (pk, sk), item in items.items()
            if sk == "NUMBER" and pk.startswith(f"NUMBER#{series}#")
        }
        documents = [
            (item["row"]["number"], (client_of(pk), sk.removeprefix(prefix)))
            for (pk, sk), item in of_clients(items, prefix)
            if item["row"].get("number")
        ]
        twice = [number for number, n in Counter(n for n, _ in documents).items() if n > 1]
        yield from _same(f"{series} numbers that were given twice", twice, [])
        yield from _same(f"whose {series} numbers", owners, dict(documents))
        yield from _gapless(items, series, [number for number, _ in documents])


def _gapless(items: Items, series: str, numbers: Iterable[str]) -> Iterator[str]:
    """Of the default patterns: "INV-2026-00042"."""
    years = defaultdict(list)
    for number in numbers:
        _, year, running = number.split("-")
        years[year].append(int(running))
    for year, given in years.items():
        name = f"{series} numbers of {year}"
        yield from _same(name, sorted(given), list(range(1, len(given) + 1)))
        sequence = items[f"SEQUENCE#{series}#{year}", "SEQUENCE"]
        yield from _same(f"{name}: the next", sequence["next"], len(given) + 1)


def _same(what: str, found: object, wanted: object) -> Iterator[str]:
    if found != wanted:
        yield f"{what}: {found!r}, should be {wanted!r}"


def _without_zeros(sums: Mapping[Any, Decimal]) -> dict[Any, Decimal]:
    return {key: total for key, total in sums.items() if total}
