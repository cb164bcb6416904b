import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tallybook.text import Line, fold, parts, sort_key, words

LINE = TypeAdapter(Line)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller", "muller"),
        ("STRAẞE", "strasse"),
        ("Łódź", "lodz"),
        ("Ørsted", "orsted"),
        ("O'Brien", "obrien"),
        ("Ελλάδα", "ελλαδα"),
        ("株式会社", "株式会社"),
        ("ﬁrm", "firm"),
        ("Ⅳ", "iv"),
        ("🍕 Pizza", "🍕pizza"),
        ("  -- ", ""),
    ],
)
def test_folding_forgets_case_accents_and_punctuation(text: str, folded: str):
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_the_short_cut_for_ascii_folds_like_the_long_way(text: str):
    # "é" takes the long way; what it adds is known.
    assert fold(text + "é") == fold(text) + "e"


@given(st.text())
def test_a_word_is_folded_and_never_empty(text: str):
    assert all(word and word == fold(word) for word in words(text) + parts(text))


def test_a_word_ends_at_white_space_and_a_part_at_punctuation_too():
    assert words("Müller-Lüdenscheidt & Söhne") == ["mullerludenscheidt", "sohne"]
    assert parts("Müller-Lüdenscheidt & Söhne") == ["muller", "ludenscheidt", "sohne"]


def test_names_sort_word_by_word():
    names = ["Abc", "Ab Z", "ab", "Äb C", "AB-C d"]
    assert sorted(names, key=lambda name: f"{sort_key(name)}#id") == [
        "ab",
        "Äb C",
        "AB-C d",
        "Ab Z",
        "Abc",
    ]


@given(st.text(), st.text())
def test_a_name_sorts_before_every_longer_name_that_begins_with_it(name: str, more: str):
    short, long = sort_key(name, length=10_000), sort_key(f"{name} {more}", length=10_000)
    if parts(more) and short:
        assert f"{short}#z" < f"{long}#a"


@pytest.mark.parametrize(
    "name", ["José 🍕", "שלום בע״מ", "👨‍👩‍👧 Family", "a\u200fb", "東京 株式会社", "Ñandú & Cía."]
)
def test_a_name_is_kept_exactly(name: str):
    assert LINE.validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    ["a\x00b", "a\nb", "a\tb", "a\x1bb", "a\x7fb", "a\u0085b", "\u200b", "", "  ", "x" * 201],
)
def test_a_name_with_what_cannot_be_seen_is_refused(name: str):
    with pytest.raises(ValidationError):
        LINE.validate_python(name)
