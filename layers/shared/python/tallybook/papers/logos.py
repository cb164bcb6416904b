"""Which logos can be drawn: told by their first bytes, and small enough to be drawn quickly."""

import re
import struct
from collections.abc import Iterator

_MOST_BYTES = 2_000_000
_MOST_PIXELS = 16_000_000  # unpacked, 64 MB
_FRAMES = {0xC0, 0xC1, 0xC2}  # SOF: baseline, extended, progressive


def suffix_of(logo: bytes) -> str | None:
    """png, jpg or svg; None when it is none of these, or too large."""
    if len(logo) > _MOST_BYTES:
        return None
    if logo.startswith(b"\x89PNG\r\n\x1a\n") and len(logo) >= 24:
        return "png" if _fits(*struct.unpack(">II", logo[16:24])) else None
    if logo.startswith(b"\xff\xd8\xff"):
        return "jpg" if any(_fits(*size) for size in _jpeg_sizes(logo)) else None
    return "svg" if re.search(rb"<svg[\s>]", logo[:4096]) else None


def _fits(width: int, height: int) -> bool:
    return 0 < width * height <= _MOST_PIXELS


def _jpeg_sizes(logo: bytes) -> Iterator[tuple[int, int]]:
    """Segment by segment to the frame header (ITU T.81, B.2.2)."""
    place = 2
    while place + 9 <= len(logo) and logo[place] == 0xFF:
        marker, length = logo[place + 1], int.from_bytes(logo[place + 2 : place + 4])
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", logo[place + 5 : place + 9])
            yield width, height
            return
        place += 2 + length
