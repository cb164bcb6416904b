"""Each function handles its sample event in events/, just as AWS sends it."""

import json
from typing import Any

import pytest

from tests.support import imports, stored
from tests.support.api import Answer, Staff, answer_of, function, invoke, route
from tests.support.template import ROOT, functions


def sample(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))


def answered(name: str) -> Answer:
    return answer_of(invoke(name, sample(name)))


def test_clients_creates_the_client_of_its_sample():
    answer = answered("clients")
    assert answer.status == 201
    assert answer.body["business_name"] == "Müller & Söhne GmbH"
    assert answer.body["telephone"] == "+49221123456"
    assert answered("clients").body == answer.body  # the same Idempotency-Key


def test_contacts_looks_for_the_client_of_its_sample():
    assert answered("contacts").code == "client_not_found"


def test_settings_takes_the_change_of_its_sample():
    answer = answered("settings")
    assert (answer.status, answer.body["name"]) == (200, "Sturm & Partner")


def test_staff_says_who_sent_its_sample():
    answer = answered("staff")
    assert (answer.status, answer.body["name"]) == (200, "Olga Sturm")


def test_fallback_knows_no_path_of_its_sample():
    assert answered("fallback").code == "not_found"


def test_removals_removes_the_client_of_its_sample():
    (record,) = sample("removals")["Records"]
    stored.client().put_item(TableName="tallybook-test", Item=record["dynamodb"]["NewImage"])
    assert invoke("removals", sample("removals")) == {"batchItemFailures": []}
    assert stored.keys() == []


def test_imports_begins_the_import_of_its_sample():
    answer = answered("imports")
    assert (answer.status, answer.body["filename"]) == (201, "Kunden März.csv")
    assert answered("imports").body["import_id"] == answer.body["import_id"]


def test_a_dropped_file_goes_in_by_the_samples_of_split_outbox_and_rows(owner: Staff):
    dropped = sample("import_split")
    (record,) = dropped["Records"]
    event = imports.put("imports/Kunden März 2026.csv", "Firma\nMüller & Söhne GmbH\n")
    arrived = event["Records"][0]["s3"]["object"]
    assert record["s3"]["object"]["key"] == arrived["key"]
    record["s3"]["object"]["versionId"] = arrived["versionId"]  # S3 alone decides on that
    assert invoke("import_split", dropped) is None
    assert invoke("outbox", sample("outbox")) == {"batchItemFailures": []}
    assert imports.received() == [json.loads(sample("import_rows")["Records"][0]["body"])]
    assert invoke("import_rows", sample("import_rows")) == {"batchItemFailures": []}
    assert imports.clients(owner) == {"C-0001": "Müller & Söhne GmbH"}


def test_the_samples_of_http_functions_are_of_their_own_routes():
    for name, each in functions().items():
        event = sample(name)
        kinds = {source["Type"] for source in each["Properties"]["Events"].values()}
        if kinds == {"HttpApi"}:
            request = event["requestContext"]
            assert event["version"] == "2.0"
            method, path = request["http"]["method"], event["rawPath"]
            found, key, parameters = route(method, path)
            assert (found, key) == (name, event["routeKey"])
            assert event.get("pathParameters", {}) == parameters
            assert request["routeKey"] == key
            assert ("authorizer" in request) == (name not in ("fallback", "tracking"))


@pytest.mark.parametrize("name", sorted(functions()))
def test_every_function_has_a_sample(name: str):
    assert function(name).handler
    assert sample(name)
