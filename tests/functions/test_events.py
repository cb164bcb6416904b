"""Each function handles its sample event in events/, just as AWS sends it."""

import json
import os
from typing import Any

import pytest

from tests.support import account, imports, stored
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


def test_promises_tasks_and_missed_look_for_what_their_samples_name():
    assert answered("promises").code == "client_not_found"
    assert answered("missed").code == "client_not_found"
    assert answered("tasks").body == {"items": [], "next_cursor": None}


def test_statements_looks_for_the_client_of_its_sample():
    assert answered("statements").code == "client_not_found"


def test_reports_says_who_owes_what_on_the_day_of_its_sample():
    answer = answered("reports")
    assert (answer.status, answer.body["as_of"]) == (200, "2026-10-31")


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


@pytest.mark.parametrize(
    "name",
    [
        "credit_notes",
        "emails",
        "estimates",
        "history",
        "invitations",
        "payment_links",
        "payments",
        "services",
        "sms",
    ],
)
def test_work_for_a_client_looks_for_the_client_of_its_sample(name: str):
    assert answered(name).code == "client_not_found"


def test_email_templates_shows_the_template_of_its_sample():
    answer = answered("email_templates")
    assert answer.status == 200
    assert answer.body["subject"]


def test_inbox_is_empty_for_its_sample():
    assert answered("inbox").body["items"] == []


def test_portal_knows_no_client_of_who_sent_its_sample():
    assert answered("portal").code == "access_suspended"


def test_pay_knows_no_link_of_its_sample():
    assert answered("pay").code == "payment_link_not_found"


def test_tracking_answers_its_sample_with_an_image():
    answer = answered("tracking")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.body.startswith(b"GIF89a")


@pytest.mark.parametrize("name", ["mail_events", "mailer", "portal_access", "texter", "webhooks"])
def test_work_of_a_queue_that_is_about_nothing_is_done_at_once(name: str):
    with stored.unchanged():
        assert invoke(name, sample(name)) == {"batchItemFailures": []}


def test_a_text_message_of_a_stranger_goes_to_the_inbox_by_its_sample(owner: Staff):
    assert invoke("inbound_sms", sample("inbound_sms")) == {"batchItemFailures": []}
    (message,) = owner.get("/v1/inbox").body["items"]
    assert message["sender"] == "+49221123456"


def test_mail_of_a_stranger_goes_to_the_inbox_by_its_sample(owner: Staff):
    event = sample("inbound_mail")
    (record,) = event["Records"]
    mail = b"From: anna@client.example\r\nSubject: Danke\r\n\r\nIch hole es morgen ab.\r\n"
    place = {"Bucket": os.environ["MAIL_BUCKET"], "Key": record["s3"]["object"]["key"]}
    account.client("s3").put_object(**place, Body=mail)
    invoke("inbound_mail", event)
    (message,) = owner.get("/v1/inbox").body["items"]
    assert message["sender"] == "anna@client.example"


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
            assert ("authorizer" in request) == (name not in ("fallback", "pay", "tracking"))


@pytest.mark.parametrize("name", sorted(functions()))
def test_every_function_has_a_sample(name: str):
    assert function(name).handler
    assert sample(name)
