"""Text of mail without what no mail, or no header of one, can carry."""

import re

from tallybook.mail.filters import truncate

LONGEST_SUBJECT = 250

# Control characters but line break and tab, and halves of characters that no mail can carry.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Marks that turn the direction of what follows them, beyond the name that has them.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_TAGS_ONLY = re.compile(r"^[ \t]*+((?:\{%(?:(?!%\}).)*+%\}[ \t]*+)++)\n", re.MULTILINE)


def one_line(text: str) -> str:
    """`text` for a header: one line that nothing in it can end, and not too long."""
    return truncate(flat(text), LONGEST_SUBJECT)


def flat(text: str) -> str:
    return " ".join(_TURNING.sub("", _UNPRINTABLE.sub(" ", text)).split())


def without_empty_lines(text: str) -> str:
    """A line of nothing but {% … %} leaves no empty line, and the others keep their numbers."""
    return _TAGS_ONLY.sub(lambda found: found[1].rstrip() + "{#\n#}", text)


def clean(text: str) -> str:
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text))
