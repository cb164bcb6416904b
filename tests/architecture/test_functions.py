"""Function ↔ folder ↔ sample event ↔ template, and a cold start as in Lambda."""

import json
import os
import re
import subprocess
import sys
from typing import Any

import botocore.session
import pytest

from tests.architecture.modules import LAYER
from tests.support import permissions
from tests.support.permissions import Permission
from tests.support.template import ROOT, functions, resources, template

NAMES = pytest.mark.parametrize("name", sorted(functions()))


def test_every_function_has_a_folder_and_every_folder_a_function():
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert folders == functions().keys()


def test_every_function_has_a_sample_event_and_every_sample_a_function():
    assert {path.stem for path in (ROOT / "events").iterdir()} == functions().keys()
    for path in (ROOT / "events").iterdir():
        assert isinstance(json.loads(path.read_text(encoding="utf-8")), dict)


@NAMES
def test_a_function_has_a_test_file_for_its_resource(name: str):
    assert (permissions.TESTS / f"test_{name}.py").exists()


@NAMES
def test_a_function_is_called_what_its_folder_is_called(name: str):
    function = functions()[name]
    (logical,) = [key for key, each in template()["Resources"].items() if each is function]
    properties = function["Properties"]
    assert logical == f"{name.title().replace('_', '')}Function"
    assert properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == name
    log = resources("AWS::Logs::LogGroup")[properties["LoggingConfig"]["LogGroup"]["Ref"]]
    assert log["Properties"]["LogGroupName"]["Fn::Sub"].endswith(f"/{name}")
    assert "RetentionInDays" in log["Properties"]


def deployed(value: Any) -> str:
    """What a function is given: a parameter's default, else something."""
    if isinstance(value, dict) and value.get("Ref") in template()["Parameters"]:
        value = template()["Parameters"][value["Ref"]].get("Default")
    return str(value) if isinstance(value, str | int) else "x"


def environment(name: str) -> dict[str, str]:
    """What Lambda sets, and what the template gives this function."""
    globals_ = template()["Globals"]["Function"]["Environment"]["Variables"]
    own = functions()[name]["Properties"].get("Environment", {}).get("Variables", {})
    given = {key: deployed(value) for key, value in (globals_ | own).items()}
    return given | {
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_SESSION_TOKEN": "x",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.environ["PATH"],
    }


# The module that reads each variable: whoever loads it is given the variable, and nobody else.
READ_IN = {
    "ACCESS_QUEUE_URL": "tallybook.portal.queue",
    "CHASE_QUEUE_URL": "tallybook.chasing.queue",
    "DOCUMENTS_BUCKET": "tallybook.documents.bucket",
    "DOCUMENT_QUEUE_URL": "tallybook.documents.queue",
    "EVENT_BUS_NAME": "tallybook.outbox.bus",
    "FONTS_DIR": "tallybook.papers.fonts",
    "IMPORT_BUCKET": "tallybook.imports.bucket",
    "IMPORT_QUEUE_URL": "tallybook.imports.queue",
    "INBOUND_SMS_QUEUE_URL": "tallybook.inbound.queue",
    "MAIL_BUCKET": "tallybook.inbound.bucket",
    "MAIL_CONFIGURATION_SET": "tallybook.mail.ses",
    "MAIL_DOMAIN": "tallybook.mail.ses",
    "MAIL_EVENTS_QUEUE_URL": "tallybook.mail.events_queue",
    "MAIL_FROM": "tallybook.mail.ses",
    "MAIL_QUEUE_URL": "tallybook.mail.queue",
    "MAIL_RATE": "tallybook.mail.pace",
    "PAY_URL": "tallybook.links.address",
    "PORTAL_POOL_ID": "tallybook.portal.pool",
    "PORTAL_URL": "tallybook.portal.address",
    "PUBLIC_URL": "tallybook.mail.pixel",
    "RECURRING_QUEUE_URL": "tallybook.recurring.queue",
    "SIGNING_SECRET": "tallybook.signing",
    "SMS_QUEUE_URL": "tallybook.sms.queue",
    "STAFF_POOL_ID": "tallybook.staff.pool",
    "WEBHOOK_QUEUE_URL": "tallybook.services.queue",
}
# What is heavy to load, and which functions cannot do without it.
PAPERS = {"documents", "renderer"}
RENDERS = {"email_templates", "mailer", "portal_access", "workflows"}
HEAVY = {
    "boto3": {"staff"},
    "chardet": set(),
    "charset_normalizer": set(),
    "css_inline": RENDERS,
    "email_validator": set(),
    "jinja2": RENDERS,
    "mailparser_reply": {"inbound_mail"},
    "moto": set(),
    "openpyxl": set(),
    "phonenumbers": set(),
    "pypdf": PAPERS,
    "pytest": set(),
    "requests": set(),
    "segno": PAPERS,
    "typst": PAPERS,
}

_START = """
import sys, json
sys.path[:0] = [FOLDER, LAYER]
import app
assert callable(app.handler)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules} | set(sys.modules))))
"""


def started(name: str) -> set[str]:
    """The modules that a container of the function has loaded when it is ready."""
    code = _START.replace("FOLDER", repr(str(ROOT / "functions" / name)))
    result = subprocess.run(
        [sys.executable, "-c", code.replace("LAYER", repr(str(LAYER)))],
        cwd="/",
        env=environment(name),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


@NAMES
def test_a_function_starts_with_its_own_folder_and_environment_only(name: str):
    loaded = started(name)
    assert "tallybook" in loaded
    for variable, module in READ_IN.items():
        assert (module in loaded) == (variable in environment(name)), variable
    # STYLE.md 9: what a start does not need is loaded when it is needed.
    assert [heavy for heavy, users in HEAVY.items() if heavy in loaded and name not in users] == []


# ---- Policies ----------------------------------------------------------------------------


@NAMES
def test_a_policy_names_exact_actions_on_resources_of_the_stack(name: str):
    for statement in permissions.statements(functions()[name]):
        assert statement["Effect"] == "Allow"
        if statement["Action"] == ["sns:Publish"]:
            # The one thing without an ARN: a telephone. Topics are kept out by having one.
            assert statement.keys() == {"Effect", "Action", "NotResource"}
            assert statement["NotResource"] == {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}
            continue
        assert statement.keys() == {"Effect", "Action", "Resource"}
        for action in statement["Action"]:
            assert "*" not in action
            assert action not in ("dynamodb:Scan", "dynamodb:PartiQLSelect")
        # All objects below a folder of a bucket are the one thing that a star may say.
        resource = re.sub(r'(:s3:::[^"*]+/[a-z]+/)\*"', r'\1"', json.dumps(statement["Resource"]))
        assert "*" not in resource


@NAMES
def test_a_policy_grants_nothing_twice(name: str):
    flat: list[tuple[str, Any]] = [
        (action, json.dumps(resource))
        for statement in permissions.statements(functions()[name])
        for action in statement["Action"]
        for resource in permissions.resources_of(statement)
    ]
    assert len(set(flat)) == len(flat)


def test_a_transaction_needs_the_actions_of_its_members():
    transaction = {
        "TransactItems": [
            {"Put": {"TableName": "t"}},
            {"Update": {"TableName": "t"}},
            {"Delete": {"TableName": "t"}},
            {"ConditionCheck": {"TableName": "t"}},
        ]
    }
    assert set(permissions.needed("dynamodb", "TransactWriteItems", transaction)) == {
        ("dynamodb:PutItem", "Table"),
        ("dynamodb:UpdateItem", "Table"),
        ("dynamodb:DeleteItem", "Table"),
        ("dynamodb:ConditionCheckItem", "Table"),
    }
    query = {"TableName": "t", "IndexName": "listing"}
    assert set(permissions.needed("dynamodb", "Query", query)) == {
        ("dynamodb:Query", "Table/index/listing")
    }
    staff = {"UserPoolId": os.environ["STAFF_POOL_ID"]}
    assert set(permissions.needed("cognito-idp", "AdminGetUser", staff)) == {
        ("cognito-idp:AdminGetUser", "StaffPool")
    }


@pytest.mark.parametrize(
    ("service", "operation", "params", "action", "resource"),
    [
        ("s3", "PutObject", {"Key": "results/1/a.json"}, "s3:PutObject", "ImportBucket/results/*"),
        ("s3", "UploadPart", {"Key": "results/a"}, "s3:PutObject", "ImportBucket/results/*"),
        ("s3", "HeadObject", {"Key": "imports/a"}, "s3:GetObject", "ImportBucket/imports/*"),
        (
            *("s3", "GetObject", {"Key": "imports/a", "VersionId": "1"}),
            *("s3:GetObjectVersion", "ImportBucket/imports/*"),
        ),
        ("s3", "ListObjectsV2", {"Prefix": "imports/"}, "s3:ListBucket", "ImportBucket"),
        ("s3", "ListObjectVersions", {"Prefix": "a/"}, "s3:ListBucketVersions", "ImportBucket"),
        ("sqs", "SendMessageBatch", {}, "sqs:SendMessage", "ImportQueue"),
        ("sqs", "ChangeMessageVisibility", {}, "sqs:ChangeMessageVisibility", "ImportQueue"),
    ],
)
def test_a_call_of_s3_or_sqs_needs_the_action_that_iam_has_for_it(
    service: str, operation: str, params: dict[str, Any], action: str, resource: str
):
    place = {"Bucket": os.environ["IMPORT_BUCKET"], "QueueUrl": os.environ["IMPORT_QUEUE_URL"]}
    assert set(permissions.needed(service, operation, place | params)) == {(action, resource)}


def test_deleting_a_version_among_others_needs_both_actions_that_iam_has_for_it():
    objects = [{"Key": "passing/1/a.pdf", "VersionId": "1"}]
    asked = {"Bucket": os.environ["DOCUMENTS_BUCKET"], "Delete": {"Objects": objects}}
    assert set(permissions.needed("s3", "DeleteObjects", asked)) == {
        ("s3:DeleteObject", "DocumentsBucket/passing/*"),
        ("s3:DeleteObjectVersion", "DocumentsBucket/passing/*"),
    }


def test_mail_needs_the_identity_that_it_comes_from_and_its_configuration_set():
    def sent(sender: str) -> set[tuple[str, str]]:
        mail = {
            "FromEmailAddress": sender,
            "ConfigurationSetName": os.environ["MAIL_CONFIGURATION_SET"],
        }
        return set(permissions.needed("ses", "SendEmail", mail))

    configured = ("ses:SendEmail", "MailConfigurationSet")
    assert sent("Ada <ada@firm.example>") == {("ses:SendEmail", "EmailIdentity"), configured}
    assert sent("eve@foreign.example") != {("ses:SendEmail", "EmailIdentity"), configured}


def test_what_a_signed_link_or_form_lets_others_do_is_needed_too(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(permissions, "used", set())
    monkeypatch.setitem(permissions._state, "in_functions", True)
    client: Any = botocore.session.get_session().create_client("s3")
    bucket = os.environ["IMPORT_BUCKET"]
    with permissions.running("imports"):
        client.generate_presigned_post(bucket, "uploads/1/a.csv")
        client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "results/1/a.csv"})
    assert permissions.used == {
        Permission("imports", "s3:PutObject", "ImportBucket/uploads/*"),
        Permission("imports", "s3:GetObject", "ImportBucket/results/*"),
    }


def test_a_difference_between_calls_and_policies_is_found_both_ways():
    read = Permission("clients", "dynamodb:GetItem", "Table")
    write = Permission("clients", "dynamodb:PutItem", "Table")
    assert permissions.disagreements({read, write}, {read, write}) == []
    assert permissions.disagreements({read, write}, {read}) == [
        "no policy allows it: clients: dynamodb:PutItem on Table"
    ]
    assert permissions.disagreements({read}, {read, write}) == [
        "no function test needs it: clients: dynamodb:PutItem on Table"
    ]
    elsewhere = Permission("clients", "dynamodb:GetItem", "Table/index/listing")
    assert len(permissions.disagreements({read}, {elsewhere})) == 2


def test_the_policies_of_the_template_are_understood():
    granted = permissions.granted()
    assert Permission("clients", "dynamodb:Query", "Table/index/listing") in granted
    assert Permission("staff", "cognito-idp:AdminCreateUser", "StaffPool") in granted
    assert Permission("imports", "s3:GetObject", "ImportBucket/results/*") in granted
    assert Permission("outbox", "sqs:SendMessage", "ImportQueue") in granted
    assert not [each for each in granted if each.function == "fallback"]
