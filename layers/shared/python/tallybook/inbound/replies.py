"""What is new in a reply: the text above what it quotes."""

import re
from functools import cache

# As in Tallybook's own documentation: the tongues of its firms. Polish is not one of them: there
# the library takes a single line that begins with "Data:" for a quotation.
_LANGUAGES = ["en", "de", "fr", "it", "es", "nl", "da", "sv"]
_LONGEST_LINE = 300  # what a mail program writes above a quotation is shorter; see `_searched`
_RULE = re.compile(r"[>\s_*-]*|-{2,}[^-\n]{1,60}-{2,}")
_FORWARDED = re.compile(r"(?:fwd?|wg|tr|rv|i|doorst|vs|vb)\s*:", re.IGNORECASE)


def newest(text: str, subject: str) -> str:
    """`text` without what it quotes; the whole of it when it has nothing of its own.

    What is forwarded is not a quotation: it is what the sender wants to be read.
    """
    if _FORWARDED.match(subject.strip()):
        return text
    lines = text.split("\n")
    kept = lines[: _first_quoted(lines)]
    while kept and (_RULE.fullmatch(kept[-1]) or kept[-1].startswith(">")):
        kept.pop()
    return "\n".join(kept).strip() or text


def _first_quoted(lines: list[str]) -> int:
    """The number of the line that a mail program wrote above the first quotation."""
    searched = _searched(lines)
    found = _headers().search(searched)
    if not found:
        return len(lines)
    blank = len(found[0]) - len(found[0].lstrip("\n"))
    return searched.count("\n", 0, found.start() + blank)


def _searched(lines: list[str]) -> str:
    """The text as the library's patterns want it: without white space around lines.

    Their time grows with the square of a line's length: only the beginning of each is searched.
    """
    beginnings = (line[:_LONGEST_LINE].replace("\N{NO-BREAK SPACE}", " ") for line in lines)
    return "\n".join(map(str.strip, beginnings))


@cache
def _headers() -> re.Pattern[str]:
    from mailparser_reply import EmailMessage  # type: ignore[import-untyped]

    pattern: re.Pattern[str] = EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX
    return pattern
