"""What HTML a template may hold: what mail clients show, and nothing that they would run or load.

A firm's HTML stands inside our frame, so what it opens it has to close.
"""

import re
from html.parser import HTMLParser

_RUNS = {
    *("applet", "audio", "base", "button", "canvas", "dialog", "embed", "form", "frame"),
    *("frameset", "iframe", "input", "link", "math", "meta", "noscript", "object", "portal"),
    *("script", "select", "svg", "template", "textarea", "title", "video"),
    *("html", "head", "body"),
}
_VOID = {"area", "br", "col", "hr", "img", "source", "track", "wbr"}
_MAY_STAY_OPEN = {"p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot"}
_PLACES = {"href", "src", "background", "action", "formaction", "srcset", "xlink:href"}
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)


class Unfit(Exception):
    """HTML that cannot stand in a mail: the line, from 1, and the reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def check_elements(html: str) -> None:
    """Raises `Unfit` for an element or attribute that runs or loads something."""
    _read(html, balanced=False)


def check_balance(html: str) -> None:
    """Raises `Unfit` for an element that is opened and not closed, or the other way round."""
    _read(html, balanced=True)


def without_jinja(source: str) -> str:
    """The HTML of a template; its lines keep their numbers."""
    return _JINJA.sub(lambda found: "x" + "\n" * found[0].count("\n"), source)


def _read(html: str, *, balanced: bool) -> None:
    reader = _Reader(balanced=balanced)
    reader.feed(html)
    reader.close()
    if balanced and (left := [tag for tag in reader.open if tag[0] not in _MAY_STAY_OPEN]):
        name, line = left[-1]
        raise Unfit(line, f"<{name}> is opened here and never closed.")


class _Reader(HTMLParser):
    def __init__(self, *, balanced: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._balanced = balanced
        self.open: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        if tag in _RUNS:
            raise Unfit(line, f"<{tag}> cannot be used in mail.")
        for name, value in attrs:
            self._check_attribute(line, name, value or "")
        if tag not in _VOID:
            self.open.append((tag, line))

    def _check_attribute(self, line: int, name: str, value: str) -> None:
        if name.startswith("on"):
            raise Unfit(line, f"{name} cannot be used in mail.")
        plain = re.sub(r"[\x00-\x20]", "", value).lower()
        if name in _PLACES and plain.startswith(("javascript:", "vbscript:", "data:", "file:")):
            raise Unfit(line, f"{name} must lead to a page or an image.")
        if name == "style" and ("url(" in plain or "expression(" in plain or "@import" in plain):
            raise Unfit(line, "A style cannot load anything.")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # HTML knows no <div/>: it opens

    def handle_endtag(self, tag: str) -> None:
        if not self._balanced or tag in _VOID:
            return
        line = self.getpos()[0]
        while self.open and self.open[-1][0] != tag and self.open[-1][0] in _MAY_STAY_OPEN:
            if tag not in [name for name, _ in self.open]:
                break
            self.open.pop()
        if not self.open or self.open[-1][0] != tag:
            raise Unfit(line, f"</{tag}> closes nothing that is open.")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        in_style = bool(self.open) and self.open[-1][0] == "style"
        if in_style and ("@import" in data.lower() or "url(" in data.lower()):
            raise Unfit(self.getpos()[0], "A style cannot load anything.")
