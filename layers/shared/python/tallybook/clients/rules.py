"""The rules of clients: numbers, and what quick search finds. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence

from tallybook.telephones import search_forms
from tallybook.text import fold, parts, words

MOST_TOKENS = 40  # twice as many, for a renamed client, must fit into a transaction
_TELEPHONE = re.compile(r"(?<!\S)[+(0][\d\s()./-]*\d(?!\S)")
TOKEN_LENGTH = 40  # a longer word is found by its first 40 characters and then compared whole


def number_text(pattern: str, sequence: int) -> str:
    """The client number: pattern "C-{seq:04}" and 42 give "C-0042"."""
    return pattern.format(seq=sequence)


def sequence_of(pattern: str, number: str) -> int | None:
    """The running number inside a number made by `pattern`; None when it does not fit."""
    before, _, rest = pattern.partition("{seq")
    width, _, after = rest.partition("}")
    least = int(width.removeprefix(":") or 1)
    found = re.fullmatch(
        rf"{re.escape(before)}(\d{{{least},12}}){re.escape(after)}", number, re.ASCII
    )
    if not found or (len(found[1]) > least and found[1].startswith("0")):
        return None
    return int(found[1])


def search_words(
    *names: str | None, number: str, emails: Sequence[str], telephone: str | None
) -> list[str]:
    """Everything that a word of a search can be the beginning of, folded (API.md, `q`).

    A name counts by its words, each as a whole and by its parts ("O'Brien": obrien, o, brien);
    a number, an e-mail address and a telephone number count as a whole.
    """
    # A very long name may have more words than are kept: what says who it is comes first.
    found = [fold(number), *map(fold, emails)]
    if telephone:
        found += [fold(form) for form in search_forms(telephone)]
    for name in names:
        if name:
            found += words(name) + parts(name)
    return list(dict.fromkeys(filter(None, found)))


def tokens(found: Iterable[str]) -> set[str]:
    """The search words that are kept in the table, at most `MOST_TOKENS`.

    A word that another one begins with is found through that one. A single character is too
    broad to look up.
    """
    kept: list[str] = []
    for word in sorted({word[:TOKEN_LENGTH] for word in found if len(word) > 1}, reverse=True):
        if not (kept and kept[-1].startswith(word)):
            kept.append(word)
    if len(kept) <= MOST_TOKENS:
        return set(kept)
    # Too many: the first words count more than the last of a very long name.
    order = {word[:TOKEN_LENGTH]: place for place, word in reversed(list(enumerate(found)))}
    return set(sorted(kept, key=lambda word: order[word])[:MOST_TOKENS])


def changed_fields(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """What was changed about a client, as a person says it: ["emails", "billing address"]."""
    return [name.replace("_", " ") for name in after if before.get(name) != after[name]]


def query_words(query: str) -> list[str]:
    """The folded words of a search, the longest first: it narrows the most.

    Digits behind a "+" or a leading "0" or "(" are one telephone number, however spaced.
    """
    joined = _TELEPHONE.sub(lambda match: re.sub(r"\s", "", match[0]), query)
    return sorted(set(words(joined)), key=lambda word: (-len(word), word))


def is_found(query: Iterable[str], by: Iterable[str]) -> bool:
    """Whether every word of a query begins one of the client's search words."""
    candidates = list(by)
    return all(any(word.startswith(part) for word in candidates) for part in query)
