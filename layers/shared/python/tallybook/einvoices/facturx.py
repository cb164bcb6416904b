"""An invoice that people and machines read: a PDF/A-3 that holds its Factur-X (CII) file.

pypdf attaches the file and is all that this takes: pure Python, 2 MB. The library factur-x would
bring lxml and the schemas of every profile (30 MB), and pikepdf qpdf, lxml and Pillow (43 MB).
"""

from datetime import UTC, datetime, time
from io import BytesIO
from typing import cast
from xml.dom import minidom
from xml.parsers.expat import ExpatError
from zlib import compress

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from tallybook.invoices.kinds import Paper

FILE_NAME = "factur-x.xml"
_FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PDFA = "http://www.aiim.org/pdfa/ns/"
# What the metadata say of the file, and what its extension schema says of each property.
_SAID = {
    "DocumentFileName": (FILE_NAME, "The name of the embedded XML document"),
    "DocumentType": ("INVOICE", "The type of the hybrid document in capital letters"),
    "Version": ("1.0", "The version of the standard of the embedded XML document"),
    "ConformanceLevel": ("EN 16931", "The conformance level of the embedded XML document"),
}


def embed(pdf: bytes, xml: bytes, paper: Paper) -> bytes:
    """`pdf`, a PDF/A-3, with `xml` in it as its factur-x.xml.

    Raises ValueError where `pdf` does not say of itself that it is PDF/A-3, or has such a file.
    """
    try:
        reader = PdfReader(BytesIO(pdf))
        writer = PdfWriter(clone_from=reader)
        metadata = cast("StreamObject", writer.root_object["/Metadata"].get_object())
        metadata.set_data(_described(metadata.get_data()))
    except (PyPdfError, KeyError, ExpatError) as error:
        raise ValueError("What the file is to be embedded in is no PDF/A.") from error
    _attach(writer, xml, paper)
    writer.pdf_header = reader.pdf_header
    written = BytesIO()
    writer.write(written)
    return written.getvalue()


def _attach(writer: PdfWriter, xml: bytes, paper: Paper) -> None:
    """As an alternative of the document: the file says what the pages say (ISO 19005-3, 6.8)."""
    if FILE_NAME in {each.name for each in writer.attachment_list}:
        raise ValueError(f"The PDF has a {FILE_NAME} already.")
    file = writer.add_attachment(FILE_NAME, compress(xml, 9))
    file.subtype = NameObject("/text/xml")
    file.size = NumberObject(len(xml))
    file.modification_date = datetime.combine(paper.issue_date, time(), UTC)
    file.alternative_name = TextStringObject(FILE_NAME)
    file.description = TextStringObject(f"Factur-X of {paper.number}")
    file.associated_file_relationship = NameObject("/Alternative")
    contents = file.pdf_object["/EF"]
    if isinstance(contents, DictionaryObject):
        contents[NameObject("/UF")] = contents.raw_get("/F")
        stream = cast("StreamObject", contents["/F"].get_object())
        stream[NameObject("/Filter")] = NameObject("/FlateDecode")
    associated = writer.root_object.setdefault(NameObject("/AF"), ArrayObject()).get_object()
    associated.append(file.pdf_object.indirect_reference)


def _described(packet: bytes) -> bytes:
    """The metadata (XMP) with what Factur-X asks for: four properties and their schema."""
    parsed = minidom.parseString(packet)  # noqa: S318  # it is of a PDF that we made
    if _part(parsed) != "3":
        raise ValueError("What the file is to be embedded in is no PDF/A-3.")
    (about, *_) = parsed.getElementsByTagNameNS(_RDF, "Description")
    for name, (value, _) in _SAID.items():
        _add(about, f"fx:{name}", value)
    about.setAttribute("xmlns:fx", _FX)
    schema = _add(_schemas(about), "rdf:li")
    schema.setAttribute("rdf:parseType", "Resource")
    _add(schema, "pdfaSchema:schema", "Factur-X PDFA Extension Schema")
    _add(schema, "pdfaSchema:namespaceURI", _FX)
    _add(schema, "pdfaSchema:prefix", "fx")
    properties = _add(_add(schema, "pdfaSchema:property"), "rdf:Seq")
    for name, (_, description) in _SAID.items():
        entry = _add(properties, "rdf:li")
        entry.setAttribute("rdf:parseType", "Resource")
        _add(entry, "pdfaProperty:name", name)
        _add(entry, "pdfaProperty:valueType", "Text")
        _add(entry, "pdfaProperty:category", "external")
        _add(entry, "pdfaProperty:description", description)
    return "".join(each.toxml() for each in parsed.childNodes).encode()


def _part(parsed: minidom.Document) -> str:
    """Which part of ISO 19005 the PDF follows: as an element, or as an attribute."""
    for element in parsed.getElementsByTagNameNS(f"{_PDFA}id/", "part"):
        return "".join(each.toxml() for each in element.childNodes).strip()
    for element in parsed.getElementsByTagNameNS(_RDF, "Description"):
        if found := element.getAttributeNS(f"{_PDFA}id/", "part"):
            return found
    return ""


def _schemas(about: minidom.Element) -> minidom.Element:
    """The list of extension schemas: the one that is there, since a property stands there once."""
    for found in about.getElementsByTagNameNS(f"{_PDFA}extension/", "schemas"):
        (bag, *_) = found.getElementsByTagNameNS(_RDF, "Bag")
        return bag
    about.setAttribute("xmlns:pdfaExtension", f"{_PDFA}extension/")
    about.setAttribute("xmlns:pdfaSchema", f"{_PDFA}schema#")
    about.setAttribute("xmlns:pdfaProperty", f"{_PDFA}property#")
    return _add(_add(about, "pdfaExtension:schemas"), "rdf:Bag")


def _add(parent: minidom.Element, tag: str, text: str = "") -> minidom.Element:
    element = minidom.Document().createElement(tag)
    if text:
        element.appendChild(minidom.Document().createTextNode(text))
    parent.appendChild(element)
    return element
