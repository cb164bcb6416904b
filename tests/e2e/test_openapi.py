"""The OpenAPI document against the running stack: made-up requests, good and bad, of every
operation. No answer is a 5xx, and every answer is as documented."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.builders import new_client, new_contact
from tests.e2e.conftest import Stack
from tests.e2e.web import Web
from tests.support.billing import new_invoice
from tests.support.template import ROOT

EXAMPLES = 10  # of an operation: of some 160 operations, as many as four minutes have room for

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class RealIds:
    """Ids of what is there, so that requests get past 404. Each is made when first asked for."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._made: dict[str, list[str]] = {}

    def of(self, parameter: str) -> list[str]:
        """None for a parameter whose things nobody makes at will."""
        if parameter not in self._made and (make := getattr(self, f"_{parameter}", None)):
            self._made[parameter] = make()
        return self._made.get(parameter, [])

    def _post(self, path: str, body: Any = None) -> Any:
        answer = self._web.call("POST", path, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def _of_client(self, path: str, body: Any = None) -> Any:
        (client_id,) = self.of("client_id")
        return self._post(f"/v1/clients/{client_id}{path}", body)

    def _client_id(self) -> list[str]:
        return [self._post("/v1/clients", new_client(emails=[], currency="EUR"))["client_id"]]

    def _contact_id(self) -> list[str]:
        return [self._of_client("/contacts", new_contact())["contact_id"]]

    def _invoice_id(self) -> list[str]:
        """A draft, and one that is open."""
        draft, open_one = (self._of_client("/invoices", new_invoice())["invoice_id"] for _ in "12")
        self._of_client(f"/invoices/{open_one}/finalize")
        return [draft, open_one]

    def _estimate_id(self) -> list[str]:
        return [self._of_client("/estimates", new_invoice())["estimate_id"] for _ in "12"]

    def _payment_id(self) -> list[str]:
        body = {"amount": "50.00", "method": "cash"}
        return [self._of_client("/payments", body)["payment_id"]]

    def _credit_note_id(self) -> list[str]:
        return [self._of_client("/credit-notes", new_invoice())["credit_note_id"]]

    def _link_id(self) -> list[str]:
        return [self._of_client("/payment-links", {})["link_id"]]

    def _recurring_id(self) -> list[str]:
        body = {"frequency": "monthly", "template": new_invoice()}
        return [self._of_client("/recurring-invoices", body)["recurring_id"]]

    def _workflow_id(self) -> list[str]:
        return [self._post("/v1/workflows", {"preset": "standard"})["workflow_id"]]

    def _promise_id(self) -> list[str]:
        body = {"amount": "10.00", "date": f"{datetime.now(UTC).date() + timedelta(days=9)}"}
        return [self._of_client("/promises", body)["promise_id"]]

    def _task_id(self) -> list[str]:
        return [self._of_client("/tasks", {"title": "Call"})["task_id"]]

    def _service_id(self) -> list[str]:
        """One that tells nobody anything, and one that tells a host that is not."""
        url = "https://nowhere.invalid/hook"
        bodies = ({"name": "Hosting"}, {"name": "Mail", "webhook_url": url})
        return [self._of_client("/services", body)["service_id"] for body in bodies]

    def _delivery_id(self) -> list[str]:
        service = f"/services/{self.of('service_id')[1]}"
        (client_id,) = self.of("client_id")
        self._web.call("POST", f"/v1/clients/{client_id}{service}/ping")
        found = self._web.call("GET", f"/v1/clients/{client_id}{service}/deliveries").json()
        return [each["delivery_id"] for each in found["items"]]

    def _token(self) -> list[str]:
        return [self._of_client("/payment-links", {})["url"].rpartition("/")[2]]


@pytest.fixture(scope="session")
def real_ids(stack: Stack) -> defaultdict[str, RealIds]:
    """Those of each operation, by its name: what it deletes or voids is no other's."""
    return defaultdict(lambda: RealIds(Web(stack.api_url, stack.token("owner"))))


@pytest.fixture(scope="session")
def document(stack: Stack) -> Any:
    """The document, without what would lock the tests' own staff out."""
    content = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    schema = schemathesis.openapi.from_dict(content)
    schema.config.update(base_url=stack.api_url)
    return schema


api = schemathesis.pytest.from_fixture("document")


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_every_answer_is_as_documented(
    case: schemathesis.Case[Any], stack: Stack, real_ids: defaultdict[str, RealIds]
):
    parameters: dict[str, Any] = case.path_parameters or {}
    turn = sum(map(ord, "".join(map(str, parameters.values()))))
    real = real_ids[case.operation.label]
    for name in parameters:
        if turn % 4 and (ids := real.of(name)):  # every fourth keeps an id of nothing
            parameters[name] = ids[turn % len(ids)]
    headers = {"Authorization": f"Bearer {stack.token('owner')}"}
    case.call_and_validate(headers=headers, checks=CHECKS, timeout=30)
