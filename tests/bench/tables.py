"""Tables that read well in a terminal and in Markdown."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table with aligned columns; numbers stand right."""
    lines = [[str(cell) for cell in row] for row in rows]
    right = [all(_is_number(line[place]) for line in lines) for place in range(len(head))]
    widths = [max(len(line[place]) for line in [list(head), *lines]) for place in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(cells, widths, right, strict=True)
        ]
        return f"| {' | '.join(aligned)} |"

    rule = [
        "-" * (width - 1) + ":" if is_right else "-" * width
        for width, is_right in zip(widths, right, strict=True)
    ]
    return "\n".join([line(head), line(rule), *map(line, lines)])


def _is_number(cell: str) -> bool:
    return not cell or cell[0] in "0123456789-$±"


def verdict(value: float, goal: float) -> str:
    return f"{value:.2f} (goal ≤ {goal}: {'met' if value <= goal else 'MISSED'})"


def reached(share: float, goal: float) -> str:
    return f"{share:.1%} (goal ≥ {goal:.0%}: {'met' if share >= goal else 'MISSED'})"
