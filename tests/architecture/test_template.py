"""What template.yaml promises that no test of the code would notice."""

import json
import re
from typing import Any

import pytest

from tallybook import batches
from tallybook.mail import sending
from tests.support.template import functions, resources, template

ALARMS = resources("AWS::CloudWatch::Alarm")
BUCKETS = resources("AWS::S3::Bucket")
QUEUES = resources("AWS::SQS::Queue")


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
    for client in resources("AWS::Cognito::UserPoolClient").values():
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


def test_reads_and_writes_of_the_table_and_of_its_indexes_are_watched():
    def watched(metric: dict[str, Any]) -> tuple[str, Any]:
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        return metric["MetricName"], dimensions.get("GlobalSecondaryIndexName")

    metrics = ALARMS["TableThrottlesAlarm"]["Properties"]["Metrics"]
    assert {watched(each["MetricStat"]["Metric"]) for each in metrics if "MetricStat" in each} == {
        (f"{kind}ThrottleEvents", index)
        for kind in ("Read", "Write")
        for index in (None, "listing", "by_date", "agenda")
    }


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_that_computes_takes_every_metric_that_it_has(name: str):
    metrics = ALARMS[name]["Properties"].get("Metrics", [])
    expressions = " ".join(each["Expression"] for each in metrics if "Expression" in each)
    if "METRICS()" not in expressions:
        inputs = [each["Id"] for each in metrics if each.get("ReturnData") is False]
        assert [each for each in inputs if not re.search(rf"\b{each}\b", expressions)] == []


# ---- Queues ------------------------------------------------------------------------------


def sources(kind: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each event source of a type: the function's folder, the function, the source."""
    return [
        (name, function["Properties"], source["Properties"])
        for name, function in functions().items()
        for source in function["Properties"].get("Events", {}).values()
        if source["Type"] == kind
    ]


def failure_destinations() -> set[str]:
    """The queues that take what was given up, whichever way it was."""
    redriven = [
        queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]
        for queue in QUEUES.values()
        if "RedrivePolicy" in queue["Properties"]
    ]
    streams = [
        source["DestinationConfig"]["OnFailure"]["Destination"]
        for _, _, source in sources("DynamoDB")
    ]
    invoked = [
        function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]
        for _, function, _ in (*sources("S3"), *sources("Schedule"))
    ]
    scheduled = [source["DeadLetterConfig"]["Arn"] for _, _, source in sources("Schedule")]
    return {arn["Fn::GetAtt"][0] for arn in (*redriven, *streams, *invoked, *scheduled)}


def watched(alarm: str, metric: str) -> set[str]:
    """The resources that an alarm's metrics of this name are about."""
    properties = ALARMS[alarm]["Properties"]
    metrics = [each["MetricStat"]["Metric"] for each in _measured(properties)] or [properties]
    return {
        value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
        for each in metrics
        if each["MetricName"] == metric
        for value in (dimension["Value"] for dimension in each["Dimensions"])
    }


def _measured(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in alarm.get("Metrics", []) if "MetricStat" in each]


def test_every_queue_is_encrypted():
    assert all(queue["Properties"]["SqsManagedSseEnabled"] is True for queue in QUEUES.values())


def test_a_queue_that_a_function_reads_waits_for_it_and_gives_up_into_dead_letters():
    default = template()["Globals"]["Function"]["Timeout"]
    for _, function, source in sources("SQS"):
        queue = QUEUES[source["Queue"]["Fn::GetAtt"][0]]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * function.get("Timeout", default)
        assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["ScalingConfig"]["MaximumConcurrency"] >= 2


# What waits until somebody has mended what AWS refuses: rights, limits, an account on hold.
@pytest.mark.parametrize(
    ("queue", "hours"), [("Mail", 72), ("Access", 8), ("Sms", 8), ("Document", 1)]
)
def test_what_cannot_leave_is_tried_for_hours(queue: str, hours: int):
    times = QUEUES[f"{queue}Queue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    pauses = [min(10 * 2**attempt, batches._LONGEST_PAUSE) for attempt in range(1, times + 1)]
    assert hours * 3600 < sum(pauses) < QUEUES[f"{queue}Queue"]["Properties"][_KEPT]


_KEPT = "MessageRetentionPeriod"


def test_an_invitation_has_its_function_to_itself():
    """Each may wait for the mail service that asks to slow down, and a batch is done in turn."""
    (function, source) = next(
        (function, source) for name, function, source in sources("SQS") if name == "portal_access"
    )
    assert source["BatchSize"] * sending._PATIENCE.total_seconds() < function["Timeout"] / 2


def test_a_stream_or_an_event_that_fails_is_given_up_in_the_end():
    for _, _, source in sources("DynamoDB"):
        assert source["MaximumRetryAttempts"] > 0
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    for _, function, _ in (*sources("S3"), *sources("Schedule")):
        assert function["EventInvokeConfig"]["MaximumRetryAttempts"] > 0


def test_dead_letters_are_kept_for_14_days_and_watched():
    dead = failure_destinations()
    read = {source["Queue"]["Fn::GetAtt"][0] for _, _, source in sources("SQS")}
    assert dead | read == QUEUES.keys()
    assert all(QUEUES[name]["Properties"]["MessageRetentionPeriod"] == 1209600 for name in dead)
    alarms = [name for name in ALARMS if name.endswith("DeadLettersAlarm")]
    letters = [watched(name, "ApproximateNumberOfMessagesVisible") for name in alarms]
    assert set().union(*letters) == dead
    assert sum(map(len, letters)) == len(dead)


def test_whatever_waits_to_be_worked_on_is_watched():
    streams = {
        name
        for name, function in resources("AWS::Serverless::Function").items()
        if any(function["Properties"] is reader for _, reader, _ in sources("DynamoDB"))
    }
    queues = {source["Queue"]["Fn::GetAtt"][0] for _, _, source in sources("SQS")}
    assert watched("BacklogAlarm", "IteratorAge") == streams
    alarms = [name for name in ALARMS if name.endswith("BacklogAlarm")]
    waiting = [watched(name, "ApproximateAgeOfOldestMessage") for name in alarms]
    assert set().union(*waiting) == queues
    assert sum(map(len, waiting)) == len(queues)


def test_what_has_fallen_due_is_asked_for_every_hour_and_somebody_hears_when_it_is_not():
    ((name, function, source),) = sources("Schedule")
    assert (name, source["Schedule"]) == ("agenda", "rate(1 hour)")
    # A run is not retried beyond the next one.
    patience = (source["RetryPolicy"], function["EventInvokeConfig"])
    assert all(0 < each["MaximumEventAgeInSeconds"] <= 3600 for each in patience)
    alarm = ALARMS["AgendaAlarm"]["Properties"]
    assert alarm["Dimensions"][0]["Value"] == {"Ref": "AgendaFunction"}
    assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("Invocations", "breaching")


# ---- Buckets -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_private_encrypted_versioned_and_outlives_the_stack(name: str):
    properties = BUCKETS[name]["Properties"]
    block = properties["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    assert len(block) == 4
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert BUCKETS[name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert BUCKETS[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_is_reached_by_tls_only(name: str):
    (policy,) = (
        each["Properties"]["PolicyDocument"]
        for each in resources("AWS::S3::BucketPolicy").values()
        if each["Properties"]["Bucket"] == {"Ref": name}
    )
    statement = policy["Statement"][0]
    arn = {"Fn::GetAtt": [name, "Arn"]}
    assert statement["Effect"] == "Deny"
    assert (statement["Principal"], statement["Action"]) == ("*", "s3:*")
    assert statement["Resource"] == [arn, {"Fn::Sub": f"${{{name}.Arn}}/*"}]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_files_of_imports_expire_and_nothing_of_them_remains():
    rules = BUCKETS["ImportBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert all(rule["Status"] == "Enabled" for rule in rules)
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert expiring == {"imports/": 90, "uploads/": 90, "results/": 90}
    (rest,) = (rule for rule in rules if "Prefix" not in rule)
    assert rest["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rest["ExpiredObjectDeleteMarker"] is True
    assert rest["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_only_papers_of_what_can_still_change_expire():
    rules = BUCKETS["DocumentsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert expiring == {"passing/": 30, "logos/": 30}
    (rest,) = (rule for rule in rules if "Prefix" not in rule)
    assert rest["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert rest["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_only_the_functions_that_make_papers_have_the_layer_for_it():
    assert template()["Globals"]["Function"]["Layers"] == [{"Ref": "SharedLayer"}]
    with_layer = {
        name for name, function in functions().items() if "Layers" in function["Properties"]
    }
    assert with_layer == {"documents", "renderer"}
    for name in with_layer:
        assert functions()[name]["Properties"]["Layers"] == [{"Ref": "DocumentsLayer"}]


def test_a_page_may_upload_and_download_from_the_same_origins_as_it_may_call_the_api():
    (rule,) = BUCKETS["ImportBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    (api,) = resources("AWS::Serverless::HttpApi").values()
    cors = api["Properties"]["DefinitionBody"]["x-amazon-apigateway-cors"]
    assert rule["AllowedOrigins"] == cors["allowOrigins"]
    assert set(rule["AllowedMethods"]) == {"GET", "HEAD", "POST"}
    assert rule["ExposedHeaders"] == ["ETag"]


def test_a_file_is_read_wherever_people_may_put_one():
    prefixes = {
        rule["Value"]
        for name, _, source in sources("S3")
        for rule in source["Filter"]["S3Key"]["Rules"]
        if name == "import_split" and rule["Name"] == "prefix"
    }
    assert prefixes == {"imports/", "uploads/"}


def test_mail_that_was_received_expires_and_only_ses_puts_it_there():
    rules = BUCKETS["MailBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule} == {
        "inbound/": 400
    }
    policy = template()["Resources"]["MailBucketPolicy"]["Properties"]["PolicyDocument"]
    _, from_ses = policy["Statement"]
    assert from_ses["Principal"] == {"Service": "ses.amazonaws.com"}
    assert from_ses["Resource"] == {"Fn::Sub": "${MailBucket.Arn}/inbound/*"}


# ---- Mail and topics ---------------------------------------------------------------------


def test_every_word_of_ses_about_a_mail_is_heard():
    destination = only("AWS::SES::ConfigurationSetEventDestination")
    heard = destination["Properties"]["EventDestination"]
    events = {"SEND", "DELIVERY", "DELIVERY_DELAY", "BOUNCE", "COMPLAINT", "REJECT"}
    assert heard["Enabled"] is True
    assert set(heard["MatchingEventTypes"]) == events
    assert heard["SnsDestination"] == {"TopicARN": {"Ref": "MailEventsTopic"}}
    assert destination["DependsOn"] == "MailEventsTopicPolicy"


def test_which_addresses_are_shut_is_for_each_client_alone_to_say():
    sent_with = only("AWS::SES::ConfigurationSet")["Properties"]
    assert sent_with["SuppressionOptions"] == {"SuppressedReasons": []}


def test_only_this_account_may_publish_to_a_topic_or_put_mail():
    policies = [
        *resources("AWS::SNS::TopicPolicy").values(),
        *resources("AWS::SQS::QueuePolicy").values(),
        *resources("AWS::S3::BucketPolicy").values(),
    ]
    allowed = [
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    for statement in allowed:
        assert statement["Principal"].keys() == {"Service"}
        (condition,) = statement["Condition"].values()
        (name,) = condition
        assert name in ("aws:SourceAccount", "aws:SourceArn")


def test_a_topic_that_a_queue_listens_to_may_put_messages_there_as_they_are():
    may = {
        (
            policy["Properties"]["Queues"][0]["Ref"],
            statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Ref"],
        )
        for policy in resources("AWS::SQS::QueuePolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "sns.amazonaws.com"}
    }
    listening = {
        (each["Properties"]["Endpoint"]["Fn::GetAtt"][0], each["Properties"]["TopicArn"]["Ref"])
        for each in resources("AWS::SNS::Subscription").values()
        if each["Properties"]["Protocol"] == "sqs"
    }
    assert listening == may
    assert all(
        each["Properties"]["RawMessageDelivery"] is True
        for each in resources("AWS::SNS::Subscription").values()
        if each["Properties"]["Protocol"] == "sqs"
    )


# ---- Streams -----------------------------------------------------------------------------


def test_removals_hear_of_a_client_once_when_it_is_hidden():
    function = template()["Resources"]["RemovalsFunction"]["Properties"]
    source = function["Events"]["Removed"]["Properties"]
    (each,) = source["FilterCriteria"]["Filters"]
    images = json.loads(each["Pattern"])["dynamodb"]
    # The stub that an erased client becomes is written later, and is hidden before and after.
    assert images["OldImage"] == {"removed_at": {"S": [{"exists": False}]}}
    assert images["NewImage"] == {"removed_at": {"S": [{"exists": True}]}}


def test_a_stream_has_no_more_readers_than_its_shards_serve():
    assert len(sources("DynamoDB")) <= 2


def test_the_outbox_hears_once_of_work_of_what_happened_and_of_who_left():
    ((_, _, source),) = (each for each in sources("DynamoDB") if each[0] == "outbox")
    patterns = [json.loads(each["Pattern"]) for each in source["FilterCriteria"]["Filters"]]
    prefixes = ("DELIVERY#", "EMAIL#", "JOB#", "SMS#")
    kinds = ["CLIENT", *({"prefix": prefix} for prefix in prefixes)]
    assert len(patterns) <= 5  # as many as Lambda takes
    assert patterns == [
        {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": kinds}}}},
        {
            "eventName": ["INSERT"],
            "dynamodb": {
                "Keys": {"sk": {"S": [{"prefix": "HISTORY#"}]}},
                "NewImage": {"event": {"S": [{"exists": True}]}},
            },
        },
        {
            "eventName": ["REMOVE"],
            "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "PORTALUSER#"}]}}},
        },
    ]


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
    sums = ["amount", "invoiced", "received", "credited", "written_off"]
    assert projections == {
        "listing": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["row", *sums]},
        "by_date": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["row"]},
        "agenda": {"ProjectionType": "KEYS_ONLY"},
    }


@pytest.mark.parametrize("name", ["StaffPool", "PortalPool"])
def test_people_are_invited_and_have_good_passwords(name: str):
    pool = resources("AWS::Cognito::UserPool")[name]
    properties = pool["Properties"]
    assert pool["DeletionPolicy"] == "Retain"
    assert properties["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert properties["MfaConfiguration"] == "OPTIONAL"
    assert properties["UsernameConfiguration"] == {"CaseSensitive": False}
    policy = properties["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers"))
    assert policy["TemporaryPasswordValidityDays"] == 7


def test_staff_have_the_groups_that_roles_are():
    groups = {
        each["Properties"]["GroupName"]
        for each in resources("AWS::Cognito::UserPoolGroup").values()
    }
    assert groups == {"owner", "manager", "specialist", "staff"}


def routes() -> list[tuple[str, str, str]]:
    """Function, route key and authorizer of every route."""
    return [
        (
            name,
            f"{event['Method']} {event['Path']}" if "Path" in event else "$default",
            event.get("Auth", {}).get("Authorizer", "Staff"),
        )
        for name, _, event in sources("HttpApi")
    ]


def test_a_route_asks_for_a_token_of_the_staff_or_below_portal_of_a_client():
    api = only("AWS::Serverless::HttpApi")["Properties"]
    assert api["Auth"]["DefaultAuthorizer"] == "Staff"
    audiences = {
        name: each["JwtConfiguration"]["audience"]
        for name, each in api["Auth"]["Authorizers"].items()
    }
    assert audiences == {"Staff": [{"Ref": "StaffClient"}], "Portal": [{"Ref": "PortalClient"}]}
    open_to_all = {
        "$default": "fallback",
        "GET /pay/{token}": "pay",
        "GET /t/{token}": "tracking",
    }
    for name, key, authorizer in routes():
        if key in open_to_all:
            assert (name, authorizer) == (open_to_all[key], "NONE")
        else:
            is_portal = key.partition(" ")[2].startswith("/portal/")
            assert authorizer == ("Portal" if is_portal else "Staff"), key


def test_what_takes_no_token_has_a_limit_of_its_own():
    api = only("AWS::Serverless::HttpApi")["Properties"]
    assert {"Ref": "ThrottleRate"} in api["DefaultRouteSettings"].values()
    assert api["RouteSettings"].keys() == {key for _, key, kind in routes() if kind == "NONE"}


def test_every_function_is_traced_and_its_log_ends():
    groups = resources("AWS::Logs::LogGroup")
    assert template()["Globals"]["Function"]["Tracing"] == "Active"
    for function in functions().values():
        group = groups[function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_there_are_ten_alarms_at_most():
    assert 0 < len(resources("AWS::CloudWatch::Alarm")) <= 10
