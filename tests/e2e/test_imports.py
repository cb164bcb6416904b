"""Imports on the running stack: files in the bucket, its events, the stream, the queue, the API."""

import io
import time
import uuid
from typing import Any

import openpyxl
import pytest
import requests

from tests.e2e.conftest import Stack
from tests.e2e.web import Web

IMPORTS = "/v1/imports"
WORKING = ("awaiting_upload", "reading", "running")


@pytest.fixture
def owner(stack: Stack) -> Web:
    return Web(stack.api_url, stack.token("owner"))


@pytest.fixture
def word() -> str:
    """A word that no other test's clients have."""
    return f"z{uuid.uuid4().hex[:12]}"


def table(word: str) -> str:
    return (
        "Firma;E-Mail;Ort;Land\r\n"
        f"{word} Müller;a-{word}@x.example;Köln;Deutschland\r\n"
        f'"{word} ""Süd""; Söhne";b-{word}@x.example;Wien;Atlantis\r\n'
        f"{word} Zwei;a-{word}@x.example;;\r\n"
        f"{word} Drei;;;\r\n"
    )


def wait(owner: Web, import_id: str) -> dict[str, Any]:
    """The import when it works no more."""
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, Any] = owner.call("GET", f"{IMPORTS}/{import_id}").json()
        if found["status"] not in WORKING:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def drop(stack: Stack, owner: Web, name: str, content: bytes) -> dict[str, Any]:
    """Drop a file into the bucket; the import that it becomes, when it works no more."""
    stack.client("s3").put_object(Bucket=stack.import_bucket, Key=f"imports/{name}", Body=content)
    deadline = time.monotonic() + 30
    while True:
        for found in owner.call("GET", IMPORTS).json()["items"]:
            if found["filename"] == name:
                return wait(owner, found["import_id"])
        assert time.monotonic() < deadline, "no import"
        time.sleep(0.2)


def begin(owner: Web, content: bytes, filename: str, **fields: Any) -> dict[str, Any]:
    """Go through the wizard: begin, upload by the form, wait."""
    answer = owner.call("POST", IMPORTS, {"filename": filename} | fields)
    assert answer.status_code == 201, answer.text
    upload = answer.json()["upload"]
    sent = requests.post(upload["url"], data=upload["fields"], files={"file": content}, timeout=30)
    assert sent.status_code == 204, sent.text
    return wait(owner, answer.json()["import_id"])


def found(owner: Web, word: str) -> list[str]:
    rows = owner.call("GET", "/v1/clients", query={"q": word}).json()["items"]
    return [row["business_name"].removeprefix(f"{word} ") for row in rows]


def download(owner: Web, path: str) -> bytes:
    answer = owner.call("GET", path)
    assert answer.status_code == 200, answer.text
    return requests.get(answer.json()["url"], timeout=30).content


def test_a_dropped_file_becomes_clients_and_what_did_not_go_in_is_told(
    stack: Stack, owner: Web, word: str
):
    made = drop(stack, owner, f"{word} für alle+1.csv", table(word).encode("cp1252"))
    assert (made["status"], made["source"], made["progress"]) == ("completed", "bucket", 1)
    assert made["detected"]["encoding"] == "windows-1252"
    assert made["counts"] == {"rows": 4, "created": 2, "updated": 0, "skipped": 1, "failed": 1}
    assert found(owner, word) == ["Drei", "Müller"]
    lines = download(owner, f"{IMPORTS}/{made['import_id']}/rejects").decode("utf-8-sig")
    rows = lines.splitlines()
    assert rows[0] == "Line;Firma;E-Mail;Ort;Land;Reason"
    assert rows[1].startswith(f'3;"{word} ""Süd""; Söhne";b-{word}@x.example;Wien;Atlantis;')
    assert "Land: 'Atlantis' is not a country" in rows[1]
    assert rows[2].startswith(f"4;{word} Zwei;")
    assert "the client of line 2" in rows[2]


def test_an_import_is_undone(stack: Stack, owner: Web, word: str):
    made = drop(stack, owner, f"{word}.csv", table(word).encode())
    (kept,) = owner.call("GET", "/v1/clients", query={"q": f"{word} Drei"}).json()["items"]
    owner.call("PATCH", f"/v1/clients/{kept['client_id']}", {"tags": ["vip"]})
    begun = owner.call("POST", f"{IMPORTS}/{made['import_id']}/undo")
    assert begun.status_code == 200, begun.text
    undone = wait(owner, made["import_id"])
    assert (undone["status"], undone["undo"]) == (
        "undone",
        {"removed": 1, "restored": 0, "left": 1},
    )
    assert found(owner, word) == ["Drei"]
    left = download(owner, f"{IMPORTS}/{made['import_id']}/left").decode("utf-8-sig")
    assert f"{word} Drei" in left
    assert "It was changed since." in left


def test_the_wizard_stops_for_the_mapping_rehearses_and_runs(owner: Web, word: str):
    content = f"{word} Eins,one-{word}@x.example\n{word} Zwei,two\n".encode("utf-16")
    made = begin(owner, content, "list.csv", start=False, options={"first_row": "data"})
    assert made["status"] == "needs_mapping"
    path = f"{IMPORTS}/{made['import_id']}"
    preview = owner.call("GET", f"{path}/preview").json()
    assert preview["rows"][0] == {"line": 1, "cells": [f"{word} Eins", f"one-{word}@x.example"]}
    mapping = {"0": "business_name", "1": "email"}
    body = {"mapping": mapping, "dry_run": True}
    assert owner.call("POST", f"{path}/start", body).status_code == 200
    rehearsed = wait(owner, made["import_id"])
    assert (rehearsed["status"], rehearsed["dry_run"]) == ("completed", True)
    assert found(owner, word) == []
    assert owner.call("POST", f"{path}/start", {}).status_code == 200
    ran = wait(owner, made["import_id"])
    assert (ran["status"], ran["dry_run"]) == ("completed", False)
    assert ran["counts"] == rehearsed["counts"]
    assert ran["counts"]["created"] == ran["counts"]["failed"] == 1
    assert found(owner, word) == ["Eins"]


def test_existing_clients_are_updated_by_their_address(owner: Web, word: str):
    begin(owner, table(word).encode(), "a.csv")
    changed = f"Company,E-mail,City\n{word} Neu,a-{word}@x.example,Bonn\n".encode()
    made = begin(owner, changed, "b.csv", options={"update_existing": True})
    assert made["counts"] == {"rows": 1, "created": 0, "updated": 1, "skipped": 0, "failed": 0}
    assert found(owner, word) == ["Drei", "Neu"]


def test_a_workbook_is_imported(owner: Web, word: str):
    workbook = openpyxl.load_workbook(
        io.BytesIO(download(owner, f"{IMPORTS}/template?format=xlsx"))
    )
    sheet = workbook.worksheets[0]
    sheet.delete_rows(2)
    columns = {cell.value: place for place, cell in enumerate(sheet[1], start=1)}
    sheet.cell(2, columns["Business name"], f"{word} aus Excel")
    sheet.cell(2, columns["Postal code"], "01067")
    content = io.BytesIO()
    workbook.save(content)
    made = begin(owner, content.getvalue(), "clients.xlsx")
    assert made["counts"]["created"] == 1, made
    assert found(owner, word) == ["aus Excel"]


def test_a_form_takes_no_other_place_and_no_other_type(owner: Web):
    upload = owner.call("POST", IMPORTS, {"filename": "a.csv"}).json()["upload"]

    def sent(field: str, value: str) -> int:
        data = upload["fields"] | {field: value}
        answer = requests.post(upload["url"], data=data, files={"file": b"x"}, timeout=30)
        return answer.status_code

    assert sent("key", "imports/a.csv") == 403
    assert sent("Content-Type", "text/html") == 403


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty_file"), (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary_file")],
)
def test_a_bad_file_ends_in_a_clear_state(
    stack: Stack, owner: Web, word: str, content: bytes, code: str
):
    made = drop(stack, owner, f"{word}.csv", content)
    assert (made["status"], made["error"]["code"]) == ("failed", code)
