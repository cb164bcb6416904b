"""The path of a request: what holds for every function, shown with the functions there are."""

import base64
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import new_client, removal_event
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Context, Staff, function, invoke, route, send
from tests.support.template import functions

EVERY_ROUTE = sorted(
    (event["Properties"]["Method"], event["Properties"]["Path"], name)
    for name, each in functions().items()
    for event in each["Properties"]["Events"].values()
    if event["Type"] == "HttpApi"
    and "Path" in event["Properties"]
    # Public: see test_tracking.py and test_pay.py.
    and not event["Properties"]["Path"].startswith(("/t/", "/pay/"))
)
STAFF_ROUTES = [route for route in EVERY_ROUTE if not route[1].startswith("/portal/")]
SOMEBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


def filled(path: str) -> str:
    for name in ("client_id", "contact_id", "staff_id"):
        path = path.replace(f"{{{name}}}", SOMEBODY)
    return path


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """What the functions log while the test runs."""
    function("clients")  # makes the logger
    stream = io.StringIO()
    handlers = [
        handler
        for logger in map(logging.getLogger, logging.root.manager.loggerDict)
        for handler in logger.handlers
        if type(handler) is logging.StreamHandler  # pytest's own are of other kinds
    ]
    before = [(handler, handler.setStream(stream)) for handler in handlers]
    yield stream
    for handler, old in before:
        handler.setStream(old)


def lines(logs: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in logs.getvalue().splitlines()]


# ---- Who is calling ----------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "name"), EVERY_ROUTE)
def test_every_route_refuses_an_access_token(method: str, path: str, name: str, owner: Staff):
    owner.claims = {"token_use": "access"}
    with stored.unchanged():
        answer = owner.call(name, method, filled(path), {})
    assert_problem(answer, 401, "id_token_required")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize(("method", "path", "name"), STAFF_ROUTES)
def test_every_route_refuses_a_user_without_a_staff_group(
    method: str, path: str, name: str, owner: Staff
):
    for groups in ("", "[]", "[customers]", "[owners]", "[own er]"):
        owner.claims = {"cognito:groups": groups}
        assert_problem(owner.call(name, method, filled(path), {}), 403, "forbidden")


@pytest.mark.parametrize(("method", "path", "name"), EVERY_ROUTE)
def test_every_route_refuses_a_request_without_a_token(
    method: str, path: str, name: str, owner: Staff
):
    event = owner.event(method, filled(path), {})
    broken: list[Any] = [None, {}, {"jwt": None}, {"jwt": {"claims": {}}}]
    for authorizer in broken:
        event["requestContext"]["authorizer"] = authorizer
        assert_problem(send(name, event), 401, "unauthenticated")
    del event["requestContext"]["authorizer"]
    assert_problem(send(name, event), 401, "unauthenticated")


def test_the_highest_of_several_groups_counts(member: Staff):
    member.claims = {"cognito:groups": "[staff manager customers]"}
    assert member.patch("/v1/settings", {"name": "Sturm"}).status == 200


@pytest.mark.parametrize(("method", "path", "name"), EVERY_ROUTE)
def test_every_route_of_the_template_is_one_that_its_function_knows(
    method: str, path: str, name: str, owner: Staff
):
    answer = owner.call(name, method, filled(path), {})
    assert answer.body is None or answer.body.get("detail") != "There is no such path."


@pytest.mark.parametrize("name", sorted({name for *_, name in EVERY_ROUTE}))
def test_a_path_that_a_function_does_not_know_is_not_found(name: str, owner: Staff):
    assert_problem(owner.call(name, "GET", "/v1/nothing"), 404, "not_found")
    assert_problem(owner.call(name, "GET", "/v1/clients/a%2Fb/c"), 404, "not_found")


# ---- Bodies ------------------------------------------------------------------------------

BODIES = [
    ("POST", "/v1/clients"),
    ("POST", "/v1/clients/bulk"),
    ("PATCH", "/v1/clients/{client_id}"),
    ("POST", "/v1/clients/{client_id}/suspend"),
    ("PUT", "/v1/clients/{client_id}/flag"),
    ("POST", "/v1/clients/{client_id}/contacts"),
    ("PATCH", "/v1/clients/{client_id}/contacts/{contact_id}"),
    ("PATCH", "/v1/settings"),
    ("POST", "/v1/staff"),
    ("PATCH", "/v1/staff/{staff_id}"),
]


def refused(owner: Staff, method: str, path: str, body: str, **changes: Any):
    """The answer to a body as text; nothing in the table may change."""
    name, _, _ = route(method, filled(path))
    event = owner.event(method, filled(path), body) | changes
    with stored.unchanged():
        return send(name, event)


BROKEN = {
    "cut off": "{",
    "comma at the end": '{"business_name": "Acme",}',
    "NaN": '{"business_name": NaN}',
    "infinity": '{"business_name": -Infinity}',
    "single quotes": "{'business_name': 'Acme'}",
    "two objects": '{"business_name": "Acme"} {}',
    "deep objects": '{"a":' * 40_000 + "1" + "}" * 40_000,
    "deep lists": "[" * 100_000,
    "endless number": '{"a": ' + "9" * 5000 + "}",
    "byte order mark": "\ufeff{}",
    "raw control character": '{"business_name": "a\x00b"}',
    "a name twice": '{"business_name": "Acme", "business_name": "Other"}',
}


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_broken_json_is_refused(method: str, path: str, owner: Staff):
    for body in BROKEN.values():
        assert_problem(refused(owner, method, path, body), 400, "malformed_json")


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_json_that_is_no_object_is_refused(method: str, path: str, owner: Staff):
    for body in ("[]", '"Acme"', "1", "true", "null", "[{}]"):
        assert_problem(refused(owner, method, path, body), 422, "validation_failed", "body")


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_missing_body_is_refused_unless_it_is_optional(method: str, path: str, owner: Staff):
    answer = refused(owner, method, path, "")
    if path.endswith("/suspend"):
        assert_problem(answer, 404, "client_not_found")
    else:
        assert_problem(answer, 422, "validation_failed", "body")


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_an_unknown_field_is_refused_and_named(method: str, path: str, owner: Staff):
    answer = refused(owner, method, path, '{"colour": "vermilion"}')
    assert answer.status == 422
    assert answer.fields["colour"] == "There is no such field."
    assert "vermilion" not in json.dumps(answer.body)


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_field_name_that_is_no_text_is_refused(method: str, path: str, owner: Staff):
    for name in (r"\ud800", r"\u0000", "", "a.b", "a[b]", "x" * 10_000):
        answer = refused(owner, method, path, f'{{"{name}": 1}}')
        assert answer.status == 422, name
        assert answer.body["code"] == "validation_failed"


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_deep_but_legal_nesting_does_no_harm(method: str, path: str, owner: Staff):
    for depth in (50, 500, 900):
        body = '{"sla":' * depth + "{}" + "}" * depth
        answer = refused(owner, method, path, body)
        assert answer.status in (400, 422), depth


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_body_of_a_megabyte_is_refused(method: str, path: str, owner: Staff):
    body = json.dumps({"business_name": "a" * 1_000_000})
    assert_problem(refused(owner, method, path, body), 413, "body_too_large")
    encoded = base64.b64encode(body.encode()).decode()
    answer = refused(owner, method, path, encoded, isBase64Encoded=True)
    assert_problem(answer, 413, "body_too_large")


def test_a_body_may_have_a_quarter_of_a_megabyte(owner: Staff):
    def body(size: int) -> str:
        empty = '{"business_name": "Acme"}'
        return empty[:-1] + " " * (size - len(empty)) + "}"

    assert owner.post("/v1/clients", body(256 * 1024)).status == 201
    answer = refused(owner, "POST", "/v1/clients", body(256 * 1024 + 1))
    assert_problem(answer, 413, "body_too_large")
    # Bytes count, not characters.
    wide = '{"business_name": "' + "語" * 100_000 + '"}'
    assert_problem(refused(owner, "POST", "/v1/clients", wide), 413, "body_too_large")


def test_a_body_in_base64_is_read(owner: Staff):
    event = owner.event("POST", "/v1/clients", {})
    event["body"] = base64.b64encode('{"business_name": "Łódź"}'.encode()).decode()
    event["isBase64Encoded"] = True
    assert send("clients", event).body["business_name"] == "Łódź"


@pytest.mark.parametrize(
    "body",
    ["not base64!", "e30", base64.b64encode(b'{"business_name": "\xff"}').decode(), "ä"],
    ids=["other characters", "wrong padding", "not UTF-8", "not ASCII"],
)
def test_a_body_that_is_no_text_is_refused(body: str, owner: Staff):
    answer = refused(owner, "POST", "/v1/clients", body, isBase64Encoded=True)
    assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize(("method", "path"), BODIES)
def test_a_body_of_another_media_type_is_refused(method: str, path: str, owner: Staff):
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "", "json"):
        answer = refused(owner, method, path, "{}", headers={"content-type": media_type})
        assert_problem(answer, 415, "unsupported_media_type")
    answer = refused(owner, method, path, "{}", headers={})
    assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"],
)
def test_json_has_several_media_types(media_type: str, owner: Staff):
    event = owner.event("POST", "/v1/clients", {"business_name": "Acme"})
    event["headers"]["content-type"] = media_type
    assert send("clients", event).status == 201


# ---- Query parameters and headers --------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/v1/clients", {"limit": "0"}),
        ("/v1/clients", {"limit": "101"}),
        ("/v1/clients", {"limit": "ten"}),
        ("/v1/clients", {"limit": "1e1"}),
        ("/v1/clients", {"sort": "number"}),
        ("/v1/clients", {"status": "gone"}),
        ("/v1/clients", {"country": "Atlantis"}),
        ("/v1/clients", {"country": "Korea"}),
        ("/v1/clients", {"flagged": "maybe"}),
        ("/v1/clients", {"favourite": ""}),
        ("/v1/clients", {"balance_due": "2"}),
        ("/v1/clients", {"portal_status": "invited"}),
        ("/v1/clients", {"q": "a" * 201}),
        ("/v1/clients", {"tag": "x" * 61}),
        ("/v1/clients", {"nmae": "Acme"}),
        ("/v1/clients/{client_id}/contacts", {"limit": "0"}),
        ("/v1/clients/{client_id}/contacts", {"q": "Anna"}),
        ("/v1/staff", {"limit": "101"}),
        ("/v1/staff", {"role": "owner"}),
        ("/v1/settings", {"verbose": "1"}),
        ("/v1/me", {"verbose": "1"}),
    ],
)
def test_a_wrong_or_unknown_query_parameter_is_refused(
    path: str, wrong: dict[str, str], owner: Staff
):
    assert_problem(owner.get(filled(path), **wrong), 422, "validation_failed", *wrong)


def test_if_match_may_be_a_list_of_tags_or_a_star(owner: Staff):
    client = owner.post("/v1/clients", {"business_name": "Acme"})
    path = f"/v1/clients/{client.body['client_id']}"
    for number, matching in enumerate(('"{}"', '"0", "{}"', '"{}","0"', "*", ' "{}" '), start=1):
        answer = owner.patch(path, {"telephone": str(number)}, if_match=matching.format(number))
        assert answer.status == 200, matching
        assert answer.etag == f'"{number + 1}"'


@pytest.mark.parametrize("stale", ['"0"', '"0", "2"', "1", 'W/"1"', "", '"1', '"é"', '"0" "1"'])
def test_a_stale_or_broken_if_match_changes_nothing(stale: str, owner: Staff):
    client = owner.post("/v1/clients", {"business_name": "Acme"})
    path = f"/v1/clients/{client.body['client_id']}"
    with stored.unchanged():
        answer = owner.patch(path, {"telephone": "1"}, if_match=stale)
    assert_problem(answer, 412, "stale_version")


# ---- Faults ------------------------------------------------------------------------------

CALLS = [
    ("GET", "/v1/clients", None),
    ("POST", "/v1/clients", {"business_name": "Acme"}),
    ("GET", "/v1/clients/{client_id}", None),
    ("GET", "/v1/clients/{client_id}/overview", None),
    ("PATCH", "/v1/clients/{client_id}", {"telephone": "1"}),
    ("DELETE", "/v1/clients/{client_id}", None),
    ("PUT", "/v1/clients/{client_id}/favourite", None),
    ("GET", "/v1/clients/{client_id}/contacts", None),
    ("POST", "/v1/clients/{client_id}/contacts", {"first_name": "Zoë"}),
    ("GET", "/v1/clients/{client_id}/contacts/{contact_id}", None),
    ("GET", "/v1/settings", None),
    ("PATCH", "/v1/settings", {"name": "Sturm"}),
    ("GET", "/v1/me", None),
    ("GET", "/v1/staff", None),
    ("PATCH", "/v1/staff/{staff_id}", {"role": "staff"}),
]


THROTTLING = (
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
)


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_a_throttled_table_gives_503(method: str, path: str, body: Any, owner: Staff):
    name, _, _ = route(method, filled(path))
    for code in THROTTLING:
        with stored.unchanged(), stored.fault("*", code):
            answer = owner.call(name, method, filled(path), body)
        assert_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_a_fault_of_ours_gives_a_request_id_and_nothing_else(
    method: str, path: str, body: Any, owner: Staff
):
    name, _, _ = route(method, filled(path))
    crash = stored.Crash("secret office@x.example")
    for error in ("InternalServerError", "AccessDeniedException", crash):
        with stored.unchanged(), stored.fault("*", error):
            answer = owner.call(name, method, filled(path), body)
        assert_problem(answer, 500, "internal_error")
        assert answer.body["request_id"] == Context.aws_request_id
        said = json.dumps(answer.body).lower()
        for secret in ("secret", "dynamodb", "accessdenied", "traceback", "tallybook-test", ".py"):
            assert secret not in said


def test_a_fault_is_logged_whole(owner: Staff, logs: io.StringIO):
    with stored.fault("*", stored.Crash("the disk is full")):
        owner.get("/v1/settings")
    (crash,) = [line for line in lines(logs) if line["level"] == "ERROR"]
    assert "the disk is full" in crash["exception"]
    assert crash["function_request_id"] == Context.aws_request_id


# ---- Logs --------------------------------------------------------------------------------


def test_every_request_is_logged_with_function_route_caller_and_status(
    owner: Staff, logs: io.StringIO
):
    client = owner.post("/v1/clients", new_client())
    owner.get(f"/v1/clients/{client.body['client_id']}")
    first, second = lines(logs)
    assert first["function_name"] == Context.function_name
    assert first["function_request_id"] == Context.aws_request_id
    assert (first["caller"], first["route"]) == (owner.staff_id, "POST /v1/clients")
    assert (first["status"], second["status"]) == (201, 200)
    assert second["route"] == "GET /v1/clients/{client_id}"


def test_a_refusal_says_in_the_log_who_was_refused(member: Staff, logs: io.StringIO):
    member.patch("/v1/settings", {"name": "Sturm"})
    (line,) = lines(logs)
    assert (line["caller"], line["status"]) == (member.staff_id, 403)


def test_one_caller_is_not_logged_as_the_next(owner: Staff, member: Staff, logs: io.StringIO):
    owner.get("/v1/settings")
    event = member.event("GET", "/v1/settings")
    del event["requestContext"]["authorizer"]
    send("settings", event)
    assert "caller" not in lines(logs)[1]


def test_no_personal_data_is_logged_or_measured(
    owner: Staff, logs: io.StringIO, capfd: pytest.CaptureFixture[str]
):
    person = new_client()
    client = owner.post("/v1/clients", person).body
    path = f"/v1/clients/{client['client_id']}"
    owner.post("/v1/clients", person)  # 409
    owner.post("/v1/clients", person | {"emails": ["office@mueller.example", "Jürgen"]})  # 422
    owner.post("/v1/clients", person | {"currency": "Müller", "Müller": "x"})  # 422
    owner.post("/v1/clients", "Müller")  # 400
    owner.get("/v1/clients", q="Müller", email="office@mueller.example")
    owner.get(f"{path}/contacts/Müller")
    owner.patch(path, {"telephone": "+49221123457"})
    owner.post(f"{path}/contacts", {"first_name": "Jürgen", "emails": person["emails"]})
    owner.post(f"{path}/suspend", {"reason": "Müller does not pay"})
    with stored.fault("*", "InternalServerError"):
        owner.patch(path, {"last_name": "Müller-Söhne"})
    owner.delete(path)
    invoke("removals", removal_event(client["client_id"]))
    written = (logs.getvalue() + "".join(capfd.readouterr())).casefold()
    assert len(lines(logs)) >= 12
    for private in (
        "müller",
        "m\\u00fcller",
        "mueller",
        "jürgen",
        "j\\u00fcrgen",
        "221123",
        "köln",
    ):
        assert private not in written, private


def test_requests_and_failures_are_counted(owner: Staff, capfd: pytest.CaptureFixture[str]):
    capfd.readouterr()
    owner.get("/v1/settings")
    with stored.fault("*", "InternalServerError"):
        owner.get("/v1/settings")
    measured = [json.loads(line) for line in capfd.readouterr().out.splitlines() if line]
    assert [line["Requests"] for line in measured if "Requests" in line] == [[1.0], [1.0]]
    assert [line["Failures"] for line in measured if "Failures" in line] == [[1.0]]
