"""Delimiter, headings and preamble are found as a person would find them."""

import pytest

from tallybook.imports.dialect import Dialect, find
from tallybook.imports.splitting import Column, Options, split
from tests.unit.csv_files import client_file, split_bytes


def of(text: str, **options: str) -> Dialect:
    return find(text, whole=True, **options)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_found(delimiter: str):
    assert split_bytes(client_file(delimiter=delimiter)).layout.delimiter == delimiter


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("Name;Preis\nMüller;1,50\nMeier;2,00\n", ";"),
        ("Müller;1,50\nMeier;2,00\nHuber;12,75\n", ";"),
        ("Müller, Hans;Köln\nMeier, Anna;Bonn\n", ";"),
        ("Name,E-mail\nA,a@x.com;b@x.com\nB,c@x.com;d@x.com\n", ","),
        ("A,a@x.com;b@x.com\nB,c@x.com;d@x.com\n", ","),
        ("Company,Tags\nA,x; y; z\nB,x; y; z\n", ","),
        ("A,York,x; y\nB,Rome,x; y\nC,Bonn,x; y\n", ","),
        ('Company\tNote\nA\t"one, two; three|four"\nB\tone, two\n', "\t"),
        ('Company|Note\nA|"one, two; three"\n', "|"),
        ('"Smith, Jones";York\n"Brown, Bros";Rome\n', ";"),
        ("Firma;Ort;PLZ\nA;B;C;D;E\nF;G\n", ";"),
        ("Kunden am 1,2,3\n\nFirma;Ort\nA;B\n", ";"),
    ],
)
def test_the_delimiter_is_not_what_stands_in_cells(text: str, delimiter: str):
    assert of(text).delimiter == delimiter


@pytest.mark.parametrize("text", ["Company\nA\nB\n", "A\nB\n", "E-mail\na@x.com\nb@x.com\n"])
def test_a_single_column_is_a_table_too(text: str):
    assert of(text).columns == 1


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_the_line_that_excel_asks_for_is_honoured_and_is_no_data(first: str):
    splitter = split([f"{first}A,1;B,2\nC,3;D,4\n".encode()], Options())
    (chunk,) = splitter
    assert splitter.layout.delimiter == ";"
    assert chunk.first_line == 2
    assert splitter.preview[0].cells == ["A,1", "B,2"]


def test_a_delimiter_that_is_named_is_used():
    assert of("Firma;Ort\nA;B\n", delimiter=",").columns == 1
    assert of("sep=;\nA,B\n", delimiter=",").skip == 1


@pytest.mark.parametrize(
    ("preamble", "line"),
    [
        ("", 1),
        ("\n\n", 3),
        ("Customer export\n2024-01-31\n\n", 4),
        ("Report;Clients;;\nDate;31.01.2024;;\n;;;\n", 4),
        ("Kunden\n", 2),
        ('"A title\nof two lines"\n', 3),
    ],
)
@pytest.mark.parametrize("first_row", ["auto", "header"])
def test_what_stands_above_the_headings_is_skipped(preamble: str, line: int, first_row: str):
    text = preamble + "Business name;E-mail;City;Postal code\nA;a@x.com;York;1\nB;b@x.com;Rome;2\n"
    layout = split_bytes(text.encode(), first_row=first_row).layout
    assert (layout.first_row, layout.header_line, layout.delimiter) == ("header", line, ";")
    assert layout.columns[0] == Column(0, "Business name", "A", "business_name")
    assert layout.columns[1] == Column(1, "E-mail", "a@x.com", "email")


@pytest.mark.parametrize(
    "text",
    [
        "Acme,a@x.com,York\nBolt,b@x.com,Rome\n",
        "Acme,York\nBolt,Rome\n",
        "1,Acme\n2,Bolt\n",
        "Acme,Company,a@x.com\nBolt,Company,b@x.com\nCord,Company,c@x.com\n",
        "Acme,Company\nBolt,Company\nCord,Person\nDent,Company\n",
    ],
)
def test_a_first_row_like_those_below_is_data(text: str):
    dialect = of(text)
    assert (dialect.first_row, dialect.skip, dialect.header) == ("data", 0, None)
    assert dialect.headings() == [None] * dialect.columns


@pytest.mark.parametrize("text", ["Foo,City\nAcme,York\nBolt,Rome\n", "E-mail\na@x.com\n"])
def test_one_known_heading_over_the_rest_is_enough(text: str):
    assert of(text).first_row == "header"


def test_headings_that_nobody_knows_are_told_by_what_is_below_them():
    dialect = of("Foo,Bar,Qux\nAcme,a@x.com,3\nBolt,b@x.com,4\n")
    assert dialect.headings() == ["Foo", "Bar", "Qux"]


def test_first_row_header_takes_the_first_full_record():
    dialect = of("Export\n\nAcme,York\nBolt,Rome\nCord,Bonn\n", first_row="header")
    assert dialect.headings() == ["Acme", "York"]
    assert dialect.skip == 3


def test_first_row_data_skips_nothing_and_suggests_addresses_only():
    text = "Business name,E-mail\nAcme,a@x.com\nBolt,b@x.com\n"
    splitter = split_bytes(text.encode(), first_row="data")
    list(splitter)
    assert splitter.rows == 3
    assert splitter.layout.header_line is None
    assert [column.suggested_field for column in splitter.layout.columns] == [None, "email"]


def test_headings_and_samples_are_trimmed():
    long = "x" * 150
    text = f" Company ,{long}\n , \n Acme ,{long}\n"
    first, second = split_bytes(text.encode()).layout.columns
    assert first == Column(0, "Company", "Acme", "business_name")
    assert (second.header, second.sample) == ("x" * 100, "x" * 100)


def test_columns_without_a_heading_are_there_if_most_rows_have_them():
    layout = split_bytes(b"Company,City,,\nA,York,1,\nB,Rome,2,\nC,Bonn,3,,,x\n").layout
    assert [column.header for column in layout.columns] == ["Company", "City", None]


def test_of_a_long_file_only_the_head_is_judged():
    content = client_file(20_000, delimiter=";")
    splitter = split_bytes(content)
    assert splitter.layout.delimiter == ";"
    assert [column.header for column in splitter.layout.columns][:2] == ["Business name", "Number"]


ROWS = [f"P{i},Person,Post" for i in range(6)]


@pytest.mark.parametrize(
    ("lines", "header"),
    [
        (["Name,Type,Preferred contact", *ROWS, "Acme,Company,Phone", "Z,Person,Post"], 1),
        (["Clients of 2024", "", "Name,Type,Way", *ROWS, "Acme,Company,Phone", "Z,Person,Post"], 3),
        (["Foo,Bar,Qux", *ROWS, "Acme,Company,Phone", "Z,Person,7"], 1),
        ([*ROWS, "Acme,Company,Phone", "Z,Person,Post"], None),
        (["P0,Person,", "P1,Person,Post", "Acme,Company,Phone", *ROWS], None),
    ],
)
def test_a_row_that_reads_like_headings_takes_no_rows_from_above(
    lines: list[str], header: int | None
):
    assert split_bytes("\n".join(lines).encode()).layout.header_line == header


def test_of_two_tables_the_first_is_not_lost():
    small = "Name,E-mail\nA,a@x.com\nB,b@x.com\n\n"
    large = "Company,E-mail,Street,City,Postal code,Country\n" + "A,a@x.com,S,York,1,GB\n" * 9
    assert of(small + large).skip == 1
    same = "Name,E-mail,City\nA,a@x.com,York\n\nCompany,E-mail,Telephone\nB,b@x.com,1\n"
    assert of(same).skip == 1


@pytest.mark.parametrize(
    "preamble",
    [
        "Clients,,,,,\n,,,,,\nFrom,01.01.2024,,,,\nTo,31.12.2024,,,,\nBy,Anna,,,,\n,,,,,\n",
        "Client,,Address,,,\n",
        "Report,Clients,2024\n",
    ],
)
def test_headings_below_narrow_rows_are_found(preamble: str):
    header = "Company,E-mail,Street,City,Postal code,Country\n"
    for rows in ("A,a@x.com,S,York,1,GB\nB,b@x.com,T,Rome,2,IT\n", "A,a@x.com,,,,\nB,,,Rome,,\n"):
        found = of(preamble + header + rows)
        assert found.headings()[0] == "Company"
