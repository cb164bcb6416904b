"""Bytes of a mail as text that can be stored and shown, whatever they claim to be."""

import codecs
import unicodedata

_CUT = " […]"

# What mail programs say, and what they mean by it: the same as browsers do.
_MEANT = {
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "unknown-8bit": "utf-8",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "iso-8859-8-i": "iso-8859-8",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "cp-850": "cp850",
}
# Codecs of Python that are no charsets; some take very long for a long text.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
_NO_CHARSETS |= {"mbcs", "oem", "utf_7"}


def decoded(content: bytes, charset: str | None) -> str:
    """The text of `content`; what its charset does not know becomes a question mark.

    Without a charset that is known, it is UTF-8 if it can be, else windows-1252.
    """
    named = (charset or "utf-8").strip().lower()
    codec = _codec(_MEANT.get(named, named))
    try:
        return content.decode(codec)
    except UnicodeError:
        other = "cp1252" if codec == "utf-8" else codec
        return content.decode(other, errors="replace")


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name)
        b" ".decode(found.name, errors="replace")  # some codecs make bytes of bytes
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if found.name.replace("-", "_") in _NO_CHARSETS else found.name


def clean(text: str) -> str:
    """`text` with line feeds between its lines, and without what cannot be stored or shown."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if lines.isascii() and lines.replace("\n", "").isprintable():
        return lines.strip()
    kept = "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) not in _UNSEEN)
    return kept.strip()


_UNSEEN = {"Cc", "Cs"}


def one_line(text: str, longest: int) -> str:
    """`text` on one line, at most `longest` characters."""
    return cut(" ".join(clean(text[: 10 * longest]).split()), longest)


def cut(text: str, longest: int) -> str:
    """The first `longest` characters of `text`, with a mark where something is missing."""
    return text if len(text) <= longest else text[: longest - len(_CUT)] + _CUT
