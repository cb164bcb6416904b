"""What the placeholders of a recurring invoice say."""

from datetime import date

import pytest

from tallybook.errors import InvalidField
from tallybook.recurring.kinds import Run
from tallybook.recurring.placeholders import NAMES, filled, must_be_known, words


def run(first: str, last: str, number: int = 7) -> Run:
    days = [date.fromisoformat(text) for text in (first, last)]
    return Run(day=days[0], number=number, first=days[0], last=days[1])


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("first", "last", "british", "german"),
    [
        ("2026-12-01", "2026-12-31", "December 2026", "Dezember 2026"),
        ("2028-02-01", "2028-02-29", "February 2028", "Februar 2028"),
        ("2028-02-01", "2028-02-28", "1 Feb 2028 – 28 Feb 2028", "01.02.2028 – 28.02.2028"),
        ("2026-10-01", "2026-12-31", "Q4 2026", "4. Quartal 2026"),
        ("2026-11-01", "2027-01-31", "1 Nov 2026 – 31 Jan 2027", "01.11.2026 – 31.01.2027"),
        ("2026-01-01", "2026-12-31", "2026", "2026"),
        ("2026-07-01", "2027-06-30", "1 Jul 2026 – 30 Jun 2027", "01.07.2026 – 30.06.2027"),
        ("2026-12-24", "2026-12-24", "24 Dec 2026", "24.12.2026"),
    ],
)
def test_a_time_is_named_as_people_call_it(first: str, last: str, british: str, german: str):
    of = run(first, last)
    assert spaced(words(of, "en-GB")["period"]) == british
    assert spaced(words(of, "de-DE")["period"]) == german


def test_every_placeholder_says_something():
    said = words(run("2026-12-15", "2027-01-14"), "en-US")
    assert {name: spaced(text) for name, text in said.items()} == {
        "period": "Dec 15, 2026 – Jan 14, 2027",
        "month": "December",
        "year": "2026",
        "next_month": "January",
        "previous_month": "November",
        "from": "Dec 15, 2026",
        "to": "Jan 14, 2027",
        "date": "Dec 15, 2026",
        "number_of_run": "7",
    }
    assert said.keys() == set(NAMES)


def test_months_go_round():
    said = words(run("2027-01-01", "2027-01-31"), "de-DE")
    assert (said["previous_month"], said["next_month"]) == ("Dezember", "Februar")
    assert words(run("2027-03-01", "2027-03-31"), "de-DE")["month"] == "März"


def test_only_texts_that_can_have_placeholders_are_filled():
    template = {
        "lines": [{"description": "{month}", "unit": "C62"}, {"unit_price": "1"}],
        "notes": "{year}{year}",
        "purchase_order": "PO-{number_of_run}",
        "payment_terms": "by {to}",
        "allowances": [{"reason": "{month}"}],
    }
    must_be_known(template)
    found = filled(template, words(run("2026-12-01", "2026-12-31"), "en-GB"))
    assert [each.get("description") for each in found["lines"]] == ["December", None]
    assert (found["notes"], found["purchase_order"]) == ("20262026", "PO-7")
    assert spaced(found["payment_terms"]) == "by 31 Dec 2026"
    assert found["allowances"] == [{"reason": "{month}"}]
    assert template["notes"] == "{year}{year}"


@pytest.mark.parametrize("text", ["{", "}", "{}", "{Month}", "{ month }", "{{month}}", "{month"])
def test_braces_that_are_no_placeholder_are_refused(text: str):
    with pytest.raises(InvalidField) as refused:
        must_be_known({"lines": [{}, {"description": text}]})
    assert refused.value.errors[0]["loc"] == ["lines", "1", "description"]
    with pytest.raises(InvalidField):
        must_be_known({"notes": text})
