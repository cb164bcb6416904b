import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.clients.rules import (
    MOST_TOKENS,
    TOKEN_LENGTH,
    is_found,
    number_text,
    query_words,
    search_words,
    sequence_of,
    tokens,
)

NAMES = st.text(min_size=1, max_size=200)
WORDS = st.lists(st.text("abcdef0123ü -'", min_size=1, max_size=12), max_size=60)


def found_by(query: str, **fields: object) -> bool:
    client = {
        "names": ["Müller-Lüdenscheidt & Söhne GmbH", "Anna", "O'Brien"],
        "number": "C-0042",
        "emails": ["anna.b@mueller.example"],
        "telephone": "+49221123456",
    } | fields
    words = search_words(
        *client["names"],  # type: ignore[misc]
        number=client["number"],  # type: ignore[arg-type]
        emails=client["emails"],  # type: ignore[arg-type]
        telephone=client["telephone"],  # type: ignore[arg-type]
    )
    return is_found(query_words(query), words)


@pytest.mark.parametrize(
    "query",
    [
        "mul",
        "MÜLLER",
        "lüden",
        "müller-lüd",
        "sohne gmbh",
        "gmbh anna",
        "obrien",
        "o'br",
        "brien",
        "c-0042",
        "c00",
        "anna.b@mueller.example",
        "anna.b@mu",
        "+49 221 12",
        "0221 123456",
        "(0221) 123",
        "0221/123456",
        "&",
    ],
)
def test_a_word_finds_what_begins_with_it(query: str):
    assert found_by(query)


@pytest.mark.parametrize(
    "query", ["uller", "mueller.example", "0042", "anna xyz", "221 123", "gmbhx", "c-00421"]
)
def test_a_word_does_not_find_what_merely_contains_it(query: str):
    assert not found_by(query)


@given(NAMES, st.data())
def test_every_beginning_of_every_word_of_a_name_finds_it(name: str, data: st.DataObject):
    words = search_words(name, number="1", emails=[], telephone=None)
    word = data.draw(st.sampled_from(words))
    assert is_found([word[: data.draw(st.integers(1, len(word)))]], words)


@given(WORDS)
def test_the_tokens_find_whatever_the_words_find(entered: list[str]):
    words = search_words(" ".join(entered), number="1", emails=[], telephone=None)
    kept = tokens(words)
    assert len(kept) <= MOST_TOKENS
    if len({word[:TOKEN_LENGTH] for word in words}) <= MOST_TOKENS:
        for word in words:
            for length in range(2, min(len(word), TOKEN_LENGTH) + 1):
                assert any(token.startswith(word[:length]) for token in kept)


@given(WORDS)
def test_no_token_begins_another_one(entered: list[str]):
    kept = tokens(search_words(" ".join(entered), number="1", emails=[], telephone=None))
    assert not [one for one in kept for other in kept if one != other and other.startswith(one)]


def test_with_too_many_words_the_first_ones_are_kept():
    many = [f"w{place:02}" for place in range(60)]
    assert tokens(many) == set(many[:MOST_TOKENS])


def test_the_longest_word_of_a_query_comes_first():
    assert query_words("an lüdenscheidt bc an") == ["ludenscheidt", "an", "bc"]


@pytest.mark.parametrize(
    ("pattern", "sequence", "number"),
    [
        ("C-{seq:04}", 42, "C-0042"),
        ("C-{seq:04}", 12345, "C-12345"),
        ("{seq}", 7, "7"),
        ("K{seq:02}/x", 7, "K07/x"),
    ],
)
def test_a_number_is_made_by_its_pattern_and_read_back(pattern: str, sequence: int, number: str):
    assert number_text(pattern, sequence) == number
    assert sequence_of(pattern, number) == sequence


@given(st.integers(1, 10**12 - 1), st.integers(1, 12))
def test_every_number_is_read_back(sequence: int, width: int):
    pattern = f"a.{{seq:0{width}}}(b)"
    assert sequence_of(pattern, number_text(pattern, sequence)) == sequence


@pytest.mark.parametrize(
    "number", ["C-42", "C-00042", "C-", "C-٠٠٤٢", "c-0042", "C-0042x", "X0042", "C-1000000000000"]
)
def test_a_number_that_the_pattern_would_not_make_is_not_of_the_sequence(number: str):
    assert sequence_of("C-{seq:04}", number) is None
