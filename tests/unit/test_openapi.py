import json
import subprocess
import sys
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.support.template import ROOT, functions


def test_the_document_is_up_to_date():
    check = subprocess.run(
        [sys.executable, "-m", "tools.openapi", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_the_document_is_openapi():
    validate(document())


def test_the_gateway_routes_what_the_document_describes():
    routed = {
        (event["Properties"]["Path"], event["Properties"]["Method"].lower())
        for function in functions().values()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi" and "Path" in event["Properties"]
    }
    described = {(path, method) for path, item in document()["paths"].items() for method in item}
    assert routed == described


def test_every_operation_has_examples():
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            answers = operation["responses"].values()
            bodies = [operation.get("requestBody", {}), *answers]
            for media in (m for body in bodies for m in body.get("content", {}).values()):
                assert "example" in media, (path, method)


def test_the_examples_of_requests_and_answers_fit_their_schemas():
    content = document()
    checked = 0
    for item in content["paths"].values():
        for operation in item.values():
            for body in [operation.get("requestBody", {}), *operation["responses"].values()]:
                for media in body.get("content", {}).values():
                    schema = media["schema"] | {"components": content["components"]}
                    Draft202012Validator(schema).validate(media["example"])
                    checked += 1
    assert checked > 100


def answers(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][path][method]["responses"]
    return found


def test_what_has_no_version_has_no_etag():
    assert "ETag" in answers("get", "/v1/imports/{import_id}")["200"]["headers"]
    for name in ("template", "fields", "{import_id}/preview", "{import_id}/rejects"):
        assert "headers" not in answers("get", f"/v1/imports/{name}")["200"]


def test_an_import_that_is_not_ready_is_a_conflict_of_reading_too():
    for name in ("preview", "rejects", "left"):
        conflict = answers("get", f"/v1/imports/{{import_id}}/{name}")["409"]
        example = conflict["content"]["application/problem+json"]["example"]
        assert example["code"] == "import_not_ready"
    assert "409" not in answers("get", "/v1/imports/{import_id}")


def document() -> dict[str, Any]:
    text = (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
