"""What no route takes."""

import pytest

from tests.functions.problem import assert_problem
from tests.support.api import Answer, Staff, answer_of, function, invoke, send
from tests.support.template import functions

METHODS: dict[str, set[str]] = {}
for _each in functions().values():
    for _event in _each["Properties"]["Events"].values():
        if "Path" in _event["Properties"]:
            _path = _event["Properties"]["Path"]
            METHODS.setdefault(_path, set()).add(_event["Properties"]["Method"])


def asked(method: str, path: str) -> Answer:
    """The default route knows no caller."""
    event = Staff().event(method, path)
    del event["requestContext"]["authorizer"]
    event["routeKey"] = "$default"
    return send("fallback", event)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/client", "/v1/clients/", "/v2/clients", "/.env", "/a/b/c", "/é", "//"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_an_unknown_path_is_not_found(method: str, path: str):
    assert_problem(asked(method, path), 404, "not_found")


def test_the_functions_knows_every_route_of_the_template():
    routes: dict[str, list[str]] = function("fallback").ROUTES
    assert {path: set(methods) for path, methods in routes.items()} == METHODS


@pytest.mark.parametrize("path", sorted(METHODS))
def test_a_known_path_with_another_method_is_refused_with_those_it_knows(path: str):
    filled = path.replace("{", "").replace("}", "")
    if path == "/v1/clients/{client_id}":
        filled = "/v1/clients/01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"} - METHODS[path]:
        answer = asked(method, filled)
        assert_problem(answer, 405, "method_not_allowed")
        assert set(answer.headers["allow"].split(", ")) >= METHODS[path]


def test_a_body_is_refused_as_anywhere():
    event = Staff().event("POST", "/nothing", "x" * 1_000_000)
    assert_problem(answer_of(invoke("fallback", event)), 413, "body_too_large")
