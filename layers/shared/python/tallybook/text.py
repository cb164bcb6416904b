"""Folding text for search and sorting, and the string types that requests use.

Nothing here changes what is stored or shown: names are kept exactly as entered.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

# Letters that Unicode does not decompose but that people type without their stroke.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŧ": "t"}
    | {"æ": "ae", "œ": "oe", "þ": "th", "ŋ": "n", "ə": "e"}
)


def fold(text: str) -> str:
    """The letters, digits and pictographs of `text` without case, accents or punctuation.

    >>> fold("Łódź-Süd (O'Brien)")
    'lodzsudobrien'
    """
    if text.isascii():  # by far the most frequent case, and ten times quicker
        return "".join(filter(str.isalnum, text)).lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    kept = "".join(character for character in decomposed if _is_kept(character))
    return unicodedata.normalize("NFC", kept)


def _is_kept(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in ("So", "Mc")


def words(text: str) -> list[str]:
    """The folded words of `text`, in order; a word ends at white space.

    >>> words("Müller-Lüdenscheidt  &  Söhne")
    ['mullerludenscheidt', 'sohne']
    """
    return [folded for word in text.split() if (folded := fold(word))]


def parts(text: str) -> list[str]:
    """Like `words`, but a word also ends at punctuation.

    >>> parts("Müller-Lüdenscheidt")
    ['muller', 'ludenscheidt']
    """
    spaced = "".join(
        " " if unicodedata.category(character)[0] in "PZ" else character for character in text
    )
    return words(spaced)


def sort_key(text: str, *, length: int = 80) -> str:
    """`text` as a key that sorts as people expect: by word, without case or accents.

    Words are joined by "-", which sorts after the "#" that ends a key and before every letter
    and digit, so "Ab" comes before "Ab C" and that before "Abc".
    """
    return "-".join(parts(text))[:length]


def _without_control_characters(value: str) -> str:
    for position, character in enumerate(value):
        # Cc: control characters; Cs: lone surrogates, which JSON can carry and UTF-8 cannot.
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise ValueError(f"has a control character at position {position + 1}")
    return value


def _can_be_seen(value: str) -> bool:
    return any(unicodedata.category(character)[0] not in "CZ" for character in value)


def _on_one_line(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise ValueError("has a line break or a tab")
    if not _can_be_seen(value):
        raise ValueError("has nothing that can be seen")
    return _without_control_characters(value)


def _on_lines(value: str) -> str:
    if not _can_be_seen(value):
        raise ValueError("has nothing that can be seen")
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines:
        _without_control_characters(line.replace("\t", " "))
    return "\n".join(lines)


def _constraints(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


Line = Annotated[str, _constraints(200), AfterValidator(_on_one_line)]
ShortLine = Annotated[str, _constraints(60), AfterValidator(_on_one_line)]
# Several lines; whoever uses it says with Field(max_length=…) how much.
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_on_lines)
]
