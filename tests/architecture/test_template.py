"""What template.yaml promises that no test of the code would notice."""

import json
from typing import Any

import pytest

from tests.support.template import resources, template

ALARMS = resources("AWS::CloudWatch::Alarm")


def test_the_log_level_is_the_one_that_lambda_goes_by():
    levels = template()["Parameters"]["LogLevel"]["AllowedValues"]
    assert levels == ["DEBUG", "INFO", "WARN", "ERROR"]
    globals_ = template()["Globals"]["Function"]
    assert globals_["LoggingConfig"]["ApplicationLogLevel"] == {"Ref": "LogLevel"}
    # With the log format JSON, Lambda's level beats that of Powertools.
    assert "POWERTOOLS_LOG_LEVEL" not in globals_["Environment"]["Variables"]


def test_only_functions_that_sign_have_the_secret():
    assert "SIGNING_SECRET" not in template()["Globals"]["Function"]["Environment"]["Variables"]


def test_a_page_may_read_every_header_that_answers_have():
    (api,) = resources("AWS::Serverless::HttpApi").values()
    cors = api["Properties"]["DefinitionBody"]["x-amazon-apigateway-cors"]
    assert {"etag", "idempotency-replayed", "location", "retry-after"} == set(cors["exposeHeaders"])


def test_members_may_not_rename_themselves_in_the_pool():
    (client,) = resources("AWS::Cognito::UserPoolClient").values()
    assert client["Properties"]["WriteAttributes"] == ["locale"]


# ---- Alarms ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_has_no_more_metrics_than_cloudwatch_takes(name: str):
    metrics = ALARMS[name]["Properties"].get("Metrics", [])
    assert len([each for each in metrics if "MetricStat" in each]) <= 10


def test_what_watches_all_functions_does_not_grow_with_them():
    for name, metric in (("ErrorsAlarm", "Errors"), ("ThrottlesAlarm", "Throttles")):
        properties = ALARMS[name]["Properties"]
        assert (properties["Namespace"], properties["MetricName"]) == ("AWS/Lambda", metric)
        assert "Dimensions" not in properties


def test_reads_and_writes_of_the_table_and_of_both_lists_are_watched():
    def watched(metric: dict[str, Any]) -> tuple[str, Any]:
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        return metric["MetricName"], dimensions.get("GlobalSecondaryIndexName")

    metrics = ALARMS["TableThrottlesAlarm"]["Properties"]["Metrics"]
    assert {watched(each["MetricStat"]["Metric"]) for each in metrics if "MetricStat" in each} == {
        (f"{kind}ThrottleEvents", index)
        for kind in ("Read", "Write")
        for index in (None, "listing", "by_date")
    }


# ---- Streams -----------------------------------------------------------------------------


def test_removals_hear_of_a_client_once_when_it_is_hidden():
    function = template()["Resources"]["RemovalsFunction"]["Properties"]
    source = function["Events"]["Removed"]["Properties"]
    (each,) = source["FilterCriteria"]["Filters"]
    images = json.loads(each["Pattern"])["dynamodb"]
    # The stub that an erased client becomes is written later, and is hidden before and after.
    assert images["OldImage"] == {"removed_at": {"S": [{"exists": False}]}}
    assert images["NewImage"] == {"removed_at": {"S": [{"exists": True}]}}
