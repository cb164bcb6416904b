"""Makes PDFs by Typst: offline, with our fonts only, the same bytes for the same values."""

import hashlib
import json
import shutil
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst

from tallybook.papers import fonts, logos

type Sheet = dict[str, Any]

_SOURCES = Path(__file__).parent / "typst"
_MOST_LOGOS = 8
_LARGE = 20_000  # characters of a sheet: an invoice of some 100 lines
_FORGOTTEN_AFTER = 12  # compilations without a use; Typst's own number is 10


@cache
def typesetter() -> "Typesetter":
    """One for the process: a new compiler would read the fonts and sources again."""
    return Typesetter()


class Typesetter:
    """A compiler, and the folder that it may read: the sources and the logos seen.

    Values go in as JSON and Typst never parses them as markup.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="papers-")
        self._root = Path(self._folder.name)
        for source in _SOURCES.glob("*.typ"):
            shutil.copy(source, self._root)
        found = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[fonts.directory()],
        )
        self._compiler = typst.Compiler(
            input=self._root / "main.typ",
            root=self._root,
            font_paths=found,
            ignore_system_fonts=True,
            package_path=self._root,  # no packages, so that nothing is ever downloaded
            package_cache_path=self._root,
        )
        self._empty = typst.Compiler(font_paths=found, ignore_system_fonts=True)

    def pdf(self, sheet: Sheet, *, logo: bytes | None = None, xml: bytes | None = None) -> bytes:
        """A PDF/A-3b of `sheet`; `xml` is attached as factur-x.xml.

        A logo that can't be drawn is left out, and so is every script but Latin when a text can't
        be set: a paper without them is better than none.
        """
        attached = xml.decode("utf-8") if xml is not None else None
        drawn = self._stored(logo)
        for name in (drawn, None):
            try:
                return self._compiled(sheet, name, attached)
            except typst.TypstError:
                continue
        return self._compiled(_plain(sheet), None, attached)

    def _compiled(self, sheet: Sheet, logo: str | None, attached: str | None) -> bytes:
        inputs = {"sheet": json.dumps(sheet | {"logo": logo}, ensure_ascii=False)}
        if attached is not None:
            inputs["attached"] = attached
        issued = datetime.combine(datetime.fromisoformat(sheet["issued"]), time(), UTC)
        found = self._compiler.compile(
            format="pdf",
            sys_inputs=inputs,
            pdf_standards="a-3b",
            timestamp=int(issued.timestamp()),
        )
        if not isinstance(found, bytes):
            raise TypeError("a PDF is one file")
        if len(inputs["sheet"]) > _LARGE:
            self._forget()
        return found

    def _forget(self) -> None:
        """Lets Typst forget what it remembers of a large paper, 10 to 50 MB for 100 lines.

        Else it keeps the last ten, which is more memory than a function has.
        """
        for _ in range(_FORGOTTEN_AFTER):
            self._empty.compile(input=b"", format="pdf")

    def _stored(self, logo: bytes | None) -> str | None:
        """The logo's name in the folder: as a file it is decoded once, not for each paper."""
        suffix = logos.suffix_of(logo) if logo else None
        if logo is None or suffix is None:
            return None
        name = f"{hashlib.sha256(logo).hexdigest()}.{suffix}"
        path = self._root / name
        if not path.exists():
            seen = [each for each in self._root.iterdir() if each.suffix != ".typ"]
            if len(seen) >= _MOST_LOGOS:
                for old in seen:
                    old.unlink()
            path.write_bytes(logo)
        return name


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return fonts.plain(value)
    if isinstance(value, dict):
        # An SVG and a link are no text.
        return {
            name: part if name in ("qr", "link") else _plain(part) for name, part in value.items()
        }
    return [_plain(part) for part in value] if isinstance(value, list) else value
