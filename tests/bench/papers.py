"""What papers cost: CPU of a PDF against a floor, its size, and the memory of the process.

The floor is a page with one word by the same compiler, as PDF/A-3 too. Every paper is a new one:
the compiler remembers what it has laid out before, so the same one again would cost less.

python -m tests.bench.papers
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

import typst

from tallybook.invoices.kinds import Paper
from tallybook.papers import fonts
from tallybook.papers.kinds import Look
from tallybook.papers.pdf import paper_pdf, receipt_pdf, statement_pdf
from tests.bench.tables import table, verdict
from tests.support import papers
from tests.support.papers import LOOK, SVG

_GOAL = 3.0  # ms, PERFORMANCE.md
_WORD = b'#set text(font: "Source Sans 3")\n#sys.inputs.word'
_FIRST = """
import time
start = time.process_time()
from tests.support import papers
from tallybook.papers.pdf import paper_pdf
imported = time.process_time()
paper_pdf(papers.paper(), papers.LOOK, payment=None)
print(imported - start, time.process_time() - imported)
"""


@dataclass(frozen=True)
class Cost:
    """Of a PDF, once the process is warm."""

    name: str
    milliseconds: float  # of CPU
    pages: int
    size: int  # bytes


def measured(*, rounds: int = 30) -> list[Cost]:
    """The floor first."""
    few, many, most = (
        papers.paper(),
        papers.paper(papers.lines(70)),
        papers.paper(papers.lines(300)),
    )
    branded = replace(LOOK, logo=SVG)
    asia = replace(few, buyer=replace(few.buyer, name="上海天龙贸易有限公司"))
    statement = papers.account_statement(40)
    return [
        _cost("a page with one word", _floor, rounds),
        _cost("invoice, 4 lines", lambda place: _invoice(few, place), rounds),
        _cost("the same with a logo", lambda place: _invoice(few, place, branded), rounds),
        _cost("the same to Shanghai", lambda place: _invoice(asia, place), rounds),
        _cost("invoice, 70 lines", lambda place: _invoice(many, place), rounds // 3),
        _cost("invoice, 300 lines", lambda place: _invoice(most, place), rounds // 6),
        _cost(
            "statement, 40 entries",
            lambda place: statement_pdf(
                replace(statement, buyer=replace(statement.buyer, name=f"Client {place}")), LOOK
            ),
            rounds // 3,
        ),
        _cost(
            "receipt",
            lambda place: receipt_pdf(papers.receipt(amount=Decimal(3000 + place)), LOOK),
            rounds,
        ),
    ]


def section() -> str:
    """For docs/benchmarks.md."""
    first = subprocess.run(
        [sys.executable, "-c", _FIRST], capture_output=True, text=True, check=True
    ).stdout.split()
    costs = measured()
    floor = costs[0].milliseconds
    rows = [
        (
            each.name,
            f"{each.milliseconds:.1f}",
            f"{each.milliseconds / floor:.1f}",
            each.pages,
            f"{each.size / 1000:.0f}",
        )
        for each in costs
    ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    head = ("", "CPU, ms", "x floor", "pages", "kB")
    return (
        "## Papers\n\n"
        "PDF/A-3 by Typst, each paper a new one, in a warm process.\n\n"
        f"{table(head, rows)}\n\n"
        f"An invoice, in ms: {verdict(costs[1].milliseconds, _GOAL)}.\n\n"
        f"The first of a process: {float(first[0]) * 1000:.0f} ms of CPU to import, and "
        f"{float(first[1]) * 1000:.0f} ms with the fonts. "
        f"Peak of memory after all of these: {peak:.0f} MB.\n"
    )


def _cost(name: str, made: Callable[[int], bytes], rounds: int) -> Cost:
    pdf = b""
    for place in range(-3, 0):
        pdf = made(place)
    start = time.process_time()
    for place in range(rounds):
        pdf = made(place)
    spent = time.process_time() - start
    return Cost(name, spent / rounds * 1000, len(papers.pages(pdf)), len(pdf))


@cache
def _compiler() -> typst.Compiler:
    found = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[fonts.directory()],
    )
    return typst.Compiler(font_paths=found, ignore_system_fonts=True)


def _floor(place: int) -> bytes:
    made = _compiler().compile(
        input=_WORD,
        format="pdf",
        sys_inputs={"word": f"word{place}"},
        pdf_standards="a-3b",
        timestamp=0,
    )
    assert isinstance(made, bytes)
    return made


def _invoice(of: Paper, place: int, look: Look = LOOK) -> bytes:
    buyer = replace(of.buyer, street1=f"Lindenstraße {place}")
    of = replace(of, number=f"INV-2026-{place + 10:05}", buyer=buyer)
    return paper_pdf(of, look, payment=papers.payment(of))


if __name__ == "__main__":
    sys.stdout.write(section())
