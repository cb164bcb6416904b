"""Any small file: the counts add up, what was created is found, and undoing leaves no trace."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tallybook.clients import removal
from tallybook.imports import splitting
from tallybook.table import Item
from tests.integration.test_import_concurrency import check_guards, work
from tests.support import imports, snapshots
from tests.support.api import Staff
from tests.support.faults import no_pauses
from tests.support.imports import Pipeline
from tests.support.local_table import forget

type Row = tuple[str, ...]
type Check = Callable[..., None]

NUMBERS = st.sampled_from(["", "", "", "K-1", "k-1", "K-2", "N-1", "N-2", "C-0003", "C-0007"])
NAMES = st.sampled_from(["", "Acme", "Bolt & Co", "Çelik", "Dent"])
EMAILS = st.sampled_from(
    [
        "",
        "",
        "one@old.example",
        "two@old.example",
        "a@new.example",
        "A@new.example",
        "b@new.example",
    ]
)
CITIES = st.sampled_from(["", "Bonn", "Wien"])
COUNTRIES = st.sampled_from(["", "", "DE", "Österreich", "Atlantis"])
CELLS = st.tuples(NUMBERS, NAMES, EMAILS, CITIES, COUNTRIES)

BOOKKEEPING = {"version", "updated_at", "imported", "attention", "agenda_pk", "agenda_sk"}


def files(row: st.SearchStrategy[Row]) -> st.SearchStrategy[list[Row]]:
    return st.lists(row, min_size=1, max_size=6).filter(lambda rows: any(map(any, rows)))


def named(row: Row) -> Row:
    number, name, *rest = row
    return number, name or "Acme", *rest


def with_one_claim(row: Row) -> Row:
    """A number or an address: then no row can move what another one names its client by."""
    number, name, email, *rest = row
    return number, name, "" if number else email, *rest


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    with no_pauses():
        yield


@pytest.fixture
def before(owner: Staff, admin: Any, pipeline: Pipeline) -> snapshots.Snapshot:
    """A firm with two clients, and a third whose number the sequence will meet."""
    for pattern, number, email in (
        ("{seq}", "C-0003", "three@old.example"),
        ("C-{seq:04}", "K-1", "one@old.example"),
        ("C-{seq:04}", "K-2", "two@old.example"),
    ):
        owner.patch("/v1/settings", {"numbering": {"client": pattern}})
        body = {"business_name": f"Old {number}", "number": number, "emails": [email]}
        assert owner.post("/v1/clients", body).status == 201
    return snapshots.take(admin)


def text(rows: list[Row]) -> str:
    return "Number,Company,Email,City,Country\n" + "".join(",".join(row) + "\n" for row in rows)


def clients(snapshot: snapshots.Snapshot) -> dict[Any, Item]:
    """Clients, guards and search items, whoever wrote them when and whoever is to look at them."""
    return {
        key: {name: value for name, value in item.items() if name not in BOOKKEEPING}
        for key, item in snapshot.without("IMPORT#", "SEQUENCE#").items()
    }


def run(pipeline: Pipeline) -> None:
    for message in pipeline.messages(pipeline.jobs()):
        assert work(message) == {"batchItemFailures": []}


def counts(owner: Staff, import_id: str) -> dict[str, int]:
    found = imports.get(owner, import_id)
    assert found["status"] == "completed", found
    counted: dict[str, int] = found["counts"]
    assert counted["rows"] == sum(counted.values()) - counted["rows"]
    return counted


@pytest.fixture
def check(
    owner: Staff, pipeline: Pipeline, admin: Any, before: snapshots.Snapshot
) -> Callable[..., None]:
    """Rehearses, imports and undoes a file."""

    def act(rows: list[Row], *, chunk_rows: int, update_existing: bool) -> None:
        snapshots.restore(admin, before)
        forget()
        wanted = {"filename": "clients.csv", "dry_run": True}
        options = {"update_existing": update_existing}
        answer = owner.post("/v1/imports", wanted | {"options": options})
        import_id = answer.body["import_id"]
        key = answer.body["upload"]["fields"]["key"]
        with mock.patch.dict(splitting.split.__kwdefaults__, chunk_rows=chunk_rows):
            pipeline.arrive(imports.put(key, text(rows)))
        run(pipeline)
        expected = counts(owner, import_id)
        assert snapshots.take(admin).without("IMPORT#") == before.without("IMPORT#")

        assert owner.post(f"/v1/imports/{import_id}/start").status == 200
        run(pipeline)
        came = counts(owner, import_id)
        assert came["rows"] == sum(any(row) for row in rows)
        assert came == expected
        check_guards(admin)
        made = {
            pk.removeprefix("CLIENT#"): item["row"]
            for (pk, sk), item in snapshots.take(admin).plain("CLIENT#").items()
            if (pk, sk) not in before.items
        }
        assert len(made) == came["created"]
        for client_id, row in made.items():
            for query in (
                {"number": row["number"]},
                {"q": row["number"]},
                {"q": row["business_name"]},
            ):
                found = owner.get("/v1/clients", **query).body["items"]
                assert client_id in [each["client_id"] for each in found], query

        assert owner.post(f"/v1/imports/{import_id}/undo").status == 200
        run(pipeline)
        undone = imports.get(owner, import_id)
        assert undone["status"] == "undone"
        assert (undone["undo"]["removed"], undone["undo"]["left"]) == (came["created"], 0)
        for client_id in made:
            removal.remove(client_id)
        assert clients(snapshots.take(admin)) == clients(before)

    return act


MANY = settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
SIZES = st.integers(1, 6)


@MANY
@given(rows=files(CELLS.map(named)), chunk_rows=SIZES)
def test_a_dry_run_foretells_an_import_that_skips_what_exists(
    check: Check, rows: list[Row], chunk_rows: int
):
    check(rows, chunk_rows=chunk_rows, update_existing=False)


@MANY
@given(rows=files(CELLS.map(named).map(with_one_claim)), chunk_rows=SIZES)
@example(rows=[("K-1", "Acme", "", "Bonn", "DE")], chunk_rows=1)
def test_a_dry_run_foretells_an_import_that_updates_what_exists(
    check: Check, rows: list[Row], chunk_rows: int
):
    check(rows, chunk_rows=chunk_rows, update_existing=True)
