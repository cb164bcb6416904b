"""Our Python, as syntax: what each module imports, defines and asks of its environment."""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support.template import ROOT, functions

LAYER = ROOT / "layers" / "shared" / "python"


@dataclass(frozen=True)
class Module:
    path: Path
    name: str

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def feature(self) -> str | None:
        """The feature that the module belongs to; None for what all share."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "tallybook" and len(parts) == 3 else None

    @cached_property
    def imports(self) -> set[str]:
        """Every module that is imported, also inside functions and for types only."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name} has a relative import"
                base = node.module or ""
                names = {f"{base}.{alias.name}" for alias in node.names}
                found |= {name if name in OURS else base for name in names}
        return found

    def nodes[N: ast.AST](self, kind: type[N]) -> list[N]:
        return [node for node in ast.walk(self.tree) if isinstance(node, kind)]


def _layer() -> dict[str, Module]:
    found = {}
    for path in sorted((LAYER / "tallybook").rglob("*.py")):
        parts = path.relative_to(LAYER).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        found[name] = Module(path, name)
    return found


OURS: dict[str, Module] = _layer()
FUNCTIONS: dict[str, Module] = {
    name: Module(ROOT / "functions" / name / "app.py", f"functions.{name}") for name in functions()
}
ALL = [*OURS.values(), *FUNCTIONS.values()]
