"""Which encoding a file is in, from its head; and whether it is text at all."""

import codecs
import re
from dataclasses import dataclass

from tallybook.imports.bad_file import BadFile
from tallybook.imports.charsets import WIDE, codec_of, errors_of, usable
from tallybook.imports.signatures import has_many_controls, what_binary

__all__ = ["Found", "find", "guess_later", "usable"]

_BOMS = (  # the longer first: that of UTF-32 LE begins as that of UTF-16 LE does
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_ESCAPED = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_HIGHEST_PLANE = 0x10
_PRINTABLE = re.compile("[\t\n\r -~]")
_LINE_END = re.compile("[\n\r]")


@dataclass(frozen=True)
class Found:
    codec: str
    bom: int = 0  # how many bytes the mark of the encoding takes at the start
    is_open: bool = False  # only ASCII so far: the first byte that is not may tell another codec


def find(head: bytes, *, whole: bool, declared: str = "auto") -> Found:
    """The encoding of the file that begins with `head`; `whole`: nothing follows it.

    Raises BadFile: "binary_file", or "undecodable" where `declared` is another than "auto" and
    the head is not in it.
    """
    marked = next((Found(codec, len(bom)) for bom, codec in _BOMS if head.startswith(bom)), None)
    wide = None if marked else _wide_by_zeros(head)
    binary = what_binary(head)
    is_wide = marked or wide or (codec_of(declared) or "").startswith(("utf-16", "utf-32"))
    if not (binary or is_wide) and has_many_controls(head):
        binary = "something binary"
    if binary:
        raise BadFile(
            "binary_file",
            f"This is not a text file: it looks like {binary}. "
            "Open it in the program it comes from and save it as CSV or XLSX.",
        )
    if declared != "auto":
        return _declared(head, whole=whole, declared=declared, marked=marked)
    if marked or wide:
        return marked or Found(wide or "")
    if head.isascii():
        return Found("utf-8", is_open=not whole)
    return Found(guess_later(head, whole=whole))


def guess_later(piece: bytes, *, whole: bool) -> str:
    """The encoding of a file that was ASCII up to this piece, which is not."""
    if _is_utf8(piece, whole=whole):
        return "utf-8"
    from tallybook.imports.guessing import guess  # chardet: 50 ms and 35 MB that few files need

    # Only the lines that say something: a list may have three accents in a thousand rows.
    telling = b"\n".join(line for line in piece.splitlines() if not line.isascii())
    return guess(telling[:65_536])


def _is_utf8(piece: bytes, *, whole: bool) -> bool:
    """Also with a broken cell or two: no other encoding gives ten valid characters to one not.

    The piece may begin or end within a character.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    text = decoder.decode(piece, final=whole)
    broken = len(_ESCAPED.findall(text))
    return broken == 0 or len(_NOT_ASCII.findall(text)) > 11 * broken


def _wide_by_zeros(head: bytes) -> str | None:
    """UTF-32 or UTF-16 without its mark: its line ends and delimiters have zeros beside them."""
    if len(head) > 7 and not any(head[3::4]) and max(head[2::4]) <= _HIGHEST_PLANE:
        return "utf-32-le"
    if len(head) > 7 and not any(head[0::4]) and max(head[1::4]) <= _HIGHEST_PLANE:
        return "utf-32-be"
    if 0 in head:
        texts = {codec: _decoded(head, codec) for codec in ("utf-16-le", "utf-16-be")}
        plain = {codec: len(_PRINTABLE.findall(text)) for codec, text in texts.items()}
        best, other = sorted(plain, key=lambda codec: plain[codec], reverse=True)
        # In other text the zeros stand alone; a Chinese character may have the byte of a line end.
        ends = len(_LINE_END.findall(texts[best]))
        all_ends = head.count(b"\n") + head.count(b"\r")
        needed = 0.05 if ends else 0.5
        is_likely = plain[best] >= needed * len(texts[best]) and plain[other] * 10 <= plain[best]
        if is_likely and ends * 10 >= all_ends:
            return best
    return None


def _decoded(head: bytes, codec: str) -> str:
    return head[: len(head) // 2 * 2].decode(codec, "replace")


def _declared(head: bytes, *, whole: bool, declared: str, marked: Found | None) -> Found:
    codec = codec_of(declared)
    if codec is None:
        raise BadFile("undecodable", f"{declared[:60]!r} is no encoding that can be read.")
    if codec in ("utf-16", "utf-32"):
        codec = marked.codec if marked else _wide_by_zeros(head) or f"{codec}-le"
    if marked and marked.codec != codec:
        raise _undecodable(declared, 1, f"the file begins with the mark of {marked.codec.upper()}")
    found = marked or Found(codec)
    decoder = codecs.getincrementaldecoder(codec)("strict")
    text = head[found.bom :]
    try:
        decoder.decode(text, final=whole)
    except UnicodeDecodeError as error:
        before = text[: error.start].decode(codec, errors_of(codec))
        line = before.count("\n") + before.replace("\r\n", "\n").count("\r") + 1
        found_there = text[error.start : error.end].hex(" ")
        raise _undecodable(declared, line, f"the bytes {found_there} are no character") from None
    if _is_plainly_utf8(text, codec, whole=whole):
        line = 1 + text[: _first_above_ascii(text)].count(b"\n")
        raise _undecodable(declared, line, "the accented letters are written in UTF-8")
    return found


def _is_plainly_utf8(text: bytes, codec: str, *, whole: bool) -> bool:
    """Single-byte encodings read anything: "MÃ¼ller" would be stored, and nobody told."""
    letters = bytes(range(0xC0, 0xE0))
    if codec == "utf-8" or codec in WIDE or len(letters.decode(codec, "replace")) < len(letters):
        return False
    try:
        decoded = codecs.getincrementaldecoder("utf-8")("strict").decode(text, final=whole)
    except UnicodeDecodeError:
        return False
    return len(_NOT_ASCII.findall(decoded)) > 1


def _first_above_ascii(text: bytes) -> int:
    return next(position for position, byte in enumerate(text) if byte > 0x7F)


def _undecodable(declared: str, line: int, why: str) -> BadFile:
    return BadFile(
        "undecodable",
        f"Line {line} is not in {declared}: {why}. "
        'Choose the encoding the file was saved in, or "auto".',
    )
