"""The layer table of docs/architecture.md, and what each file imports, read from its syntax tree."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ARCHITECTURE = ROOT / "docs" / "architecture.md"
HEADER = "| layer | packages | may use | must not import |"


@dataclass(frozen=True)
class Layer:
    """One row: its height, its name and the paths of its packages (files, or folders with "/")."""

    level: float
    name: str
    packages: tuple[str, ...]


@cache
def table() -> list[Layer]:
    """Return the rows of the document's table, in its order."""
    lines = ARCHITECTURE.read_text().split(HEADER)[1].splitlines()[2:]
    layers = []
    for line in lines:
        if not line.startswith("|"):
            break
        first, packages = line.split("|")[1:3]
        level, _, name = first.strip().partition(" ")
        layers.append(Layer(float(level), name.strip(), tuple(re.findall(r"`([^`]+)`", packages))))
    return layers


@cache
def place_of(path: str) -> tuple[float, str]:
    """Return the level and the package that a file (relative to the root) belongs to."""
    rows = [
        (layer.level, package)
        for layer in table()
        for package in layer.packages
        if path == package or (package.endswith("/") and path.startswith(package))
    ]
    if len(rows) != 1:
        raise LookupError(f"{path} stands in {len(rows)} rows of the layer table")
    return rows[0]


def python_files(*folders: str) -> list[Path]:
    """Return every Python file of these folders (or the file itself)."""
    found: list[Path] = []
    for folder in folders:
        path = ROOT / folder
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [path for path in found if "__pycache__" not in path.parts]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def imports(path: Path) -> list[tuple[str, int]]:
    """Return every imported module by its full name, with its line; `from a import b` gives `a.b`."""
    package = relative(path).removesuffix(".py").removesuffix("/__init__").split("/")
    if path.name != "__init__.py":
        package = package[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            found += [(f"{module}.{alias.name}", node.lineno) for alias in node.names]
    return found


def file_of(module: str) -> str | None:
    """Return the path of the file that holds a module of this repository, if it is one."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        base = "/".join(parts[:length])
        for candidate in (f"{base}.py", f"{base}/__init__.py"):
            if (ROOT / candidate).exists():
                return candidate
    return None
