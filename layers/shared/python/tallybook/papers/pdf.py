"""The firm's papers as PDF/A-3: values in, bytes out, and the same bytes for the same values."""

from tallybook.invoices.kinds import Paper
from tallybook.papers import documents, receipts, statements
from tallybook.papers.kinds import Look, Payment, Receipt, StatementPaper
from tallybook.papers.typeset import typesetter


def paper_pdf(
    paper: Paper, look: Look, *, payment: Payment | None, xml: bytes | None = None
) -> bytes:
    """An invoice, estimate or credit note; without a number it is marked as a draft.

    `xml` goes into it as factur-x.xml, related as "Alternative". The XMP that makes it a Factur-X
    is not written here.
    """
    return typesetter().pdf(documents.sheet(paper, look, payment), logo=look.logo, xml=xml)


def statement_pdf(statement: StatementPaper, look: Look) -> bytes:
    return typesetter().pdf(statements.sheet(statement, look), logo=look.logo)


def receipt_pdf(receipt: Receipt, look: Look) -> bytes:
    return typesetter().pdf(receipts.sheet(receipt, look), logo=look.logo)
