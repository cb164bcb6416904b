"""A dry run says of every row what the import would do with it, and writes nothing."""

from typing import Any

import pytest

from tests.support import imports, stored
from tests.support.api import Staff
from tests.support.imports import Pipeline

EXISTING: tuple[dict[str, Any], ...] = (
    {"business_name": "Old", "number": "K-1", "emails": ["one@x.example"]},
    {"business_name": "Older", "number": "K-2", "emails": ["two@x.example"]},
)
ROWS = (
    "Nummer,Firma,Mail,Land",
    ",Acme,a@x.example,DE",
    "K-1,By number,,",
    ",By address,two@x.example,",
    "K-1,Two clients,two@x.example,",
    ",Bad country,b@x.example,Atlantis",
    "K-9,Bolt,,",
    ",Repeats line 2,a@x.example,",
    "k-9,Repeats line 7,,",
    "K-9,Repeats two,a@x.example,",
    "K-1,,,",
    "K-10,,,",
    ",Repeats the bad one,b@x.example,",
    "K-11,Cord,c@x.example,",
    "K-11,Same in the same chunk,c@x.example,",
    ",Too many,d@x.example,DE,more",
    ",Repeats line 13,b@x.example,",
)
LIST = "\n".join(ROWS) + "\n"


@pytest.fixture(autouse=True)
def existing(owner: Staff) -> None:
    for client in EXISTING:
        assert owner.post("/v1/clients", client).status == 201


def rehearsed(pipeline: Pipeline, owner: Staff, content: str = LIST, **options: Any) -> str:
    return pipeline.upload(imports.begin(owner, dry_run=True, options=options), content)


def run(pipeline: Pipeline, owner: Staff, import_id: str, **wanted: Any) -> None:
    answer = owner.post(f"/v1/imports/{import_id}/start", wanted)
    assert answer.status == 200, answer.body
    pipeline.run()


def test_a_dry_run_writes_nothing_but_its_result(owner: Staff, pipeline: Pipeline):
    before = stored.items()
    import_id = rehearsed(pipeline, owner, update_existing=True)
    assert [each for each in stored.items() if not each["pk"].startswith("IMPORT#")] == before
    assert not [sk for _, sk in stored.keys(f"IMPORT#{import_id}") if sk.startswith("BEFORE#")]
    found = imports.get(owner, import_id)
    assert (found["status"], found["dry_run"], found["progress"]) == ("completed", True, 1)


@pytest.mark.parametrize("update_existing", [False, True])
@pytest.mark.parametrize("chunk_rows", [1, 2, 3, 500])
def test_a_dry_run_tells_what_the_import_then_does(
    chunk_rows: int,
    update_existing: bool,
    owner: Staff,
    pipeline: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
):
    imports.chunks_of(chunk_rows, monkeypatch)
    import_id = rehearsed(pipeline, owner, update_existing=update_existing)
    counts, rejects = imports.counts(owner, import_id), imports.rejects(owner, import_id)
    run(pipeline, owner, import_id)
    assert imports.counts(owner, import_id) == counts
    assert imports.rejects(owner, import_id) == rejects
    assert counts["created"] + 2 == len(imports.clients(owner))
    assert sum(counts.values()) == 2 * counts["rows"]


def test_a_dry_run_finds_what_repeats_in_other_chunks(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    rows = "".join(f"Acme {number},a{number % 7}@x.example\n" for number in range(20))
    import_id = rehearsed(pipeline, owner, f"Firma,Mail\n{rows}")
    assert imports.counts(owner, import_id) == {"rows": 20, "created": 7, "skipped": 13}
    reasons = {row[0]: row[-1] for row in imports.rejects(owner, import_id)[1:]}
    assert reasons["9"] == "Mail: 'a0@x.example' belongs to the client of line 2."
    assert list(reasons) == [str(line) for line in range(9, 22)]


def test_a_dry_run_is_counted_while_it_runs(owner: Staff, pipeline: Pipeline, small_chunks: None):
    answer = imports.begin(owner, dry_run=True)
    content = "Firma,Mail\n" + "".join(f"Acme {n},a@x.example\n" for n in range(4))
    pipeline.arrive(imports.put(answer.body["upload"]["fields"]["key"], content))
    first, second = pipeline.messages(pipeline.jobs())
    imports.work(first)
    half = imports.get(owner, answer.body["import_id"])
    assert (half["status"], half["progress"]) == ("running", 0.5)
    assert (half["counts"]["created"], half["counts"]["skipped"]) == (1, 1)
    imports.work(second)
    assert imports.counts(owner, answer.body["import_id"]) == {
        "rows": 4,
        "created": 1,
        "skipped": 3,
    }


def test_a_chunk_of_a_dry_run_that_comes_twice_counts_once(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    answer = imports.begin(owner, dry_run=True)
    pipeline.arrive(imports.put(answer.body["upload"]["fields"]["key"], "Firma\nA\nB\nC\n"))
    first, second = pipeline.messages(pipeline.jobs())
    imports.work(first, first)
    imports.work(second)
    imports.work(second)
    assert imports.counts(owner, answer.body["import_id"]) == {"rows": 3, "created": 3}


def test_a_dry_run_can_be_repeated_with_other_options(owner: Staff, pipeline: Pipeline):
    import_id = rehearsed(pipeline, owner)
    skipped = imports.counts(owner, import_id)
    run(pipeline, owner, import_id, dry_run=True, update_existing=True)
    updated = imports.counts(owner, import_id)
    assert "updated" not in skipped
    assert updated["updated"] > 0
    run(pipeline, owner, import_id, dry_run=True, update_existing=False)
    assert imports.counts(owner, import_id) == skipped
    assert len(imports.clients(owner)) == 2


def test_a_dry_run_can_be_repeated_with_another_mapping(owner: Staff, pipeline: Pipeline):
    import_id = rehearsed(pipeline, owner, "Firma,Bemerkung,Land\nAcme,new,Atlantis\n")
    assert imports.counts(owner, import_id) == {"rows": 1, "failed": 1}
    run(pipeline, owner, import_id, dry_run=True, mapping={"0": "business_name", "1": "tags"})
    assert imports.counts(owner, import_id) == {"rows": 1, "created": 1}


def test_an_import_after_a_dry_run_is_one_that_can_be_undone(owner: Staff, pipeline: Pipeline):
    import_id = rehearsed(pipeline, owner)
    run(pipeline, owner, import_id)
    assert imports.get(owner, import_id)["dry_run"] is False
    assert owner.post(f"/v1/imports/{import_id}/undo").status == 200
    pipeline.run()
    assert list(imports.clients(owner)) == ["K-1", "K-2"]


def test_a_dry_run_takes_no_number(owner: Staff, pipeline: Pipeline):
    rehearsed(pipeline, owner, "Firma\nBolt\nCord\n")
    assert owner.post("/v1/clients", {"business_name": "Acme"}).body["number"] == "C-0001"


def test_a_client_that_came_since_the_dry_run_counts(owner: Staff, pipeline: Pipeline):
    import_id = rehearsed(pipeline, owner, "Firma,Mail\nBolt,b@x.example\n")
    owner.post("/v1/clients", {"business_name": "Bolt", "emails": ["b@x.example"]})
    run(pipeline, owner, import_id)
    assert imports.counts(owner, import_id) == {"rows": 1, "skipped": 1}


@pytest.mark.parametrize(
    "rows",
    [
        ["K-9,New,new@x.example", "X-1,A,", "X-2,B,", ",Other,new@x.example"],
        ["K-9,New,new@x.example", "X-1,A,", "X-2,B,", ",Other,old@x.example"],
        ["K-9,New,new@x.example", ",Other,old@x.example"],
        ["X-1,A,a@x.example", "X-1,,b@x.example", "X-2,B,", ",C,a@x.example", "X-2,D,b@x.example"],
    ],
    ids=["taken by a later row", "freed for a later row", "freed in its chunk", "of a new client"],
)
def test_a_dry_run_knows_whose_address_a_row_changes(
    owner: Staff, pipeline: Pipeline, small_chunks: None, rows: list[str]
):
    old = {"business_name": "Old", "number": "K-9", "emails": ["old@x.example"]}
    owner.post("/v1/clients", old)
    content = "Number,Firma,Mail\n" + "\n".join(rows) + "\n"
    asked = imports.begin(owner, dry_run=True, options={"update_existing": True})
    import_id = pipeline.upload(asked, content)
    told = imports.counts(owner, import_id)
    run(pipeline, owner, import_id)
    assert imports.counts(owner, import_id) == told


def test_a_dry_run_that_was_asked_for_stays_one_when_it_is_started_by_hand(
    owner: Staff, pipeline: Pipeline
):
    asked = imports.begin(owner, dry_run=True, start=False)
    import_id = pipeline.upload(asked, "Firma\nBolt\n")
    run(pipeline, owner, import_id)
    assert imports.get(owner, import_id)["dry_run"] is True
    assert "Bolt" not in imports.clients(owner).values()
    run(pipeline, owner, import_id)
    assert imports.get(owner, import_id)["dry_run"] is False
    assert "Bolt" in imports.clients(owner).values()


def test_a_dry_run_that_had_to_wait_for_its_mapping_writes_nothing(
    owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.upload(imports.begin(owner, dry_run=True), "Foo\nBolt\n")
    assert imports.get(owner, import_id)["status"] == "needs_mapping"
    run(pipeline, owner, import_id, mapping={"0": "business_name"})
    found = imports.get(owner, import_id)
    assert (found["status"], found["dry_run"]) == ("completed", True)
    assert "Bolt" not in imports.clients(owner).values()
