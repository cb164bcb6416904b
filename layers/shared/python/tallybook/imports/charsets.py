"""The encodings that a file may be in, by the names that people and programs give them.

A fixed list: Python's own has codecs that are no encodings of text (rot13, zip), that keep a
state from line to line (utf-7, iso-2022-jp), or in which a comma is not the byte 44 (EBCDIC).
In all of these but UTF-16 and UTF-32 the first 128 bytes are ASCII, and no byte of a longer
character is a line end.
"""

WIDE = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}  # bytes in a unit

# Codec: its other names. Where Windows has a superset under the same name, that is meant.
_NAMES = {
    "utf-8": "utf8 utf-8-sig utf-8-bom utf8-bom ascii us-ascii",
    "utf-16": "utf16 unicode ucs-2",
    "utf-16-le": "utf-16le utf16le",
    "utf-16-be": "utf-16be utf16be",
    "utf-32": "utf32 ucs-4",
    "utf-32-le": "utf-32le utf32le",
    "utf-32-be": "utf-32be utf32be",
    "windows-1250": "cp1250 1250",
    "windows-1251": "cp1251 1251",
    "windows-1252": "cp1252 1252 ansi",
    "windows-1253": "cp1253 1253",
    "windows-1254": "cp1254 1254",
    "windows-1255": "cp1255 1255",
    "windows-1256": "cp1256 1256",
    "windows-1257": "cp1257 1257",
    "windows-1258": "cp1258 1258",
    "cp874": "windows-874 tis-620 iso-8859-11",
    "iso-8859-1": "iso8859-1 latin-1 latin1 l1",
    "iso-8859-2": "iso8859-2 latin-2 latin2 l2",
    "iso-8859-3": "iso8859-3 latin-3 latin3",
    "iso-8859-4": "iso8859-4 latin-4 latin4",
    "iso-8859-5": "iso8859-5 cyrillic",
    "iso-8859-6": "iso8859-6 arabic",
    "iso-8859-7": "iso8859-7 greek",
    "iso-8859-8": "iso8859-8 hebrew",
    "iso-8859-9": "iso8859-9 latin-5 latin5",
    "iso-8859-10": "iso8859-10 latin-6 latin6",
    "iso-8859-13": "iso8859-13 latin-7 latin7",
    "iso-8859-14": "iso8859-14 latin-8 latin8",
    "iso-8859-15": "iso8859-15 latin-9 latin9",
    "iso-8859-16": "iso8859-16 latin-10 latin10",
    "koi8-r": "koi8r",
    "koi8-u": "koi8u",
    "mac-roman": "macintosh macroman mac",
    "mac-latin2": "maclatin2 mac-centeuro",
    "mac-cyrillic": "maccyrillic x-mac-cyrillic",
    "mac-greek": "macgreek",
    "mac-turkish": "macturkish",
    "cp437": "ibm437 437",
    "cp850": "ibm850 850",
    "cp852": "ibm852 852",
    "cp858": "ibm858 858",
    "cp866": "ibm866 866",
    "cp932": "shift-jis shiftjis sjis s-jis windows-31j ms932 ms-kanji",
    "euc-jp": "eucjp ujis",
    "gb18030": "gb18030-2000 gbk gb2312 cp936 936",
    "big5": "big5-tw",
    "big5hkscs": "big5-hkscs",
    "cp950": "950 ms950",
    "cp949": "euc-kr euckr uhc ks-c-5601-1987 949",
}
_CODECS = {name: codec for codec, names in _NAMES.items() for name in (codec, *names.split())}
CODECS = tuple(_NAMES)


def codec_of(name: str) -> str | None:
    """The codec that a person means by `name`, or None if it is none of ours."""
    return _CODECS.get(name.strip().lower().replace("_", "-").replace(" ", "-"))


def usable(encoding: str) -> bool:
    """Whether a file may be declared to be in `encoding` ("auto" is no encoding)."""
    return codec_of(encoding) is not None


def errors_of(codec: str) -> str:
    """How to decode what does not fit, so that one broken cell costs no more than its row."""
    return "surrogatepass" if codec in WIDE else "surrogateescape"
