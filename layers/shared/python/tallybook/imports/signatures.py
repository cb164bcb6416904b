"""What a file that is no text seems to be, so that the person knows which file they took."""

import re

_SIGNATURES = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Office file (.xls, .doc), or one with a password",
    ),
    (b"\x09\x08\x10\x00\x00\x06\x05\x00", "an old Excel file (.xls)"),
    (b"\x1f\x8b", "a GZIP archive"),
    (b"BZh", "a BZIP2 archive"),
    (b"\xfd7zXZ\0", "an XZ archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"{\\rtf", "an RTF document"),
    (b"\0\x01\0\0Standard ", "an Access database"),
    (b"bplist00", "an Apple property list"),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype html|html|\?xml|table)\b", re.IGNORECASE)
_WINDOWS_PROGRAM = re.compile(rb"MZ.{56,}This program", re.DOTALL)
# Not among them: tab, line feed, form feed, carriage return, Ctrl-Z (DOS ended files with it).
_CONTROLS = bytes(byte for byte in range(0x20) if byte not in b"\t\n\f\r\x1a") + b"\x7f"


def what_binary(head: bytes) -> str | None:
    """A name for what `head` begins by its signature, or None if it may be text."""
    start = head[:4096]
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            return name
    if _MARKUP.match(start.removeprefix(b"\xef\xbb\xbf")):
        return "a web page or XML (many programs give it the ending .xls)"
    return "a program" if _WINDOWS_PROGRAM.match(start) else None


def has_many_controls(head: bytes) -> bool:
    """Whether `head`, not UTF-16 or UTF-32, can be no text. A few NULs stay in their cells."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls > 16 and controls * 20 > len(head)
