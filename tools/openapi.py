"""Writes docs/openapi.json and the fallback function's routes.json from the functions.

The functions' own documents are merged by Powertools. What a router can't know of itself is added
here, by the same rule for every operation: the problems that an operation can answer, its headers,
who may call it, and examples, made from the examples of the fields.

    python -m tools.openapi            write the files
    python -m tools.openapi --check    exit 1 when they are not up to date
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "openapi.json"
ROUTES = ROOT / "functions" / "fallback" / "routes.json"
FUNCTIONS = (
    "clients",
    "contacts",
    "credit_notes",
    "documents",
    "email_templates",
    "emails",
    "estimates",
    "history",
    "imports",
    "inbox",
    "invitations",
    "invoices",
    "missed",
    "pay",
    "payment_links",
    "payments",
    "portal",
    "promises",
    "recurring_invoices",
    "reports",
    "services",
    "settings",
    "sms",
    "staff",
    "statements",
    "tasks",
    "tracking",
    "workflows",
)

type Json = dict[str, Any]

_REASONS = {
    "400": "The request cannot be read: broken JSON, a foreign or altered cursor.",
    "401": "No ID token of the pool, or an expired one.",
    "403": "Your role does not allow this.",
    "404": "There is no such thing.",
    "409": "A conflict with what is stored, such as a number that is taken.",
    "412": "If-Match names an older version.",
    "413": "The body is larger than 256 KB.",
    "415": "The body is not application/json.",
    "422": "Fields are invalid; `errors` names each.",
    "500": "A fault of ours; name the `request_id` when you ask.",
    "503": "The service is overloaded; try again.",
}
# Answers that have a version, and do not say so in their body.
_VERSIONED = ("/flag", "/favourite", "/overview", "/v1/me")
# What can be read at a certain stage only, or not while others change it.
_OF_A_STAGE = ("/preview", "/rejects", "/left", "/ubl", "/statement", "/statement/pdf")
_HEADERS = {"idempotency-key": "Idempotency-Key", "if-match": "If-Match"}
_ETAG = {"schema": {"type": "string", "examples": ['"3"']}, "description": "The version."}
_LOCATION = {"schema": {"type": "string"}, "description": "The path of what was created."}
_IMAGE = {
    "description": "A transparent point.",
    "content": {
        "image/gif": {"schema": {"type": "string", "format": "binary"}, "example": "GIF89a"}
    },
}
_REPLAYED = {
    "schema": {"type": "string", "enum": ["true"]},
    "description": "The answer is that of the first request with this key.",
}


def document() -> Json:
    """The OpenAPI document of the whole API."""
    _lambda_environment()
    from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge
    from aws_lambda_powertools.event_handler.openapi.models import Server

    merge = OpenAPIMerge(
        title="Tallybook",
        version=_version(),
        description="The back office of a small firm that bills its clients.",
        openapi_version="3.1.0",
        servers=[Server(url="/", description="The `ApiUrl` of your stack.")],
        on_conflict="error",
    )
    schemas: Json = {}
    for function in FUNCTIONS:
        place = ROOT / "functions" / function / "app.py"
        merge.add_file(place, "app")
        alone = OpenAPIMerge(title=function, version="1")
        alone.add_file(place, "app")
        for name, schema in json.loads(alone.get_openapi_json_schema())["components"][
            "schemas"
        ].items():
            if schemas.setdefault(name, schema) != schema:  # merging would keep one of them
                sys.exit(f"tools/openapi.py: two models are called {name}, one of {function}'s")
    merged: Json = json.loads(merge.get_openapi_json_schema())
    return _completed(merged)


def routes(openapi: Json) -> dict[str, list[str]]:
    """The methods of each path, for the answer 405."""
    return {
        path: sorted(method.upper() for method in operations)
        for path, operations in openapi["paths"].items()
    }


def _lambda_environment() -> None:
    sys.path.insert(0, str(ROOT / "layers" / "shared" / "python"))
    for name in (
        "DOCUMENTS_BUCKET",
        "IMPORT_BUCKET",
        "PAY_URL",
        "PORTAL_URL",
        "POWERTOOLS_SERVICE_NAME",
        "SIGNING_SECRET",
        "STAFF_POOL_ID",
        "TABLE_NAME",
    ):
        os.environ.setdefault(name, "documentation")
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Tallybook")
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")


def _version() -> str:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    version: str = project["project"]["version"]
    return version


def _completed(openapi: Json) -> Json:
    from tallybook.problems import Problem

    schemas = openapi["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"Problem": problem}
    for unused in (
        "HTTPValidationError",
        "ValidationError",
        "ResponseValidationError",
        "ClientQuery",
    ):
        schemas.pop(unused, None)
    openapi["components"]["securitySchemes"] = {
        name: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"The ID token of the {name} pool.",
        }
        for name in ("portal", "staff")
    }
    openapi["security"] = [{"staff": []}]
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method, path, schemas)
    openapi["paths"] = dict(sorted(openapi["paths"].items()))
    openapi["components"]["schemas"] = dict(sorted(schemas.items()))
    return openapi


def _complete(operation: Json, method: str, path: str, schemas: Json) -> None:
    _name(operation, method, path)
    caller = _caller(path)
    if caller is None:
        operation["responses"] = {"200": _IMAGE}  # whatever the token is
    _describe_filters(operation)
    for parameter in operation.get("parameters", []):
        # Powertools writes the names of headers in lower case.
        parameter["name"] = _HEADERS.get(parameter["name"], parameter["name"])
    parameters = {each["name"] for each in operation.get("parameters", [])}
    for media in operation.get("requestBody", {}).get("content", {}).values():
        media["example"] = example(media["schema"], schemas, whole=False)
    answers: Json = operation["responses"]
    answers.pop("422", None)  # as Powertools has it, and for all
    is_versioned = False
    success = next(status for status in answers if status.startswith("2"))
    if success == "204":
        answers[success] = {"description": "Done."}
    else:
        for media in answers[success]["content"].values():
            media.setdefault("example", example(media["schema"], schemas, whole=True))
            is_versioned = "version" in _properties(media["schema"], schemas)
    headers = _headers(success, path, parameters, is_versioned=is_versioned)
    if headers:
        answers[success]["headers"] = headers
    for status in _problems(method, path, parameters, has_body="requestBody" in operation):
        answers[status] = {
            "description": _REASONS[status],
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": _problem_example(status, path),
                }
            },
        }
    if "401" in answers:  # the gateway refuses most tokens before a function could
        message = {"type": "object", "properties": {"message": {"type": "string"}}}
        answers["401"]["content"]["application/json"] = {
            "schema": message,
            "example": {"message": "Unauthorized"},
        }
    operation["responses"] = dict(sorted(answers.items()))


def _name(operation: Json, method: str, path: str) -> None:
    """What the operation is called, and whose token it takes."""
    # Powertools appends path and method to the name of the Python function.
    appended = re.sub(r"\W", "_", path) + f"_{method}"
    operation["operationId"] = operation["operationId"].removesuffix(appended)
    match _caller(path):
        case None | "public":
            operation["security"] = []
        case "portal":
            operation["operationId"] = f"portal_{operation['operationId']}"
            operation["security"] = [{"portal": []}]


def _describe_filters(operation: Json) -> None:
    """Powertools knows the names of a model's query parameters, not their whole schemas."""
    if operation["operationId"] != "list_clients":
        return
    from tallybook.clients.filters import ClientQuery

    properties = ClientQuery.model_json_schema()["properties"]
    for parameter in operation["parameters"]:
        if parameter["name"] in properties:
            schema = dict(properties[parameter["name"]])
            parameter.pop("description", None)
            if description := schema.pop("description", None):
                parameter["description"] = description
            # A query parameter is left out, never null.
            choices = [each for each in schema.pop("anyOf", []) if each != {"type": "null"}]
            parameter["schema"] = _without_null(schema | (choices[0] if choices else {}))


def _without_null(schema: Json) -> Json:
    return {name: value for name, value in schema.items() if value is not None and name != "title"}


def _caller(path: str) -> str | None:
    """Whose token an operation takes; None when it takes none and always answers with an image."""
    match path.split("/")[1]:
        case "pay":
            return "public"
        case "portal":
            return "portal"
        case "t":
            return None
    return "staff"


def _properties(schema: Json, schemas: Json) -> Json:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    properties: Json = schema.get("properties", {})
    return properties


def _headers(status: str, path: str, parameters: set[str], *, is_versioned: bool) -> Json:
    headers: Json = {}
    if is_versioned or path.endswith(_VERSIONED):
        headers["ETag"] = _ETAG
    if status == "201" or (status == "202" and not is_versioned):
        headers["Location"] = _LOCATION
    if "Idempotency-Key" in parameters:
        headers["Idempotency-Replayed"] = _REPLAYED
    return headers


def _problems(method: str, path: str, parameters: set[str], *, has_body: bool) -> list[str]:
    caller = _caller(path)
    is_signed_in = caller not in (None, "public")
    applies = {
        "400": has_body or "cursor" in parameters or "Idempotency-Key" in parameters,
        "401": is_signed_in,
        "403": caller is not None,
        "404": "{" in path and caller is not None,
        "409": method != "get" or path.endswith(_OF_A_STAGE),
        "412": "If-Match" in parameters,
        "413": has_body or method != "get",
        "415": has_body or method != "get",
        "422": is_signed_in,
        "500": True,
        "503": True,
    }
    return [status for status, does in applies.items() if does]


def _problem_example(status: str, path: str) -> Json:
    """A problem as the code makes it."""
    from tallybook import errors
    from tallybook.problems import problem_of, problem_of_crash

    made: dict[str, errors.TallybookError] = {
        "400": errors.InvalidCursor(),
        "401": errors.IdTokenRequired(),
        "403": errors.Forbidden("This takes the role manager; yours is staff."),
        "404": errors.ClientNotFound(),
        "409": errors.NumberTaken("C-0042"),
        "412": errors.StaleVersion(),
        "413": errors.BodyTooLarge(262_144),
        "415": errors.UnsupportedMediaType(),
        "422": errors.InvalidField("billing_address.country", "'Atlantis' is not a country."),
        "503": errors.Unavailable(),
    }
    if path.startswith("/v1/imports/"):
        made["404"] = errors.ImportNotFound()
        made["409"] = errors.ImportNotReady("status: the import is running; it cannot be started.")
    if "/emails" in path or "/invitation" in path:
        made["409"] = errors.NoEmailAddress()
    if path.endswith("/sms"):
        made["409"] = errors.NoTelephoneNumber()
    if path.startswith(("/portal/", "/pay/")):
        made["403"] = errors.AccessSuspended()
    if path.startswith("/pay/") or "/payment-links" in path:
        made["404"] = errors.PaymentLinkNotFound()
        made["409"] = errors.AccountPaymentOff()
    if "/estimates/" in path:
        made["404"] = errors.EstimateNotFound()
        made["409"] = errors.EstimateClosed("status: the estimate is declined.")
    made |= _conflicts_of_time(path)
    if status in made:
        return problem_of(made[status]).model_dump(exclude_none=True)
    crash = problem_of_crash("52fdfc07-2182-454f-963f-5f0f9a621d72")
    return crash.model_dump(exclude_none=True)


def _conflicts_of_time(path: str) -> dict[str, Any]:
    """The problems of what falls due by itself."""
    from tallybook import errors

    if "/promises/" in path:
        return {"404": errors.PromiseNotFound(), "409": errors.PromiseOver("broken")}
    if "/tasks/" in path:
        return {"404": errors.TaskNotFound(), "409": errors.Busy()}
    return {"409": errors.ClientSuspended()} if path.endswith("/missed") else {}


def example(schema: Json, schemas: Json, *, whole: bool) -> Any:
    """A value that a schema describes, from its examples and defaults.

    The whole one has every property; else those that are required or have an example.
    """
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, whole=whole)
    for source in ("examples", "enum"):
        if schema.get(source):
            return schema[source][0]
    if "const" in schema:
        return schema["const"]
    if schema.get("default") is not None and schema.get("type") != "object":
        return schema["default"]
    for choice in schema.get("anyOf", []):
        if "examples" in choice or "$ref" in choice or {"type": "null"} not in schema["anyOf"]:
            return example(choice, schemas, whole=whole)
    return _example_of_type(schema, schemas, whole=whole)


def _example_of_type(schema: Json, schemas: Json, *, whole: bool) -> Any:
    match schema.get("type"):
        case "object":
            return {
                name: example(each, schemas, whole=whole)
                for name, each in schema.get("properties", {}).items()
                if whole or name in schema.get("required", []) or _has_example(each)
            }
        case "array":
            return [example(schema["items"], schemas, whole=whole)] if "items" in schema else []
        case "string":
            return "2026-11-22T07:04:00.000Z" if schema.get("format") == "date-time" else "text"
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
    return None


def _has_example(schema: Json) -> bool:
    return "examples" in schema or any("examples" in each for each in schema.get("anyOf", []))


def _text(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    openapi = document()
    wanted = {DOCUMENT: _text(openapi), ROUTES: _text(routes(openapi))}
    if "--check" in sys.argv:
        stale = [path for path, text in wanted.items() if path.read_text("utf-8") != text]
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not up to date: run `make openapi`")
        return 1 if stale else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
