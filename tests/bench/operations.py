"""Operations of the API, from the event to the answer: what each asks of DynamoDB, and its CPU."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import Any

from tests.builders import new_client, new_contact
from tests.support import capacity, firm
from tests.support.api import Answer, Context, Staff, answer_of, function

STAFF = Staff("owner")
_numbers = count(1)

# A request: function, method, path, and what `Staff.event` takes besides.
type Request = tuple[str, str, str, dict[str, Any]]


@dataclass
class Measured:
    name: str
    requests: dict[str, int]
    reads: float
    writes: float
    milliseconds: float  # of CPU

    @property
    def kinds(self) -> str:
        return ", ".join(f"{number} {kind}" for kind, number in sorted(self.requests.items()))


def send(request: Request) -> Answer:
    name, method, path, more = request
    event = STAFF.event(method, path, **more)
    with redirect_stdout(io.StringIO()):
        answer = answer_of(function(name).handler(event, Context()))
    if answer.status >= 400:
        raise RuntimeError(f"{method} {path}: {answer.body}")
    return answer


def cpu(request: Request) -> float:
    """The CPU milliseconds of the handler alone."""
    name, method, path, more = request
    handler, event = function(name).handler, STAFF.event(method, path, **more)
    with redirect_stdout(io.StringIO()):
        before = time.process_time()
        result = handler(event, Context())
        spent = time.process_time() - before
    if result["statusCode"] >= 400:
        raise RuntimeError(f"{method} {path}: {result}")
    return 1000 * spent


def measured(admin: Any, name: str, make: Callable[[], Request], *, rounds: int) -> Measured:
    send(make())  # what a container does once is not a cost of the operation
    with capacity.spent(admin) as spent:
        request = make()
        spent.calls.clear()
        send(request)
        requests, reads, writes = spent.requests, spent.reads, spent.writes
    runs = [cpu(make()) for _ in range(rounds)]
    return Measured(name, requests, reads, writes, median(runs))


def fields() -> dict[str, Any]:
    number = next(_numbers)
    return new_client(
        business_name=f"Müller & Söhne {number} GmbH", emails=[f"b{number}@m.example"]
    )


def create(**fields_: Any) -> Request:
    return "clients", "POST", "/v1/clients", {"body": fields_ or fields()}


def get(path: str, **query: str) -> Request:
    return path.split("/")[2], "GET", path, {"query": query}


def all_of(admin: Any, *, rounds: int) -> Iterator[Measured]:
    """Every operation, on a firm of 200 clients of which one has a long history."""
    ids = firm.fill(admin, map(firm.client, range(200)))
    path = f"/v1/clients/{ids[0]}"
    contacts = f"{path}/contacts"
    firm.write(admin, (history(ids[0], number) for number in range(50)))
    some_contact = send(("contacts", "POST", contacts, {"body": new_contact()}))
    contact = some_contact.headers["location"]
    fresh = iter(ids[1:])

    def changed(body: dict[str, Any], method: str = "PATCH", below: str = "") -> Request:
        return "clients", method, f"{path}{below}", {"body": body}

    def new_contact_request() -> Request:
        # Of a client of its own: a hundred are the most.
        return "contacts", "POST", f"/v1/clients/{next(fresh)}/contacts", {"body": new_contact()}

    def delete_contact() -> Request:
        added = send(("contacts", "POST", contacts, {"body": new_contact()}))
        return "contacts", "DELETE", added.headers["location"], {}

    def delete_client() -> Request:
        return "clients", "DELETE", send(create()).headers["location"], {}

    def keyed() -> Request:
        headers = {"Idempotency-Key": f"bench {next(_numbers)}"}
        return "clients", "POST", "/v1/clients", {"body": fields(), "headers": headers}

    operations: dict[str, Callable[[], Request]] = {
        "create a client, name only": lambda: create(business_name=f"Acme {next(_numbers)}"),
        "create a client, all of it": create,
        "  with an Idempotency-Key": keyed,
        "read a client": lambda: get(path),
        "overview of a client": lambda: get(f"{path}/overview"),
        "list, page of 25": lambda: get("/v1/clients", limit="25"),
        "list, page of 50": lambda: get("/v1/clients", limit="50"),
        "list, page of 50, newest first": lambda: get(
            "/v1/clients", limit="50", sort="-created_at"
        ),
        "quick search, one word": lambda: get("/v1/clients", q="bakery"),
        "find by number": lambda: get("/v1/clients", number="F-000007"),
        "find by address": lambda: get("/v1/clients", email="office@firm000007.example"),
        "edit a field": lambda: changed({"billing_address": {"street2": f"{next(_numbers)}"}}),
        "rename": lambda: changed({"business_name": f"Meier {next(_numbers)}"}),
        "flag": lambda: changed({"reason": f"{next(_numbers)}"}, "PUT", "/flag"),
        "favourite": lambda: changed({}, "PUT", "/favourite"),
        "delete a client": delete_client,
        "list contacts": lambda: _contacts(contacts),
        "add a contact": new_contact_request,
        "read a contact": lambda: _contacts(contact),
        "edit a contact": lambda: (
            "contacts", "PATCH", contact, {"body": {"job_title": f"{next(_numbers)}"}}
        ),
        "delete a contact": delete_contact,
        "read settings": lambda: get("/v1/settings"),
        "edit settings": lambda: (
            "settings", "PATCH", "/v1/settings", {"body": {"name": f"Firm {next(_numbers)}"}}
        ),
        "who am I": lambda: ("staff", "GET", "/v1/me", {}),
        "list staff": lambda: get("/v1/staff"),
    }  # fmt: skip
    for name, make in operations.items():
        yield measured(admin, name, make, rounds=rounds)
    yield measured(admin, "suspend a client", lambda: _suspension(next(fresh)), rounds=rounds)


def _suspension(client_id: str) -> Request:
    return "clients", "POST", f"/v1/clients/{client_id}/suspend", {"body": {"reason": "Unpaid"}}


def _contacts(path: str) -> Request:
    return "contacts", "GET", path, {}


def history(client_id: str, number: int) -> dict[str, Any]:
    kind = ("INVOICE", "ESTIMATE", "RECURRING", "PAYMENT", "EMAIL")[number % 5]
    row: dict[str, Any] = {"number": {"S": f"{number:06}"}, "amount": {"N": "1250"}}
    if kind == "EMAIL":
        fields = ("email_id", "template", "status", "created_at")
        row = {name: {"S": f"{number:026}"} for name in fields} | {"to": {"L": []}}
    return {
        "pk": {"S": f"CLIENT#{client_id}"},
        "sk": {"S": f"{kind}#{number:026}"},
        "row": {"M": row},
    }
