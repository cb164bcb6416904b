r"""Lines of text from bytes in blocks, with the place of each: what csv.reader is fed with.

A line ends at \n, \r\n or \r and nowhere else, as in io.StringIO(newline=""). The reader takes
no line before it needs it, so when it yields a record, `position` is where the record ends.
"""

import codecs
import io
from collections.abc import Callable, Iterable, Iterator

from tallybook.imports.bad_file import BadFile
from tallybook.imports.charsets import WIDE, errors_of
from tallybook.imports.decoding import Found, guess_later

PIECE = 64 * 1024
MOST_RECORD = 1024 * 1024
Pieces = Iterator[tuple[bytes, bool]]


def pieces(blocks: Iterable[bytes], size: int = PIECE) -> Pieces:
    """The same bytes in pieces of `size`, and whether it is the last; at least one."""
    held = bytearray()
    for block in blocks:
        held += block
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True


class Lines:
    def __init__(self, source: Pieces, found: Found) -> None:
        self.codec = found.codec
        self.position = found.bom
        self.line = 0
        self.record_position = self.position
        self.record_line = 0
        self._record = bytearray()  # what was read of the record that has begun
        self._source = source
        self._is_open = found.is_open

    def record_ends(self) -> None:
        """What was read so far is one record after another, each complete."""
        self.record_position = self.position
        self.record_line = self.line
        self._record.clear()

    def record(self) -> io.StringIO:
        """What was read of the record that has begun."""
        codec = "utf-8" if self.codec in WIDE else self.codec
        errors = "surrogatepass" if self.codec in WIDE else errors_of(codec)
        return io.StringIO(self._record.decode(codec, errors), newline="")

    def __iter__(self) -> Iterator[str]:
        yield from self._wide() if self.codec in WIDE else self._narrow()
        if self.line != self.record_line:  # the reader wants more of a record that has begun
            raise self.unclosed("goes on to the end of the file")

    def _narrow(self) -> Iterator[str]:
        rest = b""
        decode = _decoder(self.codec)
        for piece, is_last in self._source:
            if self._is_open and not piece.isascii():
                self._is_open = False
                self.codec = guess_later(piece, whole=is_last)
                decode = _decoder(self.codec)
            lines = (rest + piece).splitlines(keepends=True)
            rest = b"" if is_last or lines[-1].endswith(b"\n") else lines.pop()
            for line in lines:
                self.position += len(line)
                self.line += 1
                if self.position - self.record_position > MOST_RECORD:
                    raise self._too_long()
                self._record += line
                yield decode(line)
            self._check_rest(len(rest))

    def _wide(self) -> Iterator[str]:
        rest = ""
        unit = WIDE[self.codec]
        decoder = codecs.getincrementaldecoder(self.codec)(errors_of(self.codec))
        for piece, is_last in self._source:
            try:
                text = rest + decoder.decode(piece, is_last)
            except UnicodeDecodeError:
                raise self._undecodable() from None
            lines = list(io.StringIO(text, newline=""))
            rest = "" if is_last or not lines or lines[-1].endswith("\n") else lines.pop()
            for line in lines:
                self.position += unit * len(line) if line.isascii() else self._size(line)
                self.line += 1
                if self.position - self.record_position > MOST_RECORD:
                    raise self._too_long()
                self._record += line.encode("utf-8", "surrogatepass")
                yield line
            self._check_rest(unit * len(rest))

    def _size(self, line: str) -> int:
        return len(line.encode(self.codec, "surrogatepass"))

    def _check_rest(self, size: int) -> None:
        if self.position + size - self.record_position > MOST_RECORD:
            self.line += 1
            raise self._too_long()

    def _too_long(self) -> BadFile:
        if self.line > self.record_line + 1:
            return self.unclosed(f"goes on for more than {MOST_RECORD // 1024} KB")
        return BadFile(
            "line_too_long",
            f"Line {self.line} is longer than {MOST_RECORD // 1024} KB. "
            "Check that each client is on a line of its own.",
        )

    def unclosed(self, how_far: str) -> BadFile:
        return BadFile(
            "unclosed_quote",
            f'A quotation mark (") in the record that begins on line {self.record_line + 1} '
            f"is not closed: the cell {how_far}. Close it, or double it if it is meant.",
        )

    def _undecodable(self) -> BadFile:
        return BadFile(
            "undecodable",
            f"The file breaks off or is damaged after line {self.line}: "
            f"what follows is not in {self.codec.upper()}. Save it again as CSV in UTF-8.",
        )


def _decoder(codec: str) -> Callable[[bytes], str]:
    if codec == "utf-8":
        return lambda line: str(line, "utf-8", "surrogateescape")
    decode = codecs.getdecoder(codec)
    return lambda line: str(line, "ascii") if line.isascii() else decode(line, "surrogateescape")[0]
