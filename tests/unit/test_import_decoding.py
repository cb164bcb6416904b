"""The encoding of a client list is found, however short the list is."""

import codecs

import pytest

from tallybook.imports.bad_file import CODES, BadFile
from tallybook.imports.charsets import CODECS, WIDE
from tallybook.imports.decoding import Found, find, usable
from tests.unit.csv_files import client_file, clients, text_of

LISTS = {
    "de": "Firma;Ort;Straße\nMüller GmbH;Köln;Hauptstraße 5\nBäckerei Weiß;München;Am Bühl 3\n"
    "Schäfer & Söhne;Lübeck;Goethestr. 1\n",
    "fr": "Société;Ville;Adresse\nCafé de la Gare;Orléans;12 rue de l'Église\n"
    "Boulangerie Lefèvre;Nîmes;allée des Chênes\nFrançois & Fils;Besançon;1 place Noël\n",
    "sv": "Namn;Ort;Adress\nÅkerlund AB;Göteborg;Västra vägen 3\nSjöströms Bygg;Örebro;Ågatan 8\n"
    "Björn Ek;Malmö;Storgatan 1\n",
    "pl": "Firma;Miasto;Adres\nŁukasz Wiśniewski;Łódź;ul. Świętokrzyska 3\n"
    "Piekarnia Gołąb;Kraków;ul. Długa 5\nŻółw Sp. z o.o.;Gdańsk;al. Róż 9\n",
    "cs": "Firma;Město;Adresa\nDvořák s.r.o.;Plzeň;Dlouhá třída 5\nŘíha a syn;Ústí;Křižíkova 8\n"
    "Květinářství Růže;České Budějovice;Náměstí Míru 1\n",
    "ru": "Название;Город;Адрес\nООО Ромашка;Москва;ул. Ленина 5\nИванов Пётр;Казань;Садовая 3\n"
    "Пекарня Хлебница;Тверь;пр. Мира 12\n",
    "el": "Επωνυμία;Πόλη\nΠαπαδόπουλος ΑΕ;Αθήνα\nΦούρνος Αθηνών;Πάτρα\nΓιώργος Νικολάου;Βόλος\n",
    "tr": "Firma;Şehir\nYıldız Ltd. Şti.;İstanbul\nÇağlar İnşaat;Eskişehir\nGüneş Fırın;Muğla\n",
    "ja": "会社名;市\n株式会社山田商店;東京都\n鈴木製作所;大阪市\nカフェ・モカ;横浜市\n",
    "zh": "公司名称;城市\n北京科技有限公司;北京\n上海贸易公司;上海\n华东建筑集团;广州\n",
    "tw": "公司名稱;城市\n台灣貿易有限公司;台北市\n臺北資訊公司;高雄市\n華東建築;臺中\n",
    "ko": "회사명;도시\n삼성상사;서울\n서울무역 주식회사;부산\n한빛건설;대구\n",
}


def found(content: bytes, declared: str = "auto", *, whole: bool = True) -> str:
    return find(content, whole=whole, declared=declared).codec


def refusal(content: bytes, declared: str = "auto", *, whole: bool = True) -> BadFile:
    with pytest.raises(BadFile) as caught:
        find(content, whole=whole, declared=declared)
    return caught.value


@pytest.mark.parametrize(
    ("language", "codec"),
    [
        *[(language, "windows-1252") for language in ("de", "fr", "sv")],
        *[(language, "iso-8859-1") for language in ("de", "fr", "sv")],
        *[(language, "iso-8859-15") for language in ("de", "fr", "sv")],
        *[(language, "mac-roman") for language in ("de", "fr", "sv")],
        *[(language, "windows-1250") for language in ("pl", "cs")],
        *[(language, "iso-8859-2") for language in ("pl", "cs")],
        *[("ru", codec) for codec in ("windows-1251", "koi8-r", "cp866", "mac-cyrillic")],
        *[("el", "windows-1253"), ("tr", "windows-1254"), ("ja", "cp932"), ("zh", "gb18030")],
        *[("tw", "big5"), ("ko", "cp949")],
    ],
)
def test_three_rows_tell_the_encoding(language: str, codec: str):
    content = LISTS[language].encode(codec)
    assert content.decode(found(content)) == LISTS[language]


@pytest.mark.parametrize(
    "line",
    [
        *["José", "Café Ltd", "Müller;Köln", "Smith & Söhne", "Naïve", "Groß", "Ørsted"],
        *["Zoë", "João", "Peña", "Nicolò", "Çelik", "Åse", "5 £", "10½ High St", "Acme™", "20 °C"],
        *["O’Brien – “Fine” €5", "Firma 100 % – gut …"],
    ],
)
def test_a_single_accent_is_western(line: str):
    assert found(f"name\nSmith\n{line}\nBob\n".encode("cp1252")) == "windows-1252"


def test_latin_9_is_known_by_its_euro_and_its_letters():
    assert found("Preis\nMüller;5 €\nGröße;3 €\n".encode("iso-8859-15")) == "iso-8859-15"
    assert found("Nom\nSacré-Cœur\nCœur Noël\n".encode("iso-8859-15")) == "iso-8859-15"
    assert found("Name\nMüller\n".encode("iso-8859-15")) == "windows-1252"  # the same in both
    assert found("Name\nD´Angelo, 10½ Größe\n".encode("cp1252")) == "windows-1252"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (codecs.BOM_UTF8 + b"a", Found("utf-8", 3)),
        ("ä".encode("utf-16"), Found("utf-16-le", 2)),
        (codecs.BOM_UTF16_BE + "ä".encode("utf-16-be"), Found("utf-16-be", 2)),
        ("ä".encode("utf-32"), Found("utf-32-le", 4)),
        (codecs.BOM_UTF32_BE + "ä".encode("utf-32-be"), Found("utf-32-be", 4)),
        ("Zoë, 漢字, 😀".encode(), Found("utf-8")),
    ],
)
def test_unicode_is_known_by_its_mark_or_its_form(content: bytes, expected: Found):
    assert find(content, whole=True) == expected


@pytest.mark.parametrize("codec", WIDE)
@pytest.mark.parametrize("language", LISTS)
def test_wide_text_without_a_mark_is_known_by_its_zeros(language: str, codec: str):
    assert found(LISTS[language].encode(codec)) == codec


def test_ascii_stays_open_until_the_end_is_seen():
    assert find(b"a,b\n", whole=False) == Found("utf-8", is_open=True)
    assert find(b"a,b\n", whole=True) == Found("utf-8")


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_character_cut_at_the_end_of_the_head_is_no_fault(cut: int):
    head = "Name\nBob 😀".encode()[:-cut]
    assert found(head, whole=False) == "utf-8"
    assert found(head, "utf-8", whole=False) == "utf-8"
    assert refusal(head, "utf-8").code == "undecodable"


def test_a_broken_cell_or_two_do_not_make_it_another_encoding():
    content = client_file(50).replace("Müller & Söhne 7".encode(), b"M\xfcller")
    assert found(content) == "utf-8"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "PNG"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"PK\x03\x04\x14\0", "ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
        (b"\x1f\x8b\x08\0", "GZIP"),
        (b"\x7fELF\x02\x01", "program"),
        (b"MZ" + bytes(76) + b"This program cannot be run in DOS mode", "program"),
        (b"<html><table><tr><td>Name", "web page"),
        (bytes(range(256)) * 20, "binary"),
    ],
)
@pytest.mark.parametrize("declared", ["auto", "windows-1252"])
def test_a_binary_file_is_named(content: bytes, named: str, declared: str):
    bad = refusal(content, declared)
    assert bad.code == "binary_file"
    assert named in bad.detail
    assert "save it as CSV or XLSX" in bad.detail


def test_a_few_nulls_do_not_make_a_file_binary():
    assert found(b"a\0b,c\n") == "utf-8"
    assert found(b"name,city\nA\0cme,York\0\n") == "utf-8"


@pytest.mark.parametrize("codec", CODECS)
def test_a_declared_encoding_is_used(codec: str):
    assert found("Name;City\nSmith;York\n".encode(codec), codec).startswith(codec)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF8", "utf-8"),
        ("Latin-1", "iso-8859-1"),
        ("ANSI", "windows-1252"),
        ("Shift_JIS", "cp932"),
    ],
)
def test_an_encoding_has_many_names(name: str, codec: str):
    assert found(b"Name\nSmith\n", name) == codec


@pytest.mark.parametrize(
    ("content", "declared", "line"),
    [
        ("Name\nBob\nMüller\n".encode("cp1252"), "utf-8", 3),
        ("Name\r\nMüller\r\n".encode("cp1252"), "ascii", 2),
        (b"Name\rBob\rCleo\r\x81\r", "windows-1252", 4),
        ("Name\nMüller\nKöln\n".encode(), "windows-1252", 2),
        ("Name\nMüller\n".encode("utf-16"), "utf-8", 1),
        ("Name\nMüller\n".encode("utf-8-sig"), "windows-1252", 1),
        ("Name\nMüller\n".encode("cp1252"), "big5", 2),
    ],
)
def test_a_declared_encoding_that_does_not_fit_is_refused(content: bytes, declared: str, line: int):
    bad = refusal(content, declared)
    assert bad.code == "undecodable"
    assert bad.detail.startswith(f"Line {line} is not in {declared}")


@pytest.mark.parametrize(
    "name",
    [
        *("utf-7", "idna", "punycode", "rot13", "base64", "zip", "hex", "cp037", "iso-2022-jp"),
        *("hz", "unicode_escape", "undefined", "mbcs", "", "auto", "../utf-8", "x" * 99),
    ],
)
def test_what_is_no_encoding_of_text_cannot_be_declared(name: str):
    assert not usable(name)
    assert name == "auto" or refusal(b"a\n", name).code == "undecodable"


@pytest.mark.parametrize("codec", CODECS)
def test_a_usable_encoding_holds_ascii_as_csv_needs_it(codec: str):
    assert usable(codec)
    assert usable(codec.upper().replace("-", "_"))
    if not codec.startswith(("utf-16", "utf-32")):
        assert bytes(range(128)).decode(codec) == "".join(map(chr, range(128)))


def test_a_bad_file_has_a_code_and_words():
    bad = BadFile("no_rows", "Nothing below the headings.")
    assert str(bad) == "no_rows: Nothing below the headings."
    assert bad.code in CODES


def test_a_long_list_with_accents_in_few_rows_is_western():
    rows = [*clients(2000, "Smith"), ["Café Noël", "K-1", "a@b.example", "York", ""]]
    text = text_of([[cell.replace("Köln", "York") for cell in row] for row in rows])
    assert found(text.encode("cp1252")) == "windows-1252"
