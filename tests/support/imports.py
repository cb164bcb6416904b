"""Plays the bucket's events, the table's stream and the queue for imports: what AWS does between
the functions."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote_plus, unquote, urlsplit

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from tests.support import stored
from tests.support.api import Answer, Staff, invoke
from tests.support.faults import before_transaction, hooked
from tests.support.stored import Item

_numbers = iter(range(1, 1_000_000_000))

type Invoke = Callable[[str, dict[str, Any]], Any]


@cache
def s3() -> Any:
    return boto3.client("s3")


@cache
def sqs() -> Any:
    return boto3.client("sqs")


def put(key: str, content: bytes | str) -> dict[str, Any]:
    """Put a file into the bucket; returns the event that S3 sends."""
    body = content.encode() if isinstance(content, str) else content
    answer = s3().put_object(Bucket=os.environ["IMPORT_BUCKET"], Key=key, Body=body)
    return s3_event(key, len(body), answer["VersionId"])


def s3_event(key: str, size: int, version: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": "eu-central-1",
                "eventTime": "2026-11-22T07:04:00.000Z",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": {"name": os.environ["IMPORT_BUCKET"]},
                    "object": {
                        "key": quote_plus(key, safe="/"),
                        "size": size,
                        "eTag": "0cc175b9c0f1b6a831c399e269772661",
                        "versionId": version,
                        "sequencer": f"{next(_numbers):018X}",
                    },
                },
            }
        ]
    }


def stream_event(jobs: Iterable[Item]) -> dict[str, Any]:
    """What the table's stream sends the outbox when these JOB items were inserted."""
    return {
        "Records": [
            {
                "eventID": f"{number:032x}",
                "eventName": "INSERT",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-central-1",
                "dynamodb": {
                    "Keys": {"pk": {"S": job["pk"]}, "sk": {"S": job["sk"]}},
                    "NewImage": {
                        "pk": {"S": job["pk"]},
                        "sk": {"S": job["sk"]},
                        "job": {"N": str(job["job"])},
                        "kind": {"S": job["kind"]},
                    },
                    "SequenceNumber": f"{number:021d}",
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }
            for number, job in enumerate(jobs, start=1)
        ]
    }


def sqs_event(bodies: Iterable[dict[str, Any]], receive_count: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"059f36b4-87a3-44ab-83d2-{number:012d}",
                "receiptHandle": f"receipt {number}",
                "body": json.dumps(body),
                "attributes": {"ApproximateReceiveCount": str(receive_count)},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:imports",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(bodies, start=1)
        ]
    }


class Pipeline:
    """Brings events to functions until nothing is left to do."""

    def __init__(self, read_jobs: Callable[[], list[Item]] | None = None) -> None:
        self._read_jobs = read_jobs or (lambda: stored.items("IMPORT#"))
        self._sent: set[str] = set()

    def drop(self, content: bytes | str, name: str = "clients.csv") -> str:
        """Put a file into `imports/`, read it, and do everything that follows; the import's id."""
        before = self.import_ids()
        self.arrive(put(f"imports/{name}", content))
        (import_id,) = self.import_ids() - before
        self.run()
        return import_id

    def upload(self, answer: Answer, content: bytes | str) -> str:
        """Upload the file of a wizard, and do everything that follows."""
        self.arrive(put(answer.body["upload"]["fields"]["key"], content))
        self.run()
        return str(answer.body["import_id"])

    def arrive(self, event: dict[str, Any]) -> None:
        invoke("import_split", event)

    def run(self) -> None:
        while jobs := self.jobs():
            for message in self.messages(jobs):
                answer = invoke("import_rows", sqs_event([message]))
                assert answer == {"batchItemFailures": []}

    def jobs(self) -> list[Item]:
        """The jobs that were written down since the last time."""
        found = [
            item
            for item in self._read_jobs()
            if item["sk"].startswith("JOB#") and item["sk"] not in self._sent
        ]
        self._sent |= {item["sk"] for item in found}
        return found

    def messages(self, jobs: Iterable[Item]) -> list[dict[str, Any]]:
        """What the outbox sends to the queue for these jobs."""
        assert invoke("outbox", stream_event(jobs)) == {"batchItemFailures": []}
        return received()

    def import_ids(self) -> set[str]:
        return {
            item["pk"].removeprefix("IMPORT#")
            for item in self._read_jobs()
            if item["sk"] == "IMPORT"
        }


def received() -> list[dict[str, Any]]:
    """Every message that waits in the queue, taken out of it."""
    found: list[dict[str, Any]] = []
    while True:
        answer = sqs().receive_message(
            QueueUrl=os.environ["IMPORT_QUEUE_URL"], MaxNumberOfMessages=10
        )
        if not answer.get("Messages"):
            return found
        for message in answer["Messages"]:
            found.append(json.loads(message["Body"]))
            sqs().delete_message(
                QueueUrl=os.environ["IMPORT_QUEUE_URL"], ReceiptHandle=message["ReceiptHandle"]
            )


def download(link: Answer) -> bytes:
    """The object that a link leads to."""
    assert link.status == 200, link.body
    address = urlsplit(link.body["url"])
    assert (address.hostname or "").partition(".")[0] == os.environ["IMPORT_BUCKET"]
    key = unquote(address.path.removeprefix("/"))
    content: bytes = s3().get_object(Bucket=os.environ["IMPORT_BUCKET"], Key=key)["Body"].read()
    return content


def begin(staff: Staff, **fields: Any) -> Answer:
    """The wizard's first request."""
    answer = staff.post("/v1/imports", {"filename": "clients.csv"} | fields)
    assert answer.status == 201, answer.body
    return answer


def get(staff: Staff, import_id: str) -> dict[str, Any]:
    answer = staff.get(f"/v1/imports/{import_id}")
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


def counts(staff: Staff, import_id: str) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: count for name, count in get(staff, import_id)["counts"].items() if count}


def rejects(staff: Staff, import_id: str, delimiter: str = ",") -> list[list[str]]:
    """The rows of the rejects file, its headings first."""
    return _rows(staff.get(f"/v1/imports/{import_id}/rejects"), delimiter)


def left(staff: Staff, import_id: str) -> list[list[str]]:
    """The rows of the file of clients that undoing left, its headings first."""
    return _rows(staff.get(f"/v1/imports/{import_id}/left"), ",")


def _rows(link: Answer, delimiter: str) -> list[list[str]]:
    text = download(link).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def clients(staff: Staff) -> dict[str, str]:
    """The business names of all clients, by number."""
    items = staff.get("/v1/clients", limit="100").body["items"]
    return {item["number"]: item["business_name"] for item in sorted(items, key=_number)}


def client(staff: Staff, number: str) -> dict[str, Any]:
    """The one client with the number."""
    (found,) = staff.get("/v1/clients", number=number).body["items"]
    body: dict[str, Any] = staff.get(f"/v1/clients/{found['client_id']}").body
    return body


def _number(item: dict[str, Any]) -> str:
    return str(item["number"])


def work(*messages: dict[str, Any]) -> None:
    """Deliver messages of the queue; all must be worked on."""
    assert failures(*messages) == []


def failures(*messages: dict[str, Any], receive_count: int = 1) -> list[dict[str, Any]]:
    """Deliver messages of the queue together; returns those that failed."""
    event = sqs_event(messages, receive_count)
    for record in event["Records"]:
        record["receiptHandle"] = _receipt(record["body"])
    try:
        answer = invoke("import_rows", event)
    except BatchProcessingError:  # all of them: to Lambda, the function failed
        return list(messages)
    failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
    records = zip(event["Records"], messages, strict=True)
    return [message for record, message in records if record["messageId"] in failed]


def _receipt(body: str) -> str:
    """What says that a message of the queue was received, by whom and when."""
    url = os.environ["IMPORT_QUEUE_URL"]
    sqs().send_message(QueueUrl=url, MessageBody=body)
    (message,) = sqs().receive_message(QueueUrl=url)["Messages"]
    return str(message["ReceiptHandle"])


def chunks_of(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a chunk have so many rows, so that a short file has several."""
    from tallybook.imports import splitting

    defaults = splitting.split.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "chunk_rows", rows)


def forget_numbers() -> None:
    """What the container remembers of the sequence is lost, as when another one works."""
    from tallybook.clients import numbers

    numbers._seen = None


@contextmanager
def before_clients_are_written(act: Callable[[], object]) -> Iterator[None]:
    """Somebody else acts just before an import writes clients for the first time."""
    with before_transaction('"CLIENT#', act):
        yield


def seconds(moment: str) -> float:
    """A time of the API, as the table counts it."""
    return datetime.fromisoformat(moment).timestamp()


def content_type(key: str) -> str:
    """What a browser is told that an object is."""
    answer = s3().head_object(Bucket=os.environ["IMPORT_BUCKET"], Key=key)
    return str(answer["ContentType"])


@contextmanager
def crash_while_finishing() -> Iterator[None]:
    """A worker dies when it is about to write the file of rejects."""
    from tallybook.imports import bucket

    def crash(params: dict[str, Any], **_: Any) -> None:
        if params["Key"].endswith(".csv"):
            raise stored.Crash

    with hooked("provide-client-params.s3.PutObject", crash, bucket.client):
        yield


@contextmanager
def crashing(client: Any, operation: str, times: int = 1) -> Iterator[list[None]]:
    """The next `times` calls of an operation of S3 or SQS crash; yields a list that counts them."""
    crashes: list[None] = []

    def crash(**_: Any) -> None:
        if len(crashes) < times:
            crashes.append(None)
            raise stored.Crash

    with hooked(f"before-call.*.{operation}", crash, client):
        yield crashes


@contextmanager
def calls(client: Any, operation: str) -> Iterator[list[dict[str, Any]]]:
    """The parameters of the calls of an operation of S3 or SQS."""
    found: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        found.append(params)

    with hooked(f"provide-client-params.*.{operation}", note, client):
        yield found


@contextmanager
def refusing(
    client: Any, operation: str, answer: dict[str, Any], times: int = 1_000_000
) -> Iterator[None]:
    """The next `times` calls of an operation of SQS are answered so."""
    left = iter(range(times))

    def refuse(**_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        if next(left, None) is None:
            return None
        return AWSResponse("https://sqs.test", 200, HTTPHeaders(), None), answer

    with hooked(f"before-call.*.{operation}", refuse, client):
        yield
