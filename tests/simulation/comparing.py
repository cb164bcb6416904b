"""What the table holds in the end, in the model's names, beside what the model says."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tallybook.ids import time_of
from tests.simulation.world import World
from tests.support import billing_audit, snapshots
from tests.support.time_model_things import Invoice

type Items = Mapping[tuple[str, str], dict[str, Any]]

_MOST = 40  # differences that are told
_PASSED = ("overtaken", "again")  # marks of what was not done


def differences(world: World, admin: Any) -> list[str]:
    """Each in a sentence; none: both are the same, and the books are right."""
    items = snapshots.take(admin, objects=False).plain()
    table = Table(world, items)
    model = Model(world)
    found = [f"books: {each}" for each in billing_audit.faults(items)]
    for name in (
        "invoices",
        "marks",
        "fees",
        "emails",
        "texts",
        "tasks",
        "services",
        "missed",
        "recurring",
    ):
        found += _between(name, getattr(table, name)(), getattr(model, name)())
    found += list(_numbers(table.numbers(), model.runs()))
    return found[:_MOST]


def _between(what: str, table: Iterable[Any], model: Iterable[Any]) -> Iterator[str]:
    ours, theirs = Counter(table), Counter(model)
    for each, times in (ours - theirs).items():
        yield f"{what}: the code has, the model has not{_times(times)}: {each}"
    for each, times in (theirs - ours).items():
        yield f"{what}: the model has, the code has not{_times(times)}: {each}"


def _times(times: int) -> str:
    return f" ({times})" if times > 1 else ""


def _numbers(numbers: Mapping[str, str], runs: Mapping[str, int]) -> Iterator[str]:
    """Numbers are given without gaps (see the audit) and in the order of the runs."""
    of_year = defaultdict(list)
    for name, number in numbers.items():
        _, year, place = number.split("-")
        of_year[year].append((int(place), name))
    for year, given in of_year.items():
        last = 0
        for given_as, name in sorted(given):
            if runs.get(name, 0) < last:
                yield f"number {given_as} of {year} was given to {name} before its time"
            last = max(last, runs.get(name, 0))


class Table:
    """What the table holds."""

    def __init__(self, world: World, items: Items) -> None:
        self._world = world
        self._kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for (pk, sk), item in items.items():
            if pk.startswith("CLIENT#"):
                item["client"] = world.names.get(pk.removeprefix("CLIENT#"))
                self._kinds[sk.partition("#")[0]].append(item)
        self._zone = ZoneInfo(world.firm.zone)

    def invoices(self) -> Iterator[Any]:
        for item in self._kinds["INVOICE"]:
            row, period = item["row"], item["entered"].get("period")
            yield (
                self._invoice(row["invoice_id"]),
                row["status"],
                date.fromisoformat(row["issue_date"]),
                date.fromisoformat(row["due_date"]),
                row["total"],
                row["balance"],
                row["currency"],
                self._day(row["sent_at"]) if row.get("sent_at") else None,
                tuple(map(date.fromisoformat, (period["from"], period["to"]))) if period else None,
            )

    def numbers(self) -> dict[str, str]:
        rows = [item["row"] for item in self._kinds["INVOICE"]]
        return {
            self._invoice(row["invoice_id"]): row["number"] for row in rows if row.get("number")
        }

    def marks(self) -> Iterator[Any]:
        """What was done of steps, and when."""
        for item in self._kinds["INVOICE"]:
            for mark, done in item.get("steps", {}).items():
                if done["what"] not in _PASSED:
                    name = self._invoice(item["row"]["invoice_id"])
                    yield name, self._world.mark(mark), date.fromisoformat(done["on"])

    def fees(self) -> Iterator[Any]:
        for item in self._kinds["LEDGER"]:
            row = item["row"]
            if row["kind"] == "late_fee":
                for each in row["effects"]:
                    invoice = self._invoice(each["invoice_id"])
                    yield invoice, date.fromisoformat(row["date"]), each["amount"]

    def emails(self) -> Iterator[Any]:
        """Invoices as they are sent by the system, and reminders."""
        for item in self._kinds["EMAIL"]:
            row = item["row"]
            named = [
                each["id"] for each in item.get("attachments", []) if each["kind"] == "invoice"
            ]
            invoices = frozenset(map(self._invoice, named))
            day = self._day(row["created_at"])
            yield item["client"], day, ",".join(row["to"]), item["template"], invoices

    def texts(self) -> Iterator[Any]:
        for item in self._kinds["SMS"]:
            row = item["row"]
            yield item["client"], self._day(time_of(item["sk"].removeprefix("SMS#"))), row["to"]

    def tasks(self) -> Iterator[Any]:
        for item in self._kinds["TASK"]:
            row = item["row"]
            invoices = frozenset(map(self._invoice, item.get("invoice_ids", [])))
            yield item["client"], self._day(row["created_at"]), row["kind"], invoices

    def services(self) -> Iterator[Any]:
        """What the system did to services, and as they are."""
        for item in self._kinds["HISTORY"]:
            event, is_ours = item.get("event", ""), not item.get("by")
            if is_ours and event in ("service.suspended", "service.reinstated"):
                day = self._day(time_of(item["sk"].removeprefix("HISTORY#")))
                yield self._world.names[item["details"]["service_id"]], event, day
        for item in self._kinds["SERVICE"]:
            why = (item.get("suspended") or {}).get("reason")
            yield self._world.names[item["row"]["service_id"]], why

    def missed(self) -> Iterator[Any]:
        for item in self._kinds["MISSED"]:
            yield self._world.missed(item["row"]["missed_id"])

    def recurring(self) -> Iterator[Any]:
        for item in self._kinds["RECURRING"]:
            row = item["row"]
            yield self._world.names[row["recurring_id"]], row["status"], row["made"]

    def _invoice(self, invoice_id: str) -> str:
        return self._world.names.get(invoice_id, invoice_id)

    def _day(self, moment: str | datetime) -> date:
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return at.astimezone(self._zone).date()


class Model:
    """The same of the model."""

    def __init__(self, world: World) -> None:
        self._firm = world.firm
        self._clients = world.firm.clients.values()

    def _invoices(self) -> Iterator[Invoice]:
        return (each for client in self._clients for each in client.invoices.values())

    def invoices(self) -> Iterator[Any]:
        for each in self._invoices():
            yield (
                each.name,
                each.status,
                each.issued,
                each.due,
                each.total + each.late_fees,
                each.total if each.is_draft else each.balance,
                each.currency,
                each.sent_on,
                each.period,
            )

    def runs(self) -> dict[str, int]:
        return {each.name: each.run for each in self._invoices()}

    def marks(self) -> Iterator[Any]:
        for each in self._invoices():
            for mark, done in each.marks.items():
                if done.what not in _PASSED:
                    yield each.name, mark, done.day

    def fees(self) -> Iterator[Any]:
        for each in self._invoices():
            yield from ((each.name, day, amount) for _, day, amount in each.fees)

    def emails(self) -> Iterator[Any]:
        steps = {s.name: s for each in self._firm.workflows.values() for s in each.steps}
        for each in self._firm.diary:
            if each.what == "invoice mail":
                yield each.client, each.day, each.to, "invoice", each.invoices
            elif each.what == "email" and each.step:
                # A mail has ten papers at most.
                yield each.client, each.day, each.to, steps[each.step].template, each.invoices

    def texts(self) -> Iterator[Any]:
        for each in self._firm.diary:
            if each.what == "sms":
                yield each.client, each.day, each.to

    def tasks(self) -> Iterator[Any]:
        for each in self._firm.diary:
            if each.what in ("task", "call", "print"):
                yield each.client, each.day, each.what, each.invoices

    def services(self) -> Iterator[Any]:
        for each in self._firm.diary:
            if each.what in ("suspended", "reinstated"):
                yield each.step, f"service.{each.what}", each.day
        for client in self._clients:
            yield from ((each.name, each.suspended) for each in client.services.values())

    def missed(self) -> Iterator[Any]:
        for client in self._clients:
            yield from client.missed

    def recurring(self) -> Iterator[Any]:
        for client in self._clients:
            for each in client.recurring.values():
                if not each.is_deleted:
                    status = each.status if each.next_date() else "ended"
                    yield each.name, status, each.made
