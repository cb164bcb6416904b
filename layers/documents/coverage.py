"""Writes fonts/coverage.txt: which characters the fonts have, to be run when they change.

uv run --with fonttools python layers/documents/coverage.py
"""

from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont  # type: ignore[import-not-found]

FONTS = Path(__file__).parent / "fonts"


def main() -> None:
    points = sorted(set().union(*(characters(path) for path in FONTS.glob("*.tt?"))))
    ranges: list[list[int]] = []
    for point in points:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    lines = [f"{first:x}-{last:x}" if last > first else f"{first:x}" for first, last in ranges]
    (FONTS / "coverage.txt").write_text("\n".join(lines) + "\n", "ascii")


def characters(path: Path) -> set[int]:
    """Those of a font, or those that all fonts of a collection have."""
    if path.suffix == ".ttc":
        fonts = TTCollection(path).fonts
        return set.intersection(*(set(font.getBestCmap()) for font in fonts[:5]))
    return set(TTFont(path).getBestCmap())


if __name__ == "__main__":
    main()
