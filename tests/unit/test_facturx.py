"""A PDF/A-3 with its Factur-X file, read back with qpdf (pikepdf) and the library factur-x.

No PDF/A validator can be installed from a package index, so what is checked here is what the
embedding touches and what ISO 19005-3 asks for outside the content of pages: not every rule.
"""

import re
from functools import cache
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET

import facturx  # type: ignore[import-untyped]
import pikepdf
import pytest
import typst

from tallybook.einvoices.cii import cii
from tallybook.einvoices.facturx import embed
from tests.unit.einvoice_cases import CASES

PAGE = b"""
#set document(title: "Invoice", author: "Kontor GmbH", date: datetime(year: 2026, month: 3, day: 1))
#set text(lang: "en")
= Invoice INV-2026-0001
#box(width: 2cm, height: 1cm, fill: rgb("#336699"))
#pagebreak()
Thank you for your order.
"""
PAPER = CASES["all references"]
_FX = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PDFA = "{http://www.aiim.org/pdfa/ns/"


@cache
def typeset(standard: Any = "a-3b") -> bytes:
    made = typst.compile(PAGE, format="pdf", pdf_standards=standard or [])
    assert isinstance(made, bytes)
    return made


@pytest.fixture(scope="module", params=["a-3b", "a-3a", "a-3u"])
def embedded(request) -> bytes:
    return embed(typeset(request.param), cii(PAPER), PAPER)


@pytest.fixture(scope="module")
def pdf(embedded: bytes):
    with pikepdf.open(BytesIO(embedded)) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(pdf) -> ET.Element:
    return ET.fromstring(pdf.Root.Metadata.read_bytes().decode())  # noqa: S314


def test_factur_x_finds_the_file_and_its_profile(embedded):
    name, xml = facturx.get_facturx_xml_from_pdf(embedded, check_xsd=True)
    assert (name, xml) == ("factur-x.xml", cii(PAPER))
    assert facturx.get_level(facturx.facturx.etree.fromstring(xml)) == "en16931"


def test_the_file_is_an_alternative_of_the_document(pdf):
    (associated,) = pdf.Root.AF
    assert associated.objgen == pdf.Root.Names.EmbeddedFiles.Names[1].objgen
    assert str(pdf.Root.Names.EmbeddedFiles.Names[0]) == "factur-x.xml"
    assert associated.AFRelationship == "/Alternative"
    assert str(associated.F) == str(associated.UF) == "factur-x.xml"
    assert str(associated.Desc)
    assert associated.EF.F.objgen == associated.EF.UF.objgen
    file = associated.EF.F
    assert file.Type == "/EmbeddedFile"
    assert file.Subtype == "/text/xml"
    assert file.Params.Size == len(cii(PAPER))
    assert str(file.Params.ModDate).startswith("D:20260301")


def test_the_metadata_say_what_the_file_is(metadata):
    said = {each.tag.removeprefix(_FX): each.text for each in metadata.iter() if _FX in each.tag}
    assert said == {
        "DocumentFileName": "factur-x.xml",
        "DocumentType": "INVOICE",
        "Version": "1.0",
        "ConformanceLevel": "EN 16931",
    }


def test_the_metadata_describe_each_property_in_one_list_of_schemas(metadata):
    (schemas,) = metadata.iter(f"{_PDFA}extension/}}schemas")
    (bag,) = schemas
    (ours,) = (
        each for each in bag if each.findtext(f"{_PDFA}schema#}}namespaceURI") == _FX.strip("{}")
    )
    assert ours.findtext(f"{_PDFA}schema#}}prefix") == "fx"
    described = {each.text for each in ours.iter(f"{_PDFA}property#}}name")}
    assert described == {"DocumentFileName", "DocumentType", "Version", "ConformanceLevel"}
    for entry in ours.iterfind(f".//{_RDF}Seq/{_RDF}li"):
        assert [each.tag.partition("}")[2] for each in entry] == [
            "name",
            "valueType",
            "category",
            "description",
        ]


def test_the_prefixes_are_those_that_iso_19005_prescribes(pdf):
    packet = pdf.Root.Metadata.read_bytes().decode()
    for prefix in ("pdfaid:part", "pdfaExtension:schemas", "pdfaSchema:prefix", "fx:Version"):
        assert f"<{prefix}>" in packet
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert packet.endswith("?>")
    assert re.search(r'<\?xpacket end="[rw]"\?>$', packet)
    assert "/Filter" not in pdf.Root.Metadata


def test_it_is_still_pdf_a_3(pdf, metadata, embedded):
    assert [each.text for each in metadata.iter(f"{_PDFA}id/}}part")] == ["3"]
    assert embedded.startswith(b"%PDF-1.7\n%")
    assert min(embedded.split(b"\n", 2)[1][1:5]) > 127  # a comment of bytes that are no ASCII
    assert not pdf.is_encrypted
    assert len(pdf.trailer.ID) == 2
    assert not pdf.check_pdf_syntax()


def test_colours_have_an_output_intent(pdf):
    (intent,) = pdf.Root.OutputIntents
    assert intent.S == "/GTS_PDFA1"
    assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"  # an ICC profile


def test_every_font_is_embedded(pdf):
    fonts = [each for each in pdf.objects if _is(each, "/FontDescriptor")]
    assert fonts
    for font in fonts:
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(font.keys())
    for font in (each for each in pdf.objects if _is(each, "/Font")):
        if font.Subtype == "/Type0":
            assert "/ToUnicode" in font


def test_nothing_acts_on_its_own(pdf):
    assert not {"/OpenAction", "/AA", "/JavaScript"} & set(pdf.Root.keys())
    assert "/JavaScript" not in pdf.Root.Names
    for each in pdf.objects:
        assert not _is(each, "/Action", "S", "/JavaScript")
        if isinstance(each, pikepdf.Stream):
            assert "/F" not in each  # no content outside of the file
            assert "/LZWDecode" not in str(each.get("/Filter"))


def test_what_the_document_says_of_itself_is_kept(pdf, metadata):
    with pikepdf.open(BytesIO(typeset())) as before:
        assert dict(pdf.docinfo) == dict(before.docinfo)  # and no other producer
        assert len(pdf.pages) == len(before.pages)
        for page, was in zip(pdf.pages, before.pages, strict=True):
            assert page.Contents.read_bytes() == was.Contents.read_bytes()
        if "/StructTreeRoot" in before.Root:
            assert "/StructTreeRoot" in pdf.Root


def test_the_same_paper_makes_the_same_file():
    made = [embed(typeset(), cii(PAPER), PAPER) for _ in range(2)]
    assert made[0] == made[1]


def test_a_list_of_schemas_is_made_where_there_is_none():
    with pikepdf.open(BytesIO(typeset())) as opened:
        packet = opened.Root.Metadata.read_bytes().decode()
        bare = re.sub(
            r"<pdfaExtension:schemas>.*</pdfaExtension:schemas>", "", packet, flags=re.DOTALL
        )
        bare = re.sub(r' xmlns:pdfa(Extension|Schema|Property)="[^"]*"', "", bare)
        assert "Extension" not in bare
        opened.Root.Metadata = opened.make_stream(
            bare.encode(), Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML
        )
        written = BytesIO()
        opened.save(written)
    with pikepdf.open(BytesIO(embed(written.getvalue(), cii(PAPER), PAPER))) as opened:
        found = ET.fromstring(opened.Root.Metadata.read_bytes().decode())  # noqa: S314
    assert len(list(found.iter(f"{_PDFA}extension/}}schemas"))) == 1


@pytest.mark.parametrize("standard", [None, "1.7", "a-2b"])
def test_another_pdf_is_refused(standard):
    with pytest.raises(ValueError, match="no PDF/A"):
        embed(typeset(standard), cii(PAPER), PAPER)


@pytest.mark.parametrize("nonsense", [b"", b"PDF", b"%PDF-1.7\n%%EOF\n"])
def test_what_is_no_pdf_is_refused(nonsense):
    with pytest.raises(ValueError, match="no PDF/A"):
        embed(nonsense, cii(PAPER), PAPER)


def test_a_pdf_holds_one_such_file():
    once = embed(typeset(), cii(PAPER), PAPER)
    with pytest.raises(ValueError, match=r"has a factur-x\.xml already"):
        embed(once, cii(PAPER), PAPER)


def _is(thing, kind: str, key: str = "Type", value: str | None = None) -> bool:
    if not isinstance(thing, pikepdf.Dictionary):
        return False
    if value is not None:
        return thing.get(f"/{key}") == value
    return thing.get("/Type") == kind
