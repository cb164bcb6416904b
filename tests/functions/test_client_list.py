"""The client list: order, pages, filters and search, held against a model in plain Python.

The tests of the model share one firm of eighty clients, which is made once.
"""

import copy
import random
import unicodedata
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallybook.dates import now, timestamp
from tests.functions.conftest import empty_account
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Answer, Staff

pytestmark = pytest.mark.xdist_group("firm")  # made once, by one worker

CLIENTS = "/v1/clients"
ME = Staff("owner")
OTHER = Staff("staff", staff_id="a2b10d6f-4d0b-9a57-3c55-6f1c1f8e6a0a")
SPECIALISTS = [ME.staff_id, OTHER.staff_id]

NAMES = [
    "Acme",
    "acme",
    "Ácme Ltd",
    "Acme-Ltd",
    "Acme #1",
    "Zoë's Café",
    "Müller & Söhne GmbH",
    "Mueller OHG",
    "Łódź Transport",
    "O'Brien Brothers",
    "Østerbro Bageri",
    "東京商事",
    "東京 書店",
    "Ромашка ООО",
    "مؤسسة الأمل",
    "שלום בע״מ",
    "🍕 Pizza",
    "1st Choice",
    "99 Red Balloons",
    "ACM Partners",
]
FIRST = ["Anna", "Jürgen", "Zoë", "李", None]
LAST = ["Müller", "O'Brien", "Дмитриев", "van der Berg", None]
SORTS = ["name", "-created_at"]
COUNTRIES = ["DE", "FR", "JP", None]
TAGS = [[], ["vip"], ["vip", "wholesale"], ["new customer"]]
PORTAL = [None, "waiting", "accepted", "expired"]


def firm() -> list[dict[str, Any]]:
    """Eighty clients in the table, and what the model has to know of each."""
    chance = random.Random(20261122)  # noqa: S311
    for staff in (ME, OTHER):
        staff.get("/v1/me")
    made = [_made(chance, number) for number in range(80)]
    gone = ME.post(CLIENTS, {"business_name": "Acme Gone", "emails": ["gone@x.example"]}).body
    ME.put(f"{CLIENTS}/{gone['client_id']}/favourite")
    ME.delete(f"{CLIENTS}/{gone['client_id']}")
    return made


def _made(chance: random.Random, number: int) -> dict[str, Any]:
    country, specialist = chance.choice(COUNTRIES), chance.choice([*SPECIALISTS, None, None])
    emails = [f"c{number}@x.example", "office@shared.example"][: chance.randint(0, 2)]
    body = {
        "business_name": NAMES[number % len(NAMES)],
        "number": f"K/{number:03}" if chance.random() < 0.3 else None,
        "first_name": chance.choice(FIRST),
        "last_name": chance.choice(LAST),
        "emails": emails,
        "telephone": f"+4922112{number:04}" if chance.random() < 0.5 else None,
        "billing_address": {"country": country},
        "tags": chance.choice(TAGS),
        "ar_specialist": specialist,
    }
    client = ME.post(CLIENTS, body).body
    path = f"{CLIENTS}/{client['client_id']}"
    suspended, flagged = chance.random() < 0.3, chance.random() < 0.3
    if suspended:
        ME.post(f"{path}/suspend", {})
    if flagged:
        ME.put(f"{path}/flag", {"reason": "x"})
    favourites = {staff.staff_id for staff in (ME, OTHER) if chance.random() < 0.3}
    for staff in (ME, OTHER):
        if staff.staff_id in favourites:
            staff.put(f"{path}/favourite")
    row: dict[str, Any] = {}
    if due := chance.random() < 0.3:
        row["row__balance_due"] = 1
    if portal := chance.choice(PORTAL):
        row["row__portal_status"] = "waiting" if portal == "expired" else portal
        sent = now() - timedelta(days=7, minutes=5 if portal == "expired" else -5)
        row["row__portal_invited_at"] = timestamp(sent)
    if row:
        stored.alter(f"CLIENT#{client['client_id']}", "CLIENT", **row)
    return client | {
        "is_suspended": suspended,
        "is_flagged": flagged,
        "favourites": favourites,
        "is_due": due,
        "portal_status": portal or "not_invited",
    }


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    # moto copies the table for every transaction: not needed here, where none fails.
    uncopied = SimpleNamespace(copy=copy.copy, deepcopy=lambda original: original)
    with pytest.MonkeyPatch.context() as moto, empty_account():
        moto.setattr("moto.dynamodb.models.copy", uncopied)
        yield


@pytest.fixture(scope="module")
def clients(aws: None) -> list[dict[str, Any]]:
    return firm()


# ---- The model ---------------------------------------------------------------------------


def plain(text: str) -> str:
    """Without case, accents and punctuation: another way than the code's, for these names."""
    text = text.translate(str.maketrans("łŁøØ", "lLoO"))
    kept = (c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] in "LNS")
    return unicodedata.normalize("NFC", "".join(kept)).casefold()


def words(client: dict[str, Any], *, names_only: bool = False) -> set[str]:
    names = [client["business_name"], client["first_name"] or "", client["last_name"] or ""]
    spaced = [name.translate(str.maketrans("-'&#״", "     ")) for name in names]
    found = {plain(word) for name in names + spaced for word in name.split()}
    if not names_only:
        found |= {plain(client["number"]), *map(plain, client["emails"])}
        if client["telephone"]:
            found |= {client["telephone"][1:], "0" + client["telephone"][3:]}
    return found - {""}


def begins(query: str, found: set[str]) -> bool:
    asked = filter(None, map(plain, query.split()))
    return all(any(word.startswith(part) for word in found) for part in asked)


PASSES: dict[str, Callable[[dict[str, Any], str], bool]] = {
    "q": lambda client, value: begins(value, words(client)),
    "name": lambda client, value: begins(value, words(client, names_only=True)),
    "number": lambda client, value: client["number"].casefold() == value.casefold(),
    "email": lambda client, value: value.casefold() in client["emails"],
    "country": lambda client, value: client["billing_address"]["country"] == value,
    "status": lambda client, value: client["is_suspended"] == (value == "suspended"),
    "tag": lambda client, value: value in client["tags"],
    "flagged": lambda client, value: client["is_flagged"] == (value == "true"),
    "favourite": lambda client, value: (ME.staff_id in client["favourites"]) == (value == "true"),
    "ar_specialist": lambda client, value: client["ar_specialist"] == value,
    "balance_due": lambda client, value: client["is_due"] == (value == "true"),
    "portal_status": lambda client, value: client["portal_status"] == value,
}
VALUES: dict[str, list[str]] = {
    "q": [
        "ac",
        "acme",
        "müller",
        "MUELLER",
        "a",
        "zoe cafe",
        "東",
        "東京",
        "ром",
        "22112",
        "022112",
        "c1",
        "office",
        "o brien",
        "k/00",
        "C-00",
        "anna",
        "🍕",
        "nothing",
        "مؤسسة",
        "an mu",
        "99",
    ],
    "name": ["acme", "anna", "b", "brien anna", "ober", "ltd", "1"],
    "number": ["C-0001", "c-0007", "K/003", "K/00", "nothing"],
    "email": ["office@shared.example", "OFFICE@shared.example", "c1@x.example", "c1@x.exampl"],
    "country": ["DE", "FR", "JP", "US"],
    "status": ["active", "suspended"],
    "tag": ["vip", "new customer", "new", "VIP"],
    "flagged": ["true", "false"],
    "favourite": ["true", "false"],
    "ar_specialist": [*SPECIALISTS, "nobody"],
    "balance_due": ["true", "false"],
    "portal_status": ["not_invited", "waiting", "accepted", "expired"],
}


def expected(clients: list[dict[str, Any]], query: dict[str, str]) -> list[str]:
    filters = {name: value for name, value in query.items() if name in PASSES}
    passing = [
        client
        for client in clients
        if all(PASSES[name](client, value) for name, value in filters.items())
    ]
    newest_first = query.get("sort") == "-created_at"
    if newest_first:
        passing.sort(key=lambda client: client["client_id"], reverse=True)
    else:
        passing.sort(key=by_name)
    return [client["client_id"] for client in passing]


def by_name(client: dict[str, Any]) -> tuple[list[str], str]:
    spaced = client["business_name"].translate(str.maketrans("-'&#״", "     "))
    return [word for word in map(plain, spaced.split()) if word], client["client_id"]


def walked(query: dict[str, str], limit: int) -> list[str]:
    """The ids of all pages; every page is full unless it is the last."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = ME.get(CLIENTS, limit=str(limit), **query, **cursor)
        assert answer.status == 200, answer.body
        found += [row["client_id"] for row in answer.body["items"]]
        if answer.body["next_cursor"] is None:
            assert len(answer.body["items"]) <= limit
            return found
        assert len(answer.body["items"]) == limit
        cursor = {"cursor": answer.body["next_cursor"]}


def assert_as_modelled(clients: list[dict[str, Any]], query: dict[str, str], limit: int) -> None:
    assert walked(query, limit) == expected(clients, query), (query, limit)


# ---- The list against the model ----------------------------------------------------------


@pytest.mark.parametrize(
    ("sort", "limit"),
    [({}, 4), ({"sort": "name"}, 7), ({"sort": "-created_at"}, 3)]
    + [({"sort": sort}, limit) for sort in SORTS for limit in (25, 79, 80, 81, 100)],
)
def test_every_client_is_on_exactly_one_page(
    clients: list[dict[str, Any]], sort: dict[str, str], limit: int
):
    assert_as_modelled(clients, sort, limit)
    assert len(walked(sort, limit)) == 80


def test_each_filter_lets_through_what_the_model_does(clients: list[dict[str, Any]]):
    for name, values in VALUES.items():
        for place, value in enumerate(values):
            assert_as_modelled(clients, {name: value, "sort": SORTS[place % 2]}, 30)


def test_each_filter_finds_something_and_leaves_something_out(clients: list[dict[str, Any]]):
    for name, values in VALUES.items():
        found = [len(expected(clients, {name: value})) for value in values]
        assert max(found) > 0, name
        assert min(found) < 80, name


QUERIES = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
).filter(lambda query: len(query) <= 4)


@given(
    query=QUERIES,
    sort=st.sampled_from(SORTS),
    limit=st.sampled_from([5, 25, 100]),
)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
def test_filters_combine(
    clients: list[dict[str, Any]], query: dict[str, str], sort: str, limit: int
):
    assert_as_modelled(clients, query | {"sort": sort}, limit)


def test_a_walk_may_change_its_page_size(clients: list[dict[str, Any]]):
    first = ME.get(CLIENTS, limit="3", status="active").body
    rest = ME.get(CLIENTS, limit="100", status="active", cursor=first["next_cursor"]).body
    ids = [row["client_id"] for row in first["items"] + rest["items"]]
    assert ids == expected(clients, {"status": "active"})


def test_a_row_has_just_the_fields_of_the_contract(clients: list[dict[str, Any]]):
    for row in ME.get(CLIENTS, limit="100").body["items"]:
        (client,) = [each for each in clients if each["client_id"] == row["client_id"]]
        whole = ME.get(f"{CLIENTS}/{row['client_id']}").body
        assert row == {
            "client_id": client["client_id"],
            "number": client["number"],
            "business_name": client["business_name"],
            "first_name": client["first_name"],
            "last_name": client["last_name"],
            "email": client["emails"][0] if client["emails"] else None,
            "country": client["billing_address"]["country"],
            "country_name": client["billing_address"]["country_name"],
            "status": whole["status"],
            "tags": client["tags"],
            "flag": whole["flag"],
            "favourite": whole["favourite"],
            "portal_status": client["portal_status"],
            "account": whole["account"],
            "created_at": whole["created_at"],
        }


def test_a_default_page_has_25_clients(clients: list[dict[str, Any]]):
    assert len(ME.get(CLIENTS).body["items"]) == 25


def test_a_deleted_client_is_in_no_list(clients: list[dict[str, Any]]):
    for query in ({"q": "gone"}, {"email": "gone@x.example"}, {"favourite": "true"}):
        rows = ME.get(CLIENTS, limit="100", **query).body["items"]
        assert "Acme Gone" not in [row["business_name"] for row in rows]


def test_a_country_filter_may_be_a_name(clients: list[dict[str, Any]]):
    found = ME.get(CLIENTS, country="Deutschland", limit="100").body["items"]
    assert [row["client_id"] for row in found] == expected(clients, {"country": "DE"})


def test_marking_a_client_during_a_walk_disturbs_nobody(clients: list[dict[str, Any]]):
    first = ME.get(CLIENTS, limit="40").body
    changed = first["items"][-1]["client_id"]
    ME.put(f"{CLIENTS}/{changed}/flag", {"reason": "x"})
    rest = ME.get(CLIENTS, limit="40", cursor=first["next_cursor"]).body
    assert len({row["client_id"] for row in first["items"] + rest["items"]}) == 80
    was_flagged = next(each for each in clients if each["client_id"] == changed)["is_flagged"]
    if not was_flagged:
        ME.delete(f"{CLIENTS}/{changed}/flag")


# ---- Cursors -----------------------------------------------------------------------------


def cursor_of(**query: str) -> str:
    cursor: str = ME.get(CLIENTS, limit="2", **query).body["next_cursor"]
    assert cursor
    return cursor


def assert_refused(answer: Answer) -> None:
    assert_problem(answer, 400, "invalid_cursor")


def test_a_cursor_altered_by_one_character_is_refused(clients: list[dict[str, Any]]):
    cursor = cursor_of()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ "
    for place, old in enumerate(cursor):
        last = place == len(cursor) - 1
        others = alphabet if last else alphabet[place % 7 :: 13]
        for new in others:
            if new != old:
                altered = cursor[:place] + new + cursor[place + 1 :]
                assert_refused(ME.get(CLIENTS, limit="2", cursor=altered))
    for altered in (cursor[:-1], cursor[1:], cursor + "A", cursor + "=", cursor * 2, cursor[::-1]):
        assert_refused(ME.get(CLIENTS, limit="2", cursor=altered))


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "A" * 100, "A" * 3000, "\u0000", "null"])
def test_a_broken_cursor_is_refused(cursor: str, clients: list[dict[str, Any]]):
    for path in (CLIENTS, "/v1/staff", f"{CLIENTS}/{clients[0]['client_id']}/contacts"):
        assert_refused(ME.get(path, cursor=cursor))


def test_a_cursor_is_good_for_its_filters_its_order_and_its_reader(clients: list[dict[str, Any]]):
    cursor = cursor_of(status="active", q="a")
    assert ME.get(CLIENTS, status="active", q="a", cursor=cursor).status == 200
    assert_refused(ME.get(CLIENTS, status="suspended", q="a", cursor=cursor))
    assert_refused(ME.get(CLIENTS, status="active", cursor=cursor))
    assert_refused(ME.get(CLIENTS, status="active", q="a", flagged="true", cursor=cursor))
    assert_refused(ME.get(CLIENTS, status="active", q="a", sort="-created_at", cursor=cursor))
    assert_refused(OTHER.get(CLIENTS, status="active", q="a", cursor=cursor))


def test_a_cursor_of_another_list_is_refused(clients: list[dict[str, Any]]):
    one, two = (f"{CLIENTS}/{client['client_id']}/contacts" for client in clients[:2])
    for contacts in (one, two):
        for name in ("Anna", "Bob"):
            ME.post(contacts, {"first_name": name})
    of_one = ME.get(one, limit="1").body["next_cursor"]
    of_staff = ME.get("/v1/staff", limit="1").body["next_cursor"]
    of_clients = cursor_of()
    assert of_one
    assert of_staff
    for path, cursors in {
        CLIENTS: (of_one, of_staff),
        one: (of_clients, of_staff),
        two: (of_one, of_clients),
        "/v1/staff": (of_clients, of_one),
    }.items():
        for cursor in cursors:
            assert_refused(ME.get(path, cursor=cursor))


# ---- Search ------------------------------------------------------------------------------


@pytest.fixture
def alone() -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes clients that are deleted after the test, so that the firm stays as it is."""
    made: list[str] = []

    def make(**fields: Any) -> dict[str, Any]:
        answer = ME.post(CLIENTS, {"business_name": "Sturm"} | fields)
        assert answer.status == 201, answer.body
        made.append(answer.body["client_id"])
        return answer.body

    yield make
    for client_id in made:
        ME.delete(f"{CLIENTS}/{client_id}")


def found(**query: str) -> list[str]:
    answer = ME.get(CLIENTS, limit="100", **query)
    assert answer.status == 200, answer.body
    return [row["business_name"] for row in answer.body["items"]]


@pytest.mark.parametrize(
    ("fields", "finding", "missing"),
    [
        (
            {"business_name": "Wittgenstein-Überall & Ñandú GmbH"},
            [
                "wittg",
                "WITTGENSTEIN",
                "uberall",
                "ÜBER",
                "nandu",
                "wittgenstein nandu",
                "über",
                "wittgenstein-überall",
                "wittgensteinuberall",
                "gmbh witt",
                "  witt   nan  ",
            ],
            ["ittgen", "wittgenstein x", "wittgensteinx", "stein"],
        ),
        (
            {"business_name": "Jenkins", "first_name": "Seán", "last_name": "O'Wombat"},
            ["sean", "wombat", "o'wombat", "owombat", "O’Wombat", "jenkins sean wom", "o wombat"],
            ["seanwombat", "ombat"],
        ),
        (
            {"business_name": "Jenkins", "number": "Q.77/B"},
            ["q.77/b", "Q77B", "q7", "q.77"],
            ["77", "7/b", "77b"],
        ),
        (
            {"business_name": "Jenkins", "emails": ["Zed.Zulu@quux.example", "xyz@quux.example"]},
            ["zed.zulu@quux.example", "zed.z", "zedzulu", "xyz@", "ZED"],
            ["zulu", "quux", "@quux.example"],
        ),
        (
            {"business_name": "Jenkins", "telephone": "+49 89 7654321"},
            [
                "+49 89 7654321",
                "+49897654321",
                "089 7654321",
                "0897654321",
                "(089) 765-4321",
                "4989",
                "089 / 76 54",
                "jenkins 089 765",
            ],
            ["7654321", "897654321"],
        ),
        (
            {"business_name": "Jenkins", "telephone": "ext 4242 (Anna Bell)"},
            ["4242"],
            ["ext"],
        ),
        ({"business_name": "深圳华为技术"}, ["深圳", "深", "深圳华为技术"], ["华为"]),
        ({"business_name": "Щука и Йод"}, ["щу", "ЩУКА", "йод", "иод", "щука йод"], ["ука"]),
        ({"business_name": "شركة النور"}, ["شر", "النور", "شركة النور"], ["نور"]),
        ({"business_name": "Σίσυφος ΑΕ"}, ["σισυφος", "ΣΊΣΥΦΟΣ", "σισ"], []),
        ({"business_name": "Straße & İzmir"}, ["strasse", "STRASSE", "straße", "izmir"], []),
        ({"business_name": "🦊 Fuchsbau"}, ["🦊", "🦊 fuchs"], ["🐺"]),
    ],
)
def test_a_client_is_found_by_the_beginning_of_its_words(
    fields: dict[str, Any],
    finding: list[str],
    missing: list[str],
    alone: Callable[..., dict[str, Any]],
):
    name = alone(**fields)["business_name"]
    for query in finding:
        assert found(q=query).count(name) == 1, query
    for query in missing:
        assert name not in found(q=query), query


def test_a_word_of_one_character_searches_too(alone: Callable[..., dict[str, Any]]):
    alone(business_name="X Quality")
    assert "X Quality" in found(q="x")
    assert found(q="x qual") == ["X Quality"]


def test_words_with_digits_are_no_telephone_number(alone: Callable[..., dict[str, Any]]):
    alone(business_name="007 4you Agency")
    for query in ("007 4you", "4you 007", "007 agency", "007 4y"):
        assert "007 4you Agency" in found(q=query), query
    assert found(q="007", name="4you") == ["007 4you Agency"]


def test_a_search_may_contain_commas(alone: Callable[..., dict[str, Any]]):
    alone(business_name="Wittgenstein, Ludwig", tags=["a,b"])
    for query in ("wittgenstein, ludwig", "ludwig,wittgenstein"[:6], "witt,"):
        assert found(q=query) == ["Wittgenstein, Ludwig"], query
    assert found(q="wittgenstein, x") == []
    assert found(tag="a,b") == ["Wittgenstein, Ludwig"]
    assert found(tag="a") == []


def test_a_renamed_client_is_found_by_its_new_name_only(alone: Callable[..., dict[str, Any]]):
    client = alone(business_name="Wittgenstein AG", first_name="Ludwig")
    patch = {"business_name": "Kierkegaard AG", "number": "Q-1"}
    ME.patch(f"{CLIENTS}/{client['client_id']}", patch)
    assert found(q="wittgen") == found(q=client["number"]) == []
    assert (
        found(q="kierke") == found(q="q-1") == found(q="ludwig kierkegaard") == ["Kierkegaard AG"]
    )


def test_search_tokens_go_with_the_client():
    before = stored.keys("SEARCH#")
    client = ME.post(CLIENTS, {"business_name": "Wittgenstein AG", "telephone": "12345"}).body
    assert len(stored.keys("SEARCH#")) > len(before)
    ME.delete(f"{CLIENTS}/{client['client_id']}")
    assert stored.keys("SEARCH#") == before


def test_a_client_with_very_many_words_keeps_a_number_of_them(
    alone: Callable[..., dict[str, Any]],
):
    long = " ".join(f"w{number:02}" for number in range(50))
    assert len(long) == 199
    client = alone(business_name=long, emails=[f"a{n}@many.example" for n in range(10)])
    assert found(q="w00 w20") == [long]
    for number in range(10):  # addresses come before the words of the name
        assert found(email=f"a{number}@many.example") == [long]
    other = " ".join(f"v{number:02}" for number in range(50))
    path = f"{CLIENTS}/{client['client_id']}"
    patch = {"business_name": other, "emails": [f"b{n}@many.example" for n in range(10)]}
    assert ME.patch(path, patch).status == 200
    assert found(q="v00") == [other]
    assert found(q="w00") == []


def test_a_word_longer_than_a_token_is_compared_whole(alone: Callable[..., dict[str, Any]]):
    alone(business_name="z" * 41 + "a")
    assert found(q="z" * 41 + "a") == ["z" * 41 + "a"]
    assert found(q="z" * 41 + "b") == []


def test_an_address_is_looked_up_whole_first_or_not(alone: Callable[..., dict[str, Any]]):
    emails = ["anna@wit.co", "anna@wit.com", "further@wit.example"]
    alone(emails=emails)
    for email in (*emails, "ANNA@wit.co"):
        assert found(email=email) == ["Sturm"], email
    for email in ("anna@wit", "anna@wit.comm", "anna", "@"):
        assert found(email=email) == [], email
