"""An import whose workers die anywhere ends as one whose workers live.

A container dies before or after any call of AWS, in whichever thread. What it worked on is
delivered again, to a new container. Afterwards every item of the table and every object in the
bucket is as if nothing had happened, apart from the moment when the import was finished.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from threading import Barrier
from typing import Any
from unittest import mock

import pytest

from tallybook.imports import chunks, splitting
from tests.builders import new_contact
from tests.support import imports, snapshots
from tests.support.api import Staff, invoke
from tests.support.faults import Death, death_at_call, no_pauses
from tests.support.imports import Pipeline, sqs_event
from tests.support.local_table import forget
from tests.support.snapshots import Snapshot

# "before" each call, or "after" each that writes
WHEN = pytest.mark.parametrize("when", ["before", "after"])
MODES = pytest.mark.parametrize("update_existing", [True, False], ids=["update", "skip"])

# A row of every kind; those with K-1 to K-4 or an address of old.example are of clients that exist.
FILE = """\
Number,Company,Email,City,Country,Tags
N-1,Brings Both,both@new.example,Köln,Germany,vip
,Brings Nothing,,,,
N-3,Brings a Number,,Wien,AT,
,Brings an Address,address@new.example,,,
,Has the Address of Line 5,ADDRESS@new.example,Rom,,
n-3,Has the Number of Line 4,other@new.example,,,
K-1,Moves,moved@old.example,Bonn,,
K-20,,two@old.example,,,
,,two@old.example,Graz,,vip
K-3,Third,three@old.example,,,
K-1,Of Two,three@old.example,,,
,Invalid,not an address,,Atlantis,
,,nameless@new.example,,,
K-4,,,Rom,,
N-16,Ragged,,,,,and more
C-0009,Brings a Number of the Sequence,,,,
N-3,Has Both of Others,address@new.example,,,
,Takes What Moves,one@old.example,,,
K-4,Wants What Moves,one@old.example,,,
,Adam,,,,
,Bert,,,,
,Carl,carl@new.example,Rom,IT,"vip,late"
"""
ROWS = FILE.count("\n") - 1


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    with no_pauses():
        yield


@pytest.fixture(autouse=True)
def clients(owner: Staff) -> dict[str, str]:
    """The paths of K-1 to K-4. Numbers that the sequence will come to are given by hand."""
    for pattern in ("{seq}", "C-{seq:04}"):
        numbering = {"numbering": {"client": pattern}}
        assert owner.patch("/v1/settings", numbering).status == 200
        if pattern == "{seq}":
            create(owner, "C-0011", "Given by Hand", "hand@old.example")
            create(owner, "C-0012", "Given by Hand Too", "hand2@old.example")
    return {
        number: create(owner, number, name, f"{name.lower()}@old.example")
        for number, name in (("K-1", "One"), ("K-2", "Two"), ("K-3", "Three"), ("K-4", "Four"))
    }


def create(owner: Staff, number: str, name: str, email: str) -> str:
    body = {"business_name": name, "number": number, "emails": [email]}
    answer = owner.post("/v1/clients", body)
    assert answer.status == 201, answer.body
    return answer.headers["location"]


@pytest.fixture
def small_chunks() -> Iterator[None]:
    with chunks_of(11):
        yield


def chunks_of(rows: int) -> AbstractContextManager[Any]:
    return mock.patch.dict(splitting.split.__kwdefaults__, chunk_rows=rows)


def started(owner: Staff, pipeline: Pipeline, **wanted: Any) -> list[dict[str, Any]]:
    """The messages of an import of the file that begins."""
    pipeline.arrive(uploaded(owner, **wanted))
    return pipeline.messages(pipeline.jobs())


def uploaded(owner: Staff, **wanted: Any) -> dict[str, Any]:
    """The event of a file that was uploaded."""
    answer = owner.post("/v1/imports", {"filename": "clients.csv", **wanted})
    assert answer.status == 201, answer.body
    return imports.put(answer.body["upload"]["fields"]["key"], FILE)


def work(message: dict[str, Any]) -> None:
    """Deliver a message to a new container."""
    forget()
    assert invoke("import_rows", sqs_event([message])) == {"batchItemFailures": []}


def dies(act: Callable[[], object], count: int, when: str) -> bool:
    """Whether it came to the container's death at this call."""
    try:
        with death_at_call(count, when=when):
            act()
    except Death:
        return True
    return False


type Things = dict[tuple[str, str], Any]


def everything(snapshot: Snapshot) -> Things:
    """Every item and every object, but for the moment when an import was finished."""
    found: Things = dict(snapshot.items)
    for key, item in snapshot.items.items():
        if key[1] == "IMPORT":
            row = item["row"]["M"] | {"finished_at": None}
            found[key] = item | {"row": {"M": row}}
    return found | {("object", key): content for key, content in snapshot.objects.items()}


type Seeing = Callable[[Snapshot], Things]


class Trial:
    """Work from one state of the world, again and again."""

    def __init__(self, admin: Any, act: Callable[[], object], see: Seeing = everything) -> None:
        self._admin, self.act, self._see = admin, act, see
        self.before = snapshots.take(admin)
        act()
        self._expected = see(snapshots.take(admin))

    def dies_at_each_call(self, when: str, *, step: int = 1) -> Iterator[int]:
        """Deaths at each call in turn, each from the same state, until there is no such call."""
        for count in range(1, 1000, step):
            snapshots.restore(self._admin, self.before)
            if not dies(self.act, count, when):
                self.check("without a death")
                return
            yield count

    def check(self, what: str) -> None:
        found, expected = self._see(snapshots.take(self._admin)), self._expected
        different = {key for key in found | expected if found.get(key) != expected.get(key)}
        assert not different, (
            what,
            {key: (expected.get(key), found.get(key)) for key in different},
        )

    def survives_a_death_at_each_call(self, when: str) -> int:
        """Returns how many there were."""
        deaths = 0
        for count in self.dies_at_each_call(when):
            self.act()
            self.check(f"dead {when} call {count}")
            deaths = count
        return deaths


# ---- Rows -----------------------------------------------------------------------------------


def counts(owner: Staff, message: dict[str, Any]) -> dict[str, int]:
    found = imports.get(owner, message["import_id"])
    assert found["status"] in ("completed", "undone")
    return found["counts"]


@WHEN
@MODES
def test_a_chunk_is_imported_once_wherever_its_worker_died(
    owner: Staff, pipeline: Pipeline, admin: Any, update_existing: bool, when: str
):
    options = {"update_existing": update_existing}
    (message,) = started(owner, pipeline, options=options)
    trial = Trial(admin, lambda: work(message))
    changed = 7 if update_existing else 0
    created, failed = 9 if update_existing else 8, 3
    assert counts(owner, message) == {
        "rows": ROWS,
        "created": created,
        "updated": changed,
        "skipped": ROWS - created - changed - failed,
        "failed": failed,
    }
    assert trial.survives_a_death_at_each_call(when) >= {"before": 16, "after": 6}[when]


def test_a_chunk_is_imported_once_though_two_workers_died_one_after_the_other(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    (message,) = started(owner, pipeline, options={"update_existing": True})
    trial = Trial(admin, lambda: work(message))
    second = 0
    for first in trial.dies_at_each_call("before", step=3):
        second += dies(trial.act, 5 + 7 * first % 13, "before")
        trial.act()
        trial.check(f"dead before call {first} and before call {5 + 7 * first % 13}")
    assert second >= 4


def test_a_chunk_is_imported_once_though_it_comes_twice_at_once_after_a_death(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    (message,) = started(owner, pipeline, options={"update_existing": True})
    trial = Trial(admin, lambda: work(message))
    deaths = 0
    for deaths in trial.dies_at_each_call("after"):
        forget()
        at_once([partial(work_as_thread, message)] * 2)
        trial.check(f"dead after write {deaths}")
    assert deaths >= 8


@WHEN
def test_a_dry_run_tells_the_same_wherever_its_worker_died_and_writes_no_client(
    owner: Staff, pipeline: Pipeline, admin: Any, small_chunks: None, when: str
):
    options = {"update_existing": True}
    first, last = started(owner, pipeline, dry_run=True, options=options)
    clients = snapshots.take(admin).without("IMPORT#")
    work(first)
    trial = Trial(admin, lambda: work(last))
    assert trial.survives_a_death_at_each_call(when) >= {"before": 9, "after": 4}[when]
    assert snapshots.take(admin).without("IMPORT#") == clients
    assert sum(counts(owner, last).values()) == 2 * ROWS


def work_as_thread(message: dict[str, Any]) -> None:
    """A function serves one event at a time in its process; what it calls may run in threads."""
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    chunks.work(message["import_id"], message["job"], message["chunk"], now=at)


def at_once(acts: list[Callable[[], None]]) -> None:
    start = Barrier(len(acts))

    def act(number: int) -> None:
        start.wait()
        acts[number]()

    with ThreadPoolExecutor(len(acts)) as threads:
        list(threads.map(act, range(len(acts))))


def counting_mails(snapshot: Snapshot) -> Things:
    """Everything, but of the mails to the firm, which have ids by chance, only how many."""
    found = everything(snapshot)
    mails = [key for key in found if key[0] == "FIRM" and key[1].startswith("EMAIL#")]
    for key in mails:
        del found[key]
    return found | {("FIRM", "mails"): len(mails)}


@WHEN
def test_the_result_of_a_dropped_file_is_mailed_once_wherever_its_worker_died(
    owner: Staff, pipeline: Pipeline, admin: Any, when: str
):
    assert owner.patch("/v1/settings", {"email": "boss@firm.example"}).status == 200
    pipeline.arrive(imports.put("imports/clients.csv", "Number,Company\nN-1,Acme\nK-1,One\n"))
    (message,) = pipeline.messages(pipeline.jobs())
    trial = Trial(admin, lambda: work(message), counting_mails)
    assert counting_mails(snapshots.take(admin))["FIRM", "mails"] == 1
    assert trial.survives_a_death_at_each_call(when) >= {"before": 9, "after": 4}[when]


# ---- Undoing --------------------------------------------------------------------------------


@WHEN
def test_an_import_is_undone_once_wherever_the_worker_died(
    owner: Staff, clients: dict[str, str], pipeline: Pipeline, admin: Any, when: str
):
    (message,) = started(owner, pipeline, options={"update_existing": True})
    work(message)
    touch(owner, clients)
    assert owner.post(f"/v1/imports/{message['import_id']}/undo").status == 200
    (undoing,) = pipeline.messages(pipeline.jobs())
    trial = Trial(admin, lambda: work(undoing))
    undone = imports.get(owner, message["import_id"])["undo"]
    assert undone == {"removed": 7, "restored": 1, "left": 5}
    assert trial.survives_a_death_at_each_call(when) >= {"before": 15, "after": 7}[when]


def touch(owner: Staff, clients: dict[str, str]) -> None:
    """Do to imported clients what keeps them from being undone."""

    def path(name: str) -> str:
        (found,) = owner.get("/v1/clients", q=name).body["items"]
        return f"/v1/clients/{found['client_id']}"

    assert owner.patch(path("Adam"), {"tags": ["ours"]}).status == 200
    assert owner.post(f"{path('Bert')}/contacts", new_contact()).status == 201
    assert owner.delete(path("Carl")).status == 204
    assert owner.patch(clients["K-3"], {"last_name": "Jones"}).status == 200
    assert owner.delete(clients["K-4"]).status == 204
    create(owner, "K-2", "Took the Number That K-20 Had", "other@old.example")


# ---- Before the rows ------------------------------------------------------------------------


def what_was_read(snapshot: Snapshot) -> Things:
    """Everything, but for how often it was tried, when, and the chance part of the job's id."""
    found = everything(snapshot)
    for key, item in list(found.items()):
        if key[1] == "IMPORT":
            found[key] = item | dict.fromkeys(("attempts", "version", "started_at"))
        if key[1].startswith("JOB#"):
            del found[key]
            found[key[0], "JOB"] = item | dict.fromkeys(("at", "sk", "ttl"))
    return found


@WHEN
@pytest.mark.parametrize("wizard", [True, False], ids=["wizard", "dropped"])
def test_a_file_is_read_once_wherever_the_reader_died(
    owner: Staff, pipeline: Pipeline, admin: Any, small_chunks: None, wizard: bool, when: str
):
    event = uploaded(owner) if wizard else imports.put("imports/clients.csv", FILE)

    def act() -> None:
        forget()
        invoke("import_split", event)

    trial = Trial(admin, act, what_was_read)
    assert trial.survives_a_death_at_each_call(when) >= {"before": 8, "after": 6}[when]
    first, last = pipeline.messages(pipeline.jobs())
    work(last)
    work(first)
    assert sum(counts(owner, first).values()) == 2 * ROWS


@WHEN
def test_every_chunk_is_sent_wherever_the_outbox_died(
    owner: Staff, pipeline: Pipeline, admin: Any, when: str
):
    with chunks_of(1):
        pipeline.arrive(uploaded(owner))
    jobs = pipeline.jobs()
    event = imports.stream_event(jobs)
    sent = pipeline.messages(jobs)
    assert [message["chunk"] for message in sent] == list(range(1, ROWS + 1))
    deaths = 0
    for count in range(1, 100):
        if not dies(lambda: invoke("outbox", event), count, when):
            break
        assert invoke("outbox", event) == {"batchItemFailures": []}
        again = imports.received()
        assert {message["chunk"] for message in again} == {message["chunk"] for message in sent}
        deaths = count
    assert deaths == {"before": 4, "after": 3}[when]  # one Query, three batches of messages
    for message in again + sent:
        work(message)
    assert sum(counts(owner, sent[0]).values()) == 2 * ROWS


@pytest.mark.parametrize(
    "rows",
    [
        "K-1,One,,Bonn\nK-99,,one@old.example,\n",
        "K-1,One,,\nK-1,,,Graz\nK-1,One,,\n",
        "K-1,One A,,\nK-1,One,,\n",
        "K-1,One,,\nK-1,Two,,Graz\n",
        "K-1,Cross,b@new.example,\n,B,b@new.example,\n",
    ],
    ids=["named anew", "changed to and fro", "put back", "nothing to change", "two owners"],
)
def test_rows_that_change_whom_other_rows_mean_are_not_judged_anew(
    owner: Staff, pipeline: Pipeline, admin: Any, rows: str
):
    asked = {"filename": "clients.csv", "options": {"update_existing": True}}
    answer = owner.post("/v1/imports", asked)
    content = f"Number,Company,Email,City\n{rows}"
    pipeline.arrive(imports.put(answer.body["upload"]["fields"]["key"], content))
    (message,) = pipeline.messages(pipeline.jobs())
    assert Trial(admin, lambda: work(message)).survives_a_death_at_each_call("before") > 9
