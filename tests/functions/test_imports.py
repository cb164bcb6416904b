"""Imports as people begin, watch and steer them. What they do with files: test_import_split.py."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tallybook.imports.templates import csv_template, xlsx_template
from tests.functions.problem import assert_problem
from tests.support import imports, stored
from tests.support.api import Answer, Staff
from tests.support.imports import Pipeline

IMPORTS = "/v1/imports"
NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
LIST = "Business name,E-mail,Remarks\nAcme,office@acme.example,new\nBolt,,\n"
NAMELESS = "Colour,E-mail\nred,office@acme.example\nblue,b@acme.example\n"
FORM_LASTS, LINK_LASTS = 3600, 900


def path(import_id: str, rest: str = "") -> str:
    return f"{IMPORTS}/{import_id}{rest}"


def begun(staff: Staff, **fields: Any) -> str:
    return str(imports.begin(staff, **fields).body["import_id"])


def waiting(pipeline: Pipeline, staff: Staff, content: str = LIST, **fields: Any) -> str:
    """An import whose file is uploaded and read, and that waits for its start."""
    return pipeline.upload(imports.begin(staff, start=False, **fields), content)


def running(pipeline: Pipeline, staff: Staff) -> str:
    """An import that has started and whose chunks nobody has worked on."""
    import_id = waiting(pipeline, staff)
    assert staff.post(path(import_id, "/start")).body["status"] == "running"
    return import_id


def lifetime(link: Answer) -> int:
    return int(parse_qs(urlsplit(link.body["url"]).query)["X-Amz-Expires"][0])


def saved_as(link: Answer) -> str:
    """What a browser is told about the file's name."""
    query = parse_qs(urlsplit(link.body["url"]).query)
    return query["response-content-disposition"][0]


# ---- Begin ---------------------------------------------------------------------------------


def test_an_import_begins_with_a_filename_and_waits_for_the_file(owner: Staff):
    answer = owner.post(IMPORTS, {"filename": "Kunden.csv"})
    body = answer.body
    assert answer.status == 201
    assert answer.headers["location"] == path(body["import_id"])
    assert answer.etag == owner.get(path(body["import_id"])).etag
    assert body.pop("upload")
    assert body == {
        "import_id": body["import_id"],
        "filename": "Kunden.csv",
        "source": "wizard",
        "status": "awaiting_upload",
        "dry_run": False,
        "counts": {"rows": 0, "created": 0, "updated": 0, "skipped": 0, "failed": 0},
        "progress": 0.0,
        "error": None,
        "created_by": owner.staff_id,
        "created_at": body["created_at"],
        "finished_at": None,
        "options": {
            "delimiter": "auto",
            "first_row": "auto",
            "encoding": "auto",
            "update_existing": False,
            "mapping": None,
        },
        "detected": None,
        "columns": [],
        "mapping": None,
        "undo": None,
        "started_at": None,
        "version": 1,
    }


def test_the_form_takes_one_file_of_a_size_and_type_for_an_hour(owner: Staff):
    body = imports.begin(owner).body
    upload = body["upload"]
    fields = upload["fields"]
    key = f"uploads/{body['import_id']}/clients.csv"
    assert (fields["key"], fields["Content-Type"]) == (key, "text/csv")
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert {"key": key} in policy["conditions"]
    assert {"Content-Type": "text/csv"} in policy["conditions"]
    assert ["content-length-range", 0, 512 * 1024**2] in policy["conditions"]
    assert f"{body['created_at'][:10]}T" <= policy["expiration"]
    assert upload["url"] == "https://tallybook-test-imports.s3.eu-central-1.amazonaws.com/"


def test_the_form_of_a_spreadsheet_takes_a_spreadsheet(owner: Staff):
    fields = imports.begin(owner, filename="Kunden.XLSX").body["upload"]["fields"]
    assert fields["key"].endswith("/clients.xlsx")
    assert fields["Content-Type"].endswith("spreadsheetml.sheet")


def test_the_form_is_in_the_first_answer_only(owner: Staff):
    assert imports.get(owner, begun(owner))["upload"] is None


def test_no_item_of_the_table_holds_the_form(owner: Staff):
    form = owner.post(IMPORTS, {"filename": "a.csv"}, idempotency_key="k").body["upload"]
    everything = str(stored.items())
    assert form["fields"]["policy"] not in everything
    assert form["fields"]["x-amz-signature"] not in everything
    assert "uploads/" not in everything


def test_every_staff_member_may_begin_an_import(member: Staff, specialist: Staff):
    assert imports.begin(member).body["created_by"] == member.staff_id
    assert imports.begin(specialist).body["created_by"] == specialist.staff_id


def test_the_same_idempotency_key_gives_the_same_import_with_a_form_made_anew(owner: Staff):
    wanted = {"filename": "a.csv", "dry_run": True}
    first = owner.post(IMPORTS, wanted, idempotency_key="k")
    again = owner.post(IMPORTS, wanted, idempotency_key="k")
    assert (first.status, again.status) == (201, 201)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert again.etag == first.etag
    key = first.body["upload"]["fields"]["key"]
    assert again.body["upload"]["fields"]["key"] == key
    assert again.body | {"upload": None} == first.body | {"upload": None}
    assert len(owner.get(IMPORTS).body["items"]) == 1


def test_the_first_answer_is_repeated_when_the_import_has_gone_on(owner: Staff, pipeline: Pipeline):
    first = owner.post(IMPORTS, {"filename": "a.csv"}, idempotency_key="k")
    pipeline.upload(first, LIST)
    again = owner.post(IMPORTS, {"filename": "a.csv"}, idempotency_key="k")
    assert again.body["status"] == "awaiting_upload"
    assert imports.get(owner, again.body["import_id"])["status"] == "completed"


def test_an_idempotency_key_is_for_one_body(owner: Staff):
    owner.post(IMPORTS, {"filename": "a.csv"}, idempotency_key="k")
    answer = owner.post(IMPORTS, {"filename": "b.csv"}, idempotency_key="k")
    assert_problem(answer, 409, "idempotency_key_reused")
    assert len(owner.get(IMPORTS).body["items"]) == 1


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "a.b.txt", "Kunden 2026 (Köln).tsv", "k.tab"])
def test_a_filename_may_be_any_name_of_a_list(name: str, owner: Staff):
    assert imports.begin(owner, filename=name).body["filename"] == name


@pytest.mark.parametrize(
    "name",
    [
        *("clients.pdf", "clients", "csv", "a/b.csv", "..\\b.csv", "", "   ", "a\n.csv"),
        *("\x00.csv", "a" * 197 + ".csv", None, 5),
    ],
)
def test_a_filename_that_cannot_be_is_refused(name: Any, owner: Staff):
    with stored.unchanged():
        answer = owner.post(IMPORTS, {"filename": name})
    assert_problem(answer, 422, "validation_failed", "filename")


def test_a_filename_is_required(owner: Staff):
    assert_problem(owner.post(IMPORTS, {}), 422, "validation_failed", "filename")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("delimiter", "#"),
        ("delimiter", ""),
        ("first_row", "second"),
        ("encoding", "klingon"),
        ("encoding", ""),
        ("encoding", "rot13"),
        ("encoding", "base64"),
        ("update_existing", "yes"),
        ("update_existing", None),
        ("mapping", {"0": "email"}),
        ("mapping", {}),
        ("mapping", {"0": "business_name", "1": "email", "2": "email"}),
        ("mapping", ["business_name"]),
    ],
)
def test_an_option_that_cannot_be_is_refused(option: str, value: Any, owner: Staff):
    answer = owner.post(IMPORTS, {"filename": "a.csv", "options": {option: value}})
    assert_problem(answer, 422, "validation_failed", f"options.{option}")


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"0": "business_name", "1": "shoe_size"}, "options.mapping.1"),
        ({"00": "business_name"}, "options.mapping.00"),
        ({"-1": "business_name"}, "options.mapping.-1"),
        ({"1000": "business_name"}, "options.mapping.1000"),
        ({"Firma": "business_name"}, "options.mapping.Firma"),
    ],
)
def test_a_mapping_is_of_column_indexes_to_fields(
    mapping: dict[str, str], field: str, owner: Staff
):
    answer = owner.post(IMPORTS, {"filename": "a.csv", "options": {"mapping": mapping}})
    assert answer.status == 422
    assert [name for name in answer.fields if name.startswith(field)]


@pytest.mark.parametrize("name", ["dry_run", "start"])
def test_a_switch_is_true_or_false(name: str, owner: Staff):
    answer = owner.post(IMPORTS, {"filename": "a.csv", name: "no"})
    assert_problem(answer, 422, "validation_failed", name)


def test_unknown_fields_are_refused(owner: Staff):
    answer = owner.post(IMPORTS, {"filename": "a.csv", "options": {"quote": "'"}, "colour": 1})
    assert_problem(answer, 422, "validation_failed", "options.quote", "colour")


# ---- Read and list -------------------------------------------------------------------------


@pytest.mark.parametrize("import_id", [NOBODY, "nobody", "A" * 1100, "01ja2y5b7q8rz4t9c1n6v3x0wd"])
@pytest.mark.parametrize(
    ("method", "rest"),
    [
        *(("GET", ""), ("GET", "/preview"), ("GET", "/rejects"), ("GET", "/left")),
        *(("POST", "/start"), ("POST", "/undo")),
    ],
)
def test_an_unknown_import_is_not_found(method: str, rest: str, import_id: str, owner: Staff):
    answer = owner.call("imports", method, path(import_id, rest))
    assert_problem(answer, 404, "import_not_found")


def test_an_import_shows_how_its_file_is_built(owner: Staff, pipeline: Pipeline):
    found = imports.get(owner, waiting(pipeline, owner))
    assert found["detected"] == {
        "encoding": "utf-8",
        "delimiter": ",",
        "first_row": "header",
        "header_line": 1,
    }
    assert found["columns"] == [
        {"index": 0, "header": "Business name", "sample": "Acme"}
        | {"suggested_field": "business_name"},
        {"index": 1, "header": "E-mail", "sample": "office@acme.example"}
        | {"suggested_field": "email"},
        {"index": 2, "header": "Remarks", "sample": "new", "suggested_field": None},
    ]
    assert found["mapping"] == {"0": "business_name", "1": "email"}
    assert found["counts"]["rows"] == 2


def test_an_import_has_another_etag_whenever_it_differs(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = waiting(pipeline, owner, LIST + "Cord,,\n")
    seen = [owner.get(path(import_id)).etag]
    seen.append(owner.post(path(import_id, "/start")).etag)
    assert owner.get(path(import_id)).etag == seen[-1]
    for message in pipeline.messages(pipeline.jobs()):
        imports.work(message)
        seen.append(owner.get(path(import_id)).etag)
    assert len(set(seen)) == len(seen) == 4


def test_progress_is_the_share_of_chunks_that_are_done(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = waiting(pipeline, owner, LIST + "Cord,,\n")
    owner.post(path(import_id, "/start"))
    first, second = pipeline.messages(pipeline.jobs())
    assert imports.get(owner, import_id)["progress"] == 0
    imports.work(first)
    half = imports.get(owner, import_id)
    assert (half["status"], half["progress"]) == ("running", 0.5)
    assert half["counts"]["created"] == 2
    imports.work(second)
    whole = imports.get(owner, import_id)
    assert (whole["status"], whole["progress"]) == ("completed", 1)
    assert whole["started_at"] <= whole["finished_at"]


def test_there_are_no_imports_at_first(owner: Staff):
    answer = owner.get(IMPORTS)
    assert (answer.status, answer.body) == (200, {"items": [], "next_cursor": None})


def test_imports_are_listed_newest_first_as_they_are_shown_one_by_one(
    owner: Staff, pipeline: Pipeline
):
    ids = [pipeline.drop(LIST), pipeline.drop("\n"), begun(owner)]
    items = owner.get(IMPORTS).body["items"]
    assert sorted(ids) == [item["import_id"] for item in reversed(items)]
    for item in items:
        whole = imports.get(owner, item["import_id"])
        assert item == {name: whole[name] for name in item}
        assert whole.keys() - item.keys() == {
            *("options", "detected", "columns", "mapping", "undo", "started_at", "upload"),
            "version",
        }


def test_pages_of_imports_follow_each_other(owner: Staff):
    ids = sorted((begun(owner) for _ in range(5)), reverse=True)
    seen, query = [], {"limit": "2"}
    for size in (2, 2, 1):
        page = owner.get(IMPORTS, **query).body
        assert len(page["items"]) == size
        seen += [item["import_id"] for item in page["items"]]
        query["cursor"] = page["next_cursor"]
    assert seen == ids
    assert page["next_cursor"] is None


def test_a_page_that_ends_the_list_exactly_is_the_last_or_followed_by_an_empty_one(owner: Staff):
    begun(owner)
    page = owner.get(IMPORTS, limit="1").body
    assert len(page["items"]) == 1
    if page["next_cursor"]:
        page = owner.get(IMPORTS, limit="1", cursor=page["next_cursor"]).body
        assert page == {"items": [], "next_cursor": None}


def test_a_cursor_of_another_list_or_an_altered_one_is_refused(owner: Staff):
    for name in ("A", "B"):
        owner.post("/v1/clients", {"business_name": name})
        begun(owner)
    foreign = owner.get("/v1/clients", limit="1").body["next_cursor"]
    own = owner.get(IMPORTS, limit="1").body["next_cursor"]
    altered = own[:-2] + ("AA" if own[-2:] != "AA" else "BB")
    for cursor in (foreign, altered, "x", ""):
        answer = owner.get(IMPORTS, cursor=cursor)
        assert_problem(answer, 400, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many"])
def test_a_page_has_1_to_100_imports(limit: str, owner: Staff):
    assert_problem(owner.get(IMPORTS, limit=limit), 422, "validation_failed", "limit")


# ---- Fields and templates ------------------------------------------------------------------


def test_the_fields_are_those_of_a_client_with_what_is_required_and_unique(member: Staff):
    fields = member.get(f"{IMPORTS}/fields").body["items"]
    names = (
        "number email business_name first_name last_name telephone street1 street2 city state"
        " postal_code country currency tags"
    )
    assert [field["name"] for field in fields] == names.split()
    assert [field["name"] for field in fields if field["required"]] == ["business_name"]
    assert [field["name"] for field in fields if field["unique"]] == ["number", "email"]
    assert all(field["label"] and field["description"] and field["example"] for field in fields)


@pytest.mark.parametrize(
    ("form", "content"), [("csv", csv_template), ("xlsx", xlsx_template), (None, csv_template)]
)
def test_a_template_is_downloaded_by_a_link_that_expires(
    form: str | None, content: Any, member: Staff
):
    query = {"format": form} if form else {}
    answer = member.get(f"{IMPORTS}/template", **query)
    assert imports.download(answer) == content()
    assert f'filename="tallybook-clients.{form or "csv"}"' in saved_as(answer)
    assert saved_as(answer).startswith("attachment;")
    assert lifetime(answer) == LINK_LASTS
    assert answer.body["expires_at"].endswith("Z")


def test_a_template_says_what_it_is(owner: Staff):
    owner.get(f"{IMPORTS}/template", format="csv")
    owner.get(f"{IMPORTS}/template", format="xlsx")
    assert imports.content_type("templates/tallybook-clients.csv") == "text/csv; charset=utf-8"
    kind = imports.content_type("templates/tallybook-clients.xlsx")
    assert kind.endswith("spreadsheetml.sheet")


@pytest.mark.parametrize("form", ["pdf", "", "CSV"])
def test_a_template_is_csv_or_xlsx(form: str, owner: Staff):
    answer = owner.get(f"{IMPORTS}/template", format=form)
    assert_problem(answer, 422, "validation_failed", "format")


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_template_that_is_filled_in_goes_in(form: str, owner: Staff, pipeline: Pipeline):
    template = imports.download(owner.get(f"{IMPORTS}/template", format=form))
    import_id = pipeline.drop(template, f"clients.{form}")
    assert imports.counts(owner, import_id) == {"rows": 1, "created": 1}
    client = imports.client(owner, "C-0042")
    assert client["business_name"] == "Müller & Söhne GmbH"
    assert client["emails"] == ["office@mueller.example", "accounts@mueller.example"]
    assert client["billing_address"]["postal_code"] == "01067"
    assert client["tags"] == ["wholesale", "vip"]


# ---- Preview -------------------------------------------------------------------------------


def test_a_preview_shows_the_first_rows_under_their_columns(owner: Staff, pipeline: Pipeline):
    import_id = waiting(pipeline, owner)
    preview = owner.get(path(import_id, "/preview")).body
    assert preview["columns"] == imports.get(owner, import_id)["columns"]
    assert preview["rows"] == [
        {"line": 2, "cells": ["Acme", "office@acme.example", "new"]},
        {"line": 3, "cells": ["Bolt", "", ""]},
    ]


def test_a_preview_has_twenty_rows_of_short_cells(owner: Staff, pipeline: Pipeline):
    rows = "".join(f"Acme {number},{'x' * 1000}\n" for number in range(25))
    import_id = waiting(pipeline, owner, f"Business name,Remarks\n{rows}")
    shown = owner.get(path(import_id, "/preview")).body["rows"]
    assert [row["line"] for row in shown] == list(range(2, 22))
    assert {len(row["cells"][1]) for row in shown} == {200}


def test_a_preview_shows_bytes_that_no_encoding_explains(owner: Staff, pipeline: Pipeline):
    answer = imports.begin(owner, start=False)
    name = "Müller".encode("cp1252")
    filler = b"".join(f"Söhne {number}\n".encode() for number in range(20_000))
    pipeline.upload(answer, b"Business name\nGr\xc3\xbc\xc3\x9fe\n" + name + b"\n" + filler)
    answer = owner.get(path(answer.body["import_id"], "/preview"))
    assert [row["cells"] for row in answer.body["rows"]][:2] == [
        ["Grüße"],
        ["M\N{REPLACEMENT CHARACTER}ller"],
    ]


def test_there_is_no_preview_before_the_file_is_read(owner: Staff):
    assert_problem(owner.get(path(begun(owner), "/preview")), 409, "import_not_ready")


def test_there_is_no_preview_of_a_file_that_cannot_be_read(owner: Staff, pipeline: Pipeline):
    assert_problem(owner.get(path(pipeline.drop(""), "/preview")), 409, "import_not_ready")


# ---- Start ---------------------------------------------------------------------------------


def test_an_import_that_is_not_to_start_waits_when_it_is_read(owner: Staff, pipeline: Pipeline):
    import_id = waiting(pipeline, owner)
    assert imports.get(owner, import_id)["status"] == "ready"
    assert imports.clients(owner) == {}


def test_an_import_that_is_ready_starts_as_suggested(member: Staff, pipeline: Pipeline):
    import_id = waiting(pipeline, member)
    answer = member.post(path(import_id, "/start"))
    assert (answer.status, answer.body["status"]) == (200, "running")
    assert answer.body["started_at"]
    pipeline.run()
    assert imports.get(member, import_id)["status"] == "completed"
    assert imports.clients(member) == {"C-0001": "Acme", "C-0002": "Bolt"}


def test_a_start_may_say_which_column_is_what(owner: Staff, pipeline: Pipeline):
    import_id = waiting(pipeline, owner)
    mapping = {"0": "business_name", "1": None, "2": "tags"}
    answer = owner.post(path(import_id, "/start"), {"mapping": mapping})
    assert answer.body["mapping"] == {"0": "business_name", "2": "tags"}
    pipeline.run()
    client = imports.client(owner, "C-0001")
    assert (client["emails"], client["tags"]) == ([], ["new"])


def test_an_import_without_a_name_column_waits_for_a_mapping(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.upload(imports.begin(owner), NAMELESS)
    found = imports.get(owner, import_id)
    assert found["status"] == "needs_mapping"
    assert found["error"]["code"] == "needs_mapping"
    assert "business name" in found["error"]["detail"]
    assert imports.clients(owner) == {}


def test_an_import_that_waits_for_a_mapping_starts_with_one(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(NAMELESS)
    answer = owner.post(path(import_id, "/start"), {"mapping": {"0": "business_name"}})
    assert (answer.body["status"], answer.body["error"]) == ("running", None)
    pipeline.run()
    assert imports.clients(owner) == {"C-0001": "red", "C-0002": "blue"}


def test_an_import_that_waits_for_a_mapping_does_not_start_without(
    owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop(NAMELESS)
    with stored.unchanged():
        answer = owner.post(path(import_id, "/start"))
    assert_problem(answer, 422, "validation_failed", "mapping")


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ({"0": "business_name", "3": "email"}, "mapping.3"),
        ({"0": "business_name", "1": "business_name"}, "mapping"),
        ({"0": "email"}, "mapping"),
        ({"0": None}, "mapping"),
        ({}, "mapping"),
    ],
)
def test_a_mapping_has_to_fit_the_file(
    mapping: dict[str, Any], field: str, owner: Staff, pipeline: Pipeline
):
    import_id = waiting(pipeline, owner)
    with stored.unchanged():
        answer = owner.post(path(import_id, "/start"), {"mapping": mapping})
    assert_problem(answer, 422, "validation_failed", field)


def test_a_mapping_names_fields_of_a_client(owner: Staff, pipeline: Pipeline):
    import_id = waiting(pipeline, owner)
    mapping = {"0": "business_name", "1": "shoe_size"}
    answer = owner.post(path(import_id, "/start"), {"mapping": mapping})
    assert answer.status == 422
    assert next(iter(answer.fields)).startswith("mapping.1")


def test_a_start_takes_no_options_that_are_too_late(owner: Staff, pipeline: Pipeline):
    import_id = waiting(pipeline, owner)
    answer = owner.post(path(import_id, "/start"), {"delimiter": ";"})
    assert_problem(answer, 422, "validation_failed", "delimiter")


def test_the_options_of_the_beginning_hold_for_the_start(owner: Staff, pipeline: Pipeline):
    owner.post("/v1/clients", {"business_name": "Old", "emails": ["office@acme.example"]})
    options = {"update_existing": True, "mapping": {"1": "email", "2": "business_name"}}
    import_id = waiting(pipeline, owner, options=options)
    owner.post(path(import_id, "/start"))
    pipeline.run()
    assert imports.clients(owner) == {"C-0001": "new"}


def test_an_import_without_its_file_does_not_start(owner: Staff):
    answer = owner.post(path(begun(owner), "/start"))
    assert_problem(answer, 409, "import_not_ready")
    assert "not been uploaded" in answer.body["detail"]


@pytest.mark.parametrize("content", [LIST, ""])
def test_an_import_that_is_over_does_not_start(content: str, owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(content)
    with stored.unchanged():
        answer = owner.post(path(import_id, "/start"))
    assert_problem(answer, 409, "import_not_ready")


def test_an_import_that_is_undone_does_not_start(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    owner.post(path(import_id, "/undo"))
    pipeline.run()
    answer = owner.post(path(import_id, "/start"))
    assert_problem(answer, 409, "import_not_ready")
    assert imports.clients(owner) == {}


def test_an_import_that_runs_takes_no_other_options(owner: Staff, pipeline: Pipeline):
    import_id = running(pipeline, owner)
    with stored.unchanged():
        answer = owner.post(path(import_id, "/start"), {"update_existing": True})
    assert_problem(answer, 409, "import_not_ready")


def test_to_start_an_import_that_runs_sends_what_is_not_done(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = waiting(pipeline, owner, LIST + "Cord,,\n")
    owner.post(path(import_id, "/start"))
    first, lost = pipeline.messages(pipeline.jobs())
    imports.work(first)
    assert owner.post(path(import_id, "/start")).body["status"] == "running"
    assert pipeline.messages(pipeline.jobs()) == [lost]
    imports.work(lost)
    assert imports.counts(owner, import_id) == {"rows": 3, "created": 3}
    assert imports.get(owner, import_id)["status"] == "completed"


def test_an_import_that_died_at_its_finish_is_finished_by_the_next_delivery(
    owner: Staff, pipeline: Pipeline
):
    import_id = running(pipeline, owner)
    (message,) = pipeline.messages(pipeline.jobs())
    with imports.crash_while_finishing():
        assert imports.failures(message)
    found = imports.get(owner, import_id)
    assert (found["status"], found["progress"]) == ("running", 1)
    imports.work(message)
    assert imports.get(owner, import_id)["status"] == "completed"


def test_to_start_an_import_that_died_at_its_finish_finishes_it(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = waiting(pipeline, owner, LIST + "Cord,,\n")
    owner.post(path(import_id, "/start"))
    first, last = pipeline.messages(pipeline.jobs())
    imports.work(first)
    with imports.crash_while_finishing():
        assert imports.failures(last)  # and so often that the queue gives up
    assert owner.post(path(import_id, "/start")).body["status"] == "running"
    pipeline.run()
    assert imports.get(owner, import_id)["status"] == "completed"
    assert imports.counts(owner, import_id) == {"rows": 3, "created": 3}


def test_the_same_start_with_the_same_key_is_one_start(owner: Staff, pipeline: Pipeline):
    import_id = waiting(pipeline, owner)
    first = owner.post(path(import_id, "/start"), idempotency_key="k")
    pipeline.run()
    with stored.unchanged():
        again = owner.post(path(import_id, "/start"), idempotency_key="k")
    assert again.body == first.body
    assert again.headers["idempotency-replayed"] == "true"


# ---- Undo ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["staff", "specialist"])
def test_only_managers_and_owners_undo(role: str, owner: Staff, manager: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    with stored.unchanged():
        answer = Staff(role).post(path(import_id, "/undo"))
    assert_problem(answer, 403, "forbidden")
    assert manager.post(path(import_id, "/undo")).status == 200


def test_undoing_begins_at_once_and_is_done_later(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    answer = owner.post(path(import_id, "/undo"))
    assert (answer.status, answer.body["status"]) == (200, "running")
    assert answer.body["undo"] == {"removed": 0, "restored": 0, "left": 0}
    assert answer.body["progress"] == 0
    pipeline.run()
    found = imports.get(owner, import_id)
    assert (found["status"], found["progress"]) == ("undone", 1)
    assert found["undo"] == {"removed": 2, "restored": 0, "left": 0}
    assert found["counts"]["created"] == 2


def refused_to_undo(owner: Staff, import_id: str) -> str:
    with stored.unchanged():
        answer = owner.post(path(import_id, "/undo"))
    assert_problem(answer, 409, "import_not_undoable")
    return str(answer.body["detail"])


def test_an_import_is_undone_once(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    owner.post(path(import_id, "/undo"))
    assert "running" in refused_to_undo(owner, import_id)
    pipeline.run()
    assert "undone" in refused_to_undo(owner, import_id)


def test_a_dry_run_is_not_undone(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.upload(imports.begin(owner, dry_run=True), LIST)
    assert "dry run" in refused_to_undo(owner, import_id)


def test_an_import_that_runs_is_not_undone(owner: Staff, pipeline: Pipeline):
    assert "running" in refused_to_undo(owner, running(pipeline, owner))


def test_an_import_that_waits_or_failed_is_not_undone(owner: Staff, pipeline: Pipeline):
    for import_id in (begun(owner), waiting(pipeline, owner), pipeline.drop("")):
        refused_to_undo(owner, import_id)


def test_an_old_import_is_not_undone(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    long_ago = "2026-01-01T00:00:00.000Z"
    stored.alter(f"IMPORT#{import_id}", "IMPORT", started_at=long_ago)
    assert "85 days" in refused_to_undo(owner, import_id)


def test_the_same_undo_with_the_same_key_is_one(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    first = owner.post(path(import_id, "/undo"), idempotency_key="k")
    pipeline.run()
    again = owner.post(path(import_id, "/undo"), idempotency_key="k")
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["idempotency-replayed"] == "true"


# ---- Downloads -----------------------------------------------------------------------------

WITH_FAULTS = "Business name,Country\nAcme,Atlantis\nBolt,DE\n"


def test_the_rows_that_did_not_go_in_are_downloaded_under_the_name_of_the_file(
    member: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop(WITH_FAULTS, "Kunden März.csv")
    answer = member.get(path(import_id, "/rejects"))
    assert imports.download(answer).startswith(b"\xef\xbb\xbfLine,Business name,")
    assert "UTF-8''Kunden%20M%C3%A4rz%20%28not%20imported%29.csv" in saved_as(answer)
    assert lifetime(answer) == LINK_LASTS


def test_there_are_no_rejects_when_every_row_went_in(owner: Staff, pipeline: Pipeline):
    answer = owner.get(path(pipeline.drop(LIST), "/rejects"))
    assert_problem(answer, 404, "nothing_to_download")


def test_there_are_no_rejects_of_an_import_that_is_not_completed(owner: Staff, pipeline: Pipeline):
    for import_id in (begun(owner), pipeline.drop(""), running(pipeline, owner)):
        assert_problem(owner.get(path(import_id, "/rejects")), 409, "import_not_ready")


def test_the_rejects_can_still_be_downloaded_when_the_import_is_undone(
    owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop(WITH_FAULTS)
    before = imports.rejects(owner, import_id)
    owner.post(path(import_id, "/undo"))
    assert_problem(owner.get(path(import_id, "/rejects")), 409, "import_not_ready")
    pipeline.run()
    assert imports.rejects(owner, import_id) == before


def test_what_undoing_left_is_downloaded_under_the_name_of_the_file(
    owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop(LIST)
    client_id = imports.client(owner, "C-0001")["client_id"]
    owner.patch(f"/v1/clients/{client_id}", {"first_name": "Anna"})
    owner.post(path(import_id, "/undo"))
    pipeline.run()
    answer = owner.get(path(import_id, "/left"))
    assert b"C-0001" in imports.download(answer)
    assert 'filename="clients (not undone).csv"' in saved_as(answer)


def test_there_is_nothing_left_when_undoing_put_everything_back(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    owner.post(path(import_id, "/undo"))
    pipeline.run()
    assert_problem(owner.get(path(import_id, "/left")), 404, "nothing_to_download")


def test_nothing_is_left_before_an_import_is_undone(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    assert_problem(owner.get(path(import_id, "/left")), 409, "import_not_ready")
