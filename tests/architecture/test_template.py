"""What template.yaml promises that no test of the code would notice."""

import json
from typing import Any

import pytest

from tests.support.template import functions, resources, template

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


def only(kind: str) -> dict[str, Any]:
    (resource,) = resources(kind).values()
    return resource


def test_the_table_outlives_the_stack_and_every_mistake():
    table = only("AWS::DynamoDB::Table")
    properties = table["Properties"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert properties["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    projections = {
        index["IndexName"]: index["Projection"] for index in properties["GlobalSecondaryIndexes"]
    }
    row = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["row"]}
    assert projections == {
        "listing": row,
        "by_date": row,
        "agenda": {"ProjectionType": "KEYS_ONLY"},
    }


def test_staff_are_invited_and_have_good_passwords():
    pool = only("AWS::Cognito::UserPool")
    properties = pool["Properties"]
    assert pool["DeletionPolicy"] == "Retain"
    assert properties["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert properties["MfaConfiguration"] == "OPTIONAL"
    policy = properties["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers"))
    groups = {
        each["Properties"]["GroupName"]
        for each in resources("AWS::Cognito::UserPoolGroup").values()
    }
    assert groups == {"owner", "manager", "specialist", "staff"}


def test_every_route_but_the_fallback_asks_for_a_token():
    api = only("AWS::Serverless::HttpApi")["Properties"]
    assert api["Auth"]["DefaultAuthorizer"] in api["Auth"]["Authorizers"]
    open_to_all = [
        (name, event)
        for name, function in functions().items()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi" and "Auth" in event["Properties"]
    ]
    assert [name for name, _ in open_to_all] == ["fallback"]
    assert {"Ref": "ThrottleRate"} in api["DefaultRouteSettings"].values()


def test_every_function_is_traced_and_its_log_ends():
    groups = resources("AWS::Logs::LogGroup")
    assert template()["Globals"]["Function"]["Tracing"] == "Active"
    for function in functions().values():
        group = groups[function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_there_are_ten_alarms_at_most():
    assert 0 < len(resources("AWS::CloudWatch::Alarm")) <= 10
