"""The text of an HTML mail, as somebody would read it aloud: no styles, scripts or tracking.

The parser of the standard library takes hours for markup that was made to break it (its time grows
with the square of the length); this one looks at each character once.
"""

from collections.abc import Iterator
from html import unescape

# Longer ones are mostly images inside the markup; what people write stands before.
MOST_CHARACTERS = 400_000

_LINES = {"div", "tr", "li", "ul", "ol", "table", "section", "article", "header", "footer"}
_LINES |= {"dt", "dd", "dl", "form", "hr", "address", "tbody", "center"}
_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote"}
_UNSEEN = {"style", "script", "title", "template", "noscript", "svg", "object"}
_MOST_QUOTED = 20


def text_of(html: str) -> str:
    """The text, with a line for each block and ">" before what is quoted."""
    page = _Page()
    for tag, text in _pieces(html[:MOST_CHARACTERS]):
        if tag is None:
            page.say(unescape(text))
        elif tag.startswith("/"):
            page.close(tag[1:])
        else:
            page.open(tag)
    return page.text()


def _pieces(html: str) -> Iterator[tuple[str | None, str]]:
    """The tags ("p", "/p") and the texts between them, in order."""
    lower, place = html.lower(), 0
    while place < len(html):
        start = html.find("<", place)
        if start < 0:
            break
        if start > place:
            yield None, html[place:start]
        if html.startswith("<!--", start):
            place = _behind(html, "-->", start)
            continue
        following = html[start + 1 : start + 2]
        if not (following.isalpha() or following in ("/", "!", "?")):
            yield None, "<"
            place = start + 1
            continue
        place = _behind(html, ">", start)
        tag = _name(lower[start + 1 : place])
        if tag in _UNSEEN:
            place = _behind(lower, ">", _behind(lower, f"</{tag}", place))
        else:
            yield tag, ""
    yield None, html[place:]


def _behind(html: str, end: str, start: int) -> int:
    """Where the text goes on behind the next `end`; at its end when there is none."""
    found = html.find(end, start)
    return len(html) if found < 0 else found + len(end)


def _name(inside: str) -> str:
    """The name of a tag: "p", "/p" or "br" of "br/"."""
    words = inside[:20].rstrip(">").split()
    name = words[0] if words else ""
    return name if name == "/" else name.rstrip("/")


class _Page:
    """The lines that a reader sees."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quoted = 0

    def say(self, text: str) -> None:
        self._line.append(text)

    def open(self, tag: str) -> None:
        if tag == "br":
            self._end(blank=True)
        elif tag in _LINES:
            self._end()
        elif tag in _PARAGRAPHS:
            self._end()
            self._space()
        elif tag in ("td", "th"):
            self.say(" ")
        if tag == "blockquote":
            self._quoted = min(self._quoted + 1, _MOST_QUOTED)
        if tag == "li":
            self.say("- ")

    def close(self, tag: str) -> None:
        if tag in _LINES:
            self._end()
        elif tag in _PARAGRAPHS:
            self._end()
            if tag == "blockquote":
                self._quoted = max(self._quoted - 1, 0)
            self._space()

    def text(self) -> str:
        self._end()
        return "\n".join(self._lines).strip()

    def _end(self, *, blank: bool = False) -> None:
        """End the line, if there is one; `blank` also where there is none."""
        said = " ".join("".join(self._line).split())
        self._line = []
        if said or blank:
            self._lines.append(f"{'> ' * self._quoted}{said}".rstrip())

    def _space(self) -> None:
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append((">" * self._quoted).rstrip())
