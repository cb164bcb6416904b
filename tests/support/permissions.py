"""Compares what the functions do with AWS in their tests with what template.yaml lets them do.

A plugin of pytest (see tests/conftest.py). While a function's handler runs, every call of every
AWS client is taken down, and every link and form that it signs for others to call with. At the end
of a session that ran all of tests/functions, the calls and the policies must be the same: a call
that no policy allows fails the session, and so does a permission that no test needs. A session that
ran only some of them says that it did not compare.
"""

import inspect
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple

# moto hooks the clients that are made after its import, and so does this module: before ours.
import botocore.handlers
import botocore.signers
import moto.core.models  # noqa: F401
import pytest

from tests.support.template import functions, logical_id, resources

TESTS = Path(__file__).parents[1] / "functions"
# How policies name objects of a bucket, which they cannot refer to: see ImportBucket.
_BUCKET_ARN = "arn:${AWS::Partition}:s3:::"
# SES's resources have no attribute that is their ARN.
_SES_ARN = re.compile(
    r"arn:\$\{AWS::Partition\}:ses:\$\{AWS::Region\}:\$\{AWS::AccountId\}:[a-z-]+/\$\{(\w+)\}"
)


class Permission(NamedTuple):
    """`function` may do `action` ("dynamodb:Query") on `resource` ("Table/index/listing")."""

    function: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.function}: {self.action} on {self.resource}"


_MEMBERS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
# Operations of S3 and SQS that IAM knows by another's name.
_ACTIONS = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteMessageBatch": "DeleteMessage",
    "HeadObject": "GetObject",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjectsV2": "ListBucket",
    "SendMessageBatch": "SendMessage",
    "UploadPart": "PutObject",
}
_OF_A_VERSION = {"DeleteObject", "GetObject"}

used: set[Permission] = set()
_running: str | None = None


@contextmanager
def running(function: str | None) -> Iterator[None]:
    """What AWS is asked inside is asked by this function, whichever thread asks."""
    global _running
    outside, _running = _running, function
    try:
        yield
    finally:
        _running = outside


def needed(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions that IAM checks for a call, and on which resource of the template."""
    action = _ACTIONS.get(operation, operation)
    match service:
        case "dynamodb" if "TransactItems" in params:
            for item in params["TransactItems"]:
                for kind, member in item.items():
                    yield from needed(service, _MEMBERS[kind], member)
        case "dynamodb":
            index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
            yield f"dynamodb:{operation}", f"Table{index}"
        case "s3" if operation == "DeleteObjects":
            # S3 asks for this also where only versions go.
            for each in params["Delete"]["Objects"]:
                place = {"Bucket": params["Bucket"], "Key": each["Key"]}
                yield from needed(service, "DeleteObject", place)
                yield from needed(service, "DeleteObject", place | each)
        case "s3":
            version = "Version" if "VersionId" in params and action in _OF_A_VERSION else ""
            yield f"s3:{action}{version}", _object(params["Bucket"], params.get("Key"))
        case "sqs":
            yield f"sqs:{action}", logical_id(params["QueueUrl"])
        case _:
            for resource in _concerned(service, params):
                yield f"{service}:{action}", resource


def _concerned(service: str, params: dict[str, Any]) -> set[str]:
    """The resources that a call is about, each of which it must be allowed for."""
    match service:
        case "cognito-idp":
            return {logical_id(params["UserPoolId"])}
        case "events":
            return {logical_id(entry["EventBusName"]) for entry in params["Entries"]}
        case "ses":  # the identity that the mail comes from, and what it is sent with
            set_ = logical_id(params["ConfigurationSetName"])
            return {_identity(params["FromEmailAddress"]), set_}
        case "sns" if "PhoneNumber" in params:
            return {"a number"}
    return {"?"}


def _identity(sender: str) -> str:
    """The stack has one identity, the domain of MAIL_FROM."""
    address = parseaddr(sender)[1]
    is_ours = address.rpartition("@")[2] == os.environ["MAIL_FROM"].rpartition("@")[2]
    return "EmailIdentity" if is_ours else f"the identity of {address}"


def _object(name: str, key: str | None) -> str:
    """Policies name the first part of a key: "ImportBucket/results/*"."""
    bucket = logical_id(name)
    if key is None:
        return bucket
    folder, slash, _ = key.partition("/")
    return f"{bucket}/{folder}/*" if slash else f"{bucket}/{key}"


def _record(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
    context["tallybook_params"] = params
    _use(model.service_model.signing_name, model.name, params)


def _record_missing(parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Who may not list a bucket is refused, and not told that a key is missing.

    `imports` takes the one for the other, and so needs no such permission.
    """
    if parsed.get("Error", {}).get("Code") == "NoSuchKey":
        bucket = context["tallybook_params"]["Bucket"]
        if bucket == os.environ["MAIL_BUCKET"]:
            _use("s3", "ListBucket", {"Bucket": bucket})


def _use(service: str, operation: str, params: dict[str, Any]) -> None:
    if _running and _state["in_functions"]:
        for action, resource in needed(service, operation, params):
            used.add(Permission(_running, action, resource))


# Whoever uses a link or a form does so with the rights of the function that signed it. To sign a
# link passes the hook of the call; a form passes that of CreateBucket, which has its address.
sign_form = botocore.signers.generate_presigned_post


def _record_form(self: Any, *args: Any, **options: Any) -> Any:
    given = inspect.signature(sign_form).bind(self, *args, **options).arguments
    _use("s3", "PutObject", {"Bucket": given["Bucket"], "Key": given["Key"]})
    with running(None):
        return sign_form(self, *args, **options)


botocore.handlers.BUILTIN_HANDLERS.append(("provide-client-params", _record))
botocore.handlers.BUILTIN_HANDLERS.append(("after-call.s3.GetObject", _record_missing))
vars(botocore.signers)["generate_presigned_post"] = _record_form


def granted() -> set[Permission]:
    """What the policies of the template allow."""
    return {
        Permission(name, action, _resource(resource))
        for name, function in functions().items()
        for statement in statements(function)
        for action in _list(statement["Action"])
        for resource in resources_of(statement)
    }


def statements(function: dict[str, Any]) -> list[dict[str, Any]]:
    policies = function["Properties"].get("Policies", [])
    return [statement for policy in policies for statement in policy["Statement"]]


def resources_of(statement: dict[str, Any]) -> list[Any]:
    """What a statement is about. What has no ARN is named by what it is not."""
    return _list(statement.get("Resource") or {"not": statement["NotResource"]})


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _buckets() -> dict[str, str]:
    """The logical ids of the buckets by their names in the template."""
    return {
        bucket["Properties"]["BucketName"]["Fn::Sub"]: logical
        for logical, bucket in resources("AWS::S3::Bucket").items()
    }


def _resource(value: Any) -> str:
    """The resource by its logical id: `!Sub ${Table.Arn}/index/x` is "Table/index/x"."""
    match value:
        case {"Fn::GetAtt": [name, "Arn"]}:
            return str(name)
        case {"Fn::Sub": str(text)} if text.startswith(_BUCKET_ARN):
            bucket, slash, key = text.removeprefix(_BUCKET_ARN).partition("/")
            return _buckets()[bucket] + slash + key
        case {"Fn::Sub": str(text)} if found := _SES_ARN.fullmatch(text):
            return found[1]
        case {"not": {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}}:
            return "a number"  # a telephone's, as texts are sent to
        case {"Fn::Sub": str(text)}:
            return text.replace("${", "").replace(".Arn}", "")
    raise ValueError(f"{value} is not the ARN of a resource of the template")


def disagreements(calls: Iterable[Permission], policies: Iterable[Permission]) -> list[str]:
    calls, policies = set(calls), set(policies)
    missing = [f"no policy allows it: {each}" for each in sorted(calls - policies)]
    unused = [f"no function test needs it: {each}" for each in sorted(policies - calls)]
    return missing + unused


# ---- The hooks of pytest. With xdist, workers hand their calls over to the controller. ----

_state = {"collected": False, "complete": False, "deselected": False, "in_functions": False}
_verdict: list[str] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    _state["in_functions"] = TESTS in item.path.parents


def pytest_deselected(items: list[pytest.Item]) -> None:
    if any(TESTS in item.path.parents for item in items):
        _state["deselected"] = True


def pytest_collection_finish(session: pytest.Session) -> None:
    files = {item.path for item in session.items if TESTS in item.path.parents}
    named = any("::" in argument for argument in session.config.args)
    _state["collected"] = bool(files)
    _state["complete"] = (
        files == set(TESTS.glob("test_*.py")) and not named and not _state["deselected"]
    )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: Any) -> None:
    output = getattr(node, "workeroutput", None) or {}
    used.update(Permission(*each) for each in output.get("used", []))
    for name in ("collected", "complete"):
        _state[name] = _state[name] or output.get(name, False)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    worker: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if worker is not None:
        worker.update(used=[list(each) for each in sorted(used)], **_state)
    elif session.config.option.collectonly or not _state["collected"]:
        return
    elif not _state["complete"]:
        _verdict.append("Not compared with the policies: only some of tests/functions ran.")
    elif session.testsfailed or session.shouldstop:
        _verdict.append("Not compared with the policies: tests failed.")
    elif found := disagreements(used, granted()):
        _verdict.extend(["FAILED: template.yaml and the calls of tests/functions differ.", *found])
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    else:
        _verdict.append(f"The policies allow just what the tests did: {len(used)} permissions.")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _verdict:
        terminalreporter.section("policies of template.yaml")
        for line in _verdict:
            terminalreporter.line(line)
