"""A client's items held against what its ledger says. Pure.

Items are as Python has them: numbers, texts, maps.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from tools.books.ledger import Reckoning

type Item = dict[str, Any]

_NOTHING = Decimal(0)
_SUMS = ("amount", "invoiced", "received", "credited", "written_off")
_TOTALS = ("invoiced", "paid", "unpaid", "credit")
_PARTS = ("total", "paid", "credited", "written_off", "balance")


class Difference(NamedTuple):
    """Something that the table says and the ledger doesn't."""

    client_id: str
    currency: str
    what: str
    found: object
    expected: object

    def __str__(self) -> str:
        where = f"{self.client_id} {self.currency}".strip()
        return f"{where}: {self.what} is {_text(self.found)}, should be {_text(self.expected)}"


def differences(client_id: str, items: Mapping[str, Item]) -> list[Difference]:
    """What of the client's items, by their sort keys, the ledger does not say."""
    ledger: defaultdict[str, Reckoning] = defaultdict(Reckoning)
    found: list[Difference] = []
    for sk, item in _of(items, "LEDGER#"):
        ledger[sk.split("#")[1]].book(item["row"])
        found += _entry(client_id, sk, item)
    found += _client(client_id, items.get("CLIENT"), ledger)
    found += _months(client_id, items, ledger)
    found += _invoices(client_id, items, ledger)
    found += _sources(client_id, items, ledger)
    return found


def _entry(client_id: str, sk: str, item: Item) -> Iterator[Difference]:
    """What an entry says of itself."""
    row, (_, currency, day, entry_id) = item["row"], sk.split("#")
    effects = sum((Decimal(each["amount"]) for each in row.get("effects", ())), _NOTHING)
    amount = effects - Decimal(row.get("credit", 0))
    place = f"{item.get('by_date_pk')} {item.get('by_date_sk')}"
    yield from _same(
        client_id,
        currency,
        (f"amount of entry {entry_id}", Decimal(row["amount"]), amount),
        (f"day of entry {entry_id}", row["date"], day),
        (f"currency of entry {entry_id}", row["currency"], currency),
        (f"place of entry {entry_id}", place, f"JOURNAL#{day[:7]} {day}#{entry_id}"),
    )


def _client(
    client_id: str, client: Item | None, ledger: Mapping[str, Reckoning]
) -> Iterator[Difference]:
    if client is None:
        if ledger:
            yield Difference(client_id, "", "the client", "missing", "there")
        return
    account, due = client["row"]["account"], 0
    for currency in account.keys() | ledger.keys():
        reckoned = ledger.get(currency, Reckoning()).totals
        due += reckoned["unpaid"] > 0
        totals = account.get(currency, {})
        checks = [(name, Decimal(totals.get(name, 0)), reckoned[name]) for name in _TOTALS]
        yield from _same(client_id, currency, *checks)
        for name in ("unpaid", "credit"):
            if reckoned[name] < 0:
                yield Difference(client_id, currency, name, reckoned[name], "0 at least")
    open_ones = sum(
        parts["balance"] > 0 for each in ledger.values() for parts in each.invoices.values()
    )
    finalized = sum(each.finalized for each in ledger.values())
    yield from _same(
        client_id,
        "",
        ("number of currencies with something unpaid", client["row"].get("balance_due", 0), due),
        ("number of open invoices", client.get("open_invoices", 0), open_ones),
        ("number of finalized invoices", client.get("finalized_invoices", 0), finalized),
    )


def _months(
    client_id: str, items: Mapping[str, Item], ledger: Mapping[str, Reckoning]
) -> Iterator[Difference]:
    stored = {(sk.split("#")[1], sk.split("#")[2]): item for sk, item in _of(items, "MONTH#")}
    reckoned = {
        (currency, month): sums
        for currency, each in ledger.items()
        for month, sums in each.months.items()
    }
    for currency, month in sorted(stored.keys() | reckoned.keys()):
        item = stored.get((currency, month), {})
        sums: Mapping[str, Decimal] = reckoned.get((currency, month), {})
        checks = [
            (f"{name} of {month}", Decimal(item.get(name, 0)), sums.get(name, _NOTHING))
            for name in _SUMS
        ]
        yield from _same(client_id, currency, *checks)
        if item:
            place = f"{item.get('listing_pk')} {item.get('listing_sk')}"
            wanted = f"MONTHS#{month} {currency}#{client_id}"
            yield from _same(client_id, currency, (f"place of {month}", place, wanted))


def _invoices(
    client_id: str, items: Mapping[str, Item], ledger: Mapping[str, Reckoning]
) -> Iterator[Difference]:
    stored = {sk.partition("#")[2]: item for sk, item in _of(items, "INVOICE#")}
    is_open = {sk for sk, _ in _of(items, "OPEN#")}
    for currency, each in sorted(ledger.items()):
        for invoice_id, parts in sorted(each.invoices.items()):
            name = f"invoice {invoice_id}"
            item = stored.pop(invoice_id, None)
            if item is None or item["row"]["currency"] != currency:
                yield Difference(client_id, currency, name, "missing", "there")
                continue
            name, row = f"invoice {item['row'].get('number') or invoice_id}", item["row"]
            checks = [(f"{part} of {name}", Decimal(row[part]), parts[part]) for part in _PARTS]
            yield from _same(client_id, currency, *checks)
            due = each.due_dates[invoice_id]
            yield from _same(client_id, currency, (f"due date of {name}", row["due_date"], due))
            yield from _place(client_id, currency, name, item, parts)
            key = f"OPEN#{currency}#{due}#{invoice_id}"
            listed, wanted = key in is_open, parts["balance"] > 0
            is_open.discard(key)
            yield from _same(client_id, currency, (f"{name} among the open ones", listed, wanted))
            if parts["balance"] < 0:
                what = f"balance of {name}"
                yield Difference(client_id, currency, what, parts["balance"], "0 at least")
    for key in sorted(is_open):
        yield Difference(client_id, "", f"{key} among the open ones", "yes", "no")
    for _, item in sorted(stored.items()):  # of which the ledger knows nothing
        if item["row"].get("number"):
            what = f"entry of invoice {item['row']['number']}"
            yield Difference(client_id, item["row"]["currency"], what, "missing", "there")


def _place(
    client_id: str, currency: str, name: str, item: Item, parts: Mapping[str, Decimal]
) -> Iterator[Difference]:
    row = item["row"]
    wanted = "OPEN" if parts["balance"] > 0 else "nowhere"
    yield from _same(
        client_id,
        currency,
        (f"{name} in the index of open ones", item.get("by_date_pk", "nowhere"), wanted),
        (f"status of {name}", row["status"], _status(row["status"], parts)),
    )


def _status(stored: str, parts: Mapping[str, Decimal]) -> str:
    """What follows from the amounts: voiding an invoice of nothing has none."""
    if parts.get("void") or (stored == "void" and not parts["total"]):
        return "void"
    if parts["balance"] > 0:
        is_begun = any(parts.get(each) for each in ("paid", "credited", "written_off"))
        return "partially_paid" if is_begun else "open"
    return "written_off" if parts.get("written_off") else "paid"


def _sources(
    client_id: str, items: Mapping[str, Item], ledger: Mapping[str, Reckoning]
) -> Iterator[Difference]:
    """Payments and credit notes: what of them is left, applied and refunded."""
    stored = {
        f"{kind}#{sk.partition('#')[2]}": item
        for kind, prefix in (("payment", "PAYMENT#"), ("credit_note", "CREDITNOTE#"))
        for sk, item in _of(items, prefix)
    }
    for currency, each in sorted(ledger.items()):
        for source, sums in sorted(each.sources.items()):
            item = stored.pop(source, None)
            if item is None or item["row"]["currency"] != currency:
                yield Difference(client_id, currency, source, "missing", "there")
                continue
            row = item["row"]
            in_all = Decimal(row["amount"] if "amount" in row else row["total"])
            left = "CREDITS" if sums["unapplied"] else "nowhere"
            yield from _same(
                client_id,
                currency,
                (f"{source} in all", in_all, sums["in all"]),
                *(
                    (f"{name} of {source}", Decimal(row[name]), sums[name])
                    for name in ("applied", "refunded", "unapplied")
                ),
                (f"{source} in the index of credits", item.get("by_date_pk", "nowhere"), left),
            )
            if sums["unapplied"] < 0:
                what = f"unapplied of {source}"
                yield Difference(client_id, currency, what, sums["unapplied"], "0 at least")
    for source, item in sorted(stored.items()):
        what = f"entry of {source}"
        yield Difference(client_id, item["row"]["currency"], what, "missing", "there")


def _same(
    client_id: str, currency: str, *checks: tuple[str, object, object]
) -> Iterator[Difference]:
    for what, found, expected in checks:
        if found != expected:
            yield Difference(client_id, currency, what, found, expected)


def _of(items: Mapping[str, Item], prefix: str) -> Iterable[tuple[str, Item]]:
    return ((sk, item) for sk, item in items.items() if sk.startswith(prefix))


def _text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:f}"
    return str(value)
