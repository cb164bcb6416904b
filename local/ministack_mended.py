"""Runs MiniStack 1.5.33 with what it gets wrong mended; the emulator's own Python runs this."""

import hashlib
import json
import tempfile
import threading
import zipfile
from email.utils import parseaddr
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_actions, lambda_runtime  # type: ignore[import-not-found]
from ministack.core.responses import get_account_id  # type: ignore[import-not-found]
from ministack.services import (  # type: ignore[import-not-found]
    apigateway,
    dynamodb,
    lambda_svc,
    s3,
    ses,
    ses_v2,
    sqs,
)

type State = dict[str, Any]

# AWS takes a function's answer whose body is null, as of a 204; MiniStack fails on it.
invoke = apigateway._invoke_lambda_proxy


async def invoke_with_body(*args: Any, **options: Any) -> tuple[int, dict[str, Any], bytes]:
    status, headers, body = await invoke(*args, **options)
    return status, headers, body or b""


# MiniStack keeps over a restart how far a function has read a table's stream, but not the
# stream: what is written after the restart would seem to have been read already.
STREAMS = ("_stream_records", "_stream_trimmed")
get_state = dynamodb.get_state
load_persisted_state = dynamodb.load_persisted_state


def get_state_with_streams() -> State:
    state: State = get_state()
    return state | {name: getattr(dynamodb, name) for name in STREAMS}


def load_state_with_streams(state: State) -> None:
    load_persisted_state(state)
    for name in STREAMS:
        if name in state:
            getattr(dynamodb, name)._data.update(state[name]._data)


# AWS takes {"exists": false} as true below what is missing; MiniStack stops at what is missing.
match = lambda_svc._match_esm_filter


def match_below_what_is_missing(record: State, pattern: State) -> bool:
    missing: State = {
        name: {}
        for name, part in pattern.items()
        if isinstance(part, dict) and record.get(name) is None
    }
    matches: bool = match(record | missing, pattern)
    return matches


# AWS delivers records of a stream again that the function says it failed at; MiniStack goes on.
execute = lambda_svc._execute_function


def execute_until_none_fails(function: State, event: State) -> State:
    result: State = execute(function, event)
    answer, records = result.get("body"), event.get("Records") or [{}]
    if records[0].get("eventSource") == "aws:dynamodb" and isinstance(answer, dict):
        # All of the batch comes again, where AWS begins with the first that failed.
        return result | {"error": bool(result.get("error") or answer.get("batchItemFailures"))}
    return result


# AWS reads a range of an old version; MiniStack answers with all of it.
get_object = s3._get_object


def get_object_in_range(bucket: str, key: str, headers: State, query: State | None = None) -> Any:
    asked = headers.get("range")
    if not asked or "versionId" not in (query or {}):
        return get_object(bucket, key, headers, query)
    # The checksum is that of the whole object.
    headers = {name: value for name, value in headers.items() if name != "x-amz-checksum-mode"}
    status, answered, body = get_object(bucket, key, headers, query)
    if status != 200:
        return status, answered, body
    size, found = len(body), s3._parse_range(asked, len(body))
    if found is None:
        nothing = {"Content-Type": "application/xml", "Content-Range": f"bytes */{size}"}
        return 416, nothing, s3._xml_body(s3._range_error_xml(bucket, key))
    part = body[found[0] : found[1] + 1]
    answered |= {
        "Content-Length": str(len(part)),
        "Content-Range": f"bytes {found[0]}-{found[1]}/{size}",
    }
    return 206, answered, part


# IAM has no actions for SQS's batches: sending one takes the permission to send a message.
action_from_target = iam_actions._action_from_target


def action_of_one(headers: State) -> str | None:
    action: str | None = action_from_target(headers)
    if action and headers.get("x-amz-target", "").startswith("AmazonSQS."):
        return action.removesuffix("Batch")
    return action


# MiniStack looks for a queue under its present port, also when it was made under another.
queue_url = sqs._queue_url


def queue_url_as_made(name: str) -> str:
    url: str = sqs._queue_name_to_url.get(name) or queue_url(name)
    return url


# SES asks whether a mail may come from its identity, and be sent with its configuration set;
# MiniStack asks whether mail may be sent from anything.
enforce_ses = app._enforce_ses_v2


def enforce_ses_by_resource(
    method: str, path: str, headers: State, body: bytes, query: State, request_id: str
) -> Any:
    if (method, path) != ("POST", "/v2/email/outbound-emails"):
        return enforce_ses(method, path, headers, body, query, request_id)
    mail: State = json.loads(body)
    sender = parseaddr(mail.get("FromEmailAddress", ""))[1]
    identity = sender if sender in ses_v2._identities else sender.rpartition("@")[2]
    asked = [f"identity/{identity}"]
    if used := mail.get("ConfigurationSetName"):
        asked.append(f"configuration-set/{used}")
    account, region = get_account_id(), app.extract_region(headers, query)
    answers = (
        app._enforce_data_plane(
            *("sesv2", "ses:SendEmail", headers, query, request_id),
            resource_arn=f"arn:aws:ses:{region}:{account}:{each}",
        )
        for each in asked
    )
    return next((answer for answer in answers if answer), None)


# MiniStack keeps and shows the mails that it took, but not what they carry.
handle_ses = ses_v2.handle_request
show_mails = app._handle_ses_messages_request


async def handle_ses_with_attachments(
    method: str, path: str, headers: State, body: bytes, query: State
) -> Any:
    answer = await handle_ses(method, path, headers, body, query)
    if (method, path) == ("POST", "/v2/email/outbound-emails") and answer[0] == 200:
        attached = json.loads(body).get("Content", {}).get("Simple", {}).get("Attachments", [])
        taken = json.loads(answer[2])["MessageId"]
        for mail in ses_v2._sent_emails_list():
            if mail["MessageId"] == taken:
                mail["Attachments"] = attached
    return answer


async def show_mails_with_attachments(*asked: Any) -> Any:
    answer = await show_mails(*asked)
    if answer is None or answer[0] != 200:
        return answer
    kept = [mail for mails in ses._sent_emails.to_dict().values() for mail in mails]
    attached = {mail["MessageId"]: mail.get("Attachments", []) for mail in kept}
    shown = json.loads(answer[2])
    for mail in (mail for mails in shown["messages"].values() for mail in mails):
        mail["Attachments"] = attached[mail["MessageId"]]
    return 200, answer[1], json.dumps(shown).encode()


# MiniStack unpacks a function and its layers for each of its processes, 100 MB at a time, and does
# little else meanwhile. They change nothing of it (AWS has it read-only): one copy does for all.
class UnpackedOnce:
    """Of `zipfile.ZipFile` what the start of a function's process asks of it."""

    lock = threading.Lock()

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def namelist(self) -> list[str]:
        """None that lead elsewhere: the archives are of our own making."""
        return []

    def extractall(self, directory: str) -> None:
        with self.path.open("rb") as archive:
            digest = hashlib.file_digest(archive, "sha256").hexdigest()
        copy = Path(tempfile.gettempdir(), f"unpacked-{digest}")
        with self.lock:
            if not copy.exists():
                new = tempfile.mkdtemp(dir=copy.parent)
                with zipfile.ZipFile(self.path) as archive:
                    archive.extractall(new)
                Path(new).rename(copy)
        self.path.unlink()
        Path(directory).rmdir()
        Path(directory).symlink_to(copy)


if __name__ == "__main__":
    app._handle_ses_messages_request = show_mails_with_attachments
    app._enforce_ses_v2 = enforce_ses_by_resource
    apigateway._invoke_lambda_proxy = invoke_with_body
    iam_actions._action_from_target = action_of_one
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=UnpackedOnce,
        BadZipFile=zipfile.BadZipFile,
        LargeFileError=zipfile.LargeZipFile,
    )
    lambda_svc._execute_function = execute_until_none_fails
    lambda_svc._match_esm_filter = match_below_what_is_missing
    s3._get_object = get_object_in_range
    ses_v2.handle_request = handle_ses_with_attachments
    sqs._queue_url = queue_url_as_made
    dynamodb.get_state = get_state_with_streams
    dynamodb.load_persisted_state = load_state_with_streams
    app.main()
