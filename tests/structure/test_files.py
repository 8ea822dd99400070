"""Sizes, docstrings, templates, commands and words: the rules of the house that a program can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from echo import errors
from tests.structure.layers import ROOT, python_files, relative

FILE_LINES = 300
LONGER = {"echo/policies.py": 380, "echo/limits.py": 320}  # tables: a row for each
FUNCTION_LINES = 60
PRODUCT = ("run.py", "echo", "analytics", "demo", "migrations", "scripts", "benchmarks")
CHECKED_BY_ERRORS = tuple(
    f"echo/{name}" for name in ("sockets", "web", "api", "admin", "cli", "forms", "services")
)
SCRIPTS = sorted((ROOT / "static" / "js").glob("**/*.js"))
TEMPLATES = ROOT / "templates"
NAMED_BY_FLASK_ADMIN = {"admin/master.html"}


def sized_files() -> list[Path]:
    return [*python_files("run.py", "echo", "analytics", "demo"), *SCRIPTS]


def test_no_file_is_too_long() -> None:
    long = {relative(path): len(path.read_text().splitlines()) for path in sized_files()}
    assert {
        path: lines for path, lines in long.items() if lines > LONGER.get(path, FILE_LINES)
    } == {}


def test_no_python_function_is_too_long() -> None:
    long = []
    for path in python_files("run.py", "echo", "analytics", "demo"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long.append(f"{relative(path)}:{node.lineno} {node.name} has {lines}")
    assert long == []


def test_no_javascript_function_is_too_long() -> None:
    """A function begins with its keyword or a method's head and ends with a brace at its indent."""
    head = re.compile(
        r"^(\s*)(?:export )?(?:async )?(?:function\b.*|(?!if|for|while|switch)\w+\(.*\)) \{$"
    )
    long = []
    for path in SCRIPTS:
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if found := head.match(line):
                end = next(
                    (n for n in range(number, len(lines)) if lines[n].startswith(found[1] + "}")),
                    number,
                )
                if end - number + 1 > FUNCTION_LINES:
                    long.append(f"{relative(path)}:{number + 1} has {end - number + 1}")
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        relative(path)
        for path in python_files(*PRODUCT, "tests", "training")
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_no_unfinished_work_is_marked_without_an_issue() -> None:
    word = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")
    files = [*python_files(*PRODUCT), *SCRIPTS, *TEMPLATES.rglob("*.html")]
    assert [relative(path) for path in files if word.search(path.read_text())] == []


def test_asserts_check_no_input() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in python_files(*CHECKED_BY_ERRORS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def templates_named() -> set[str]:
    """Return every template that code or another template names."""
    code = re.compile(r"""["']([\w/]+\.(?:html|txt))["']""")
    no_pages = ROOT / "echo" / "services" / "library"  # what a model's files are called
    python = [path for path in python_files("echo") if not path.is_relative_to(no_pages)]
    files = [*python, *TEMPLATES.rglob("*.html")]
    return {name for path in files for name in code.findall(path.read_text())}


def test_every_template_that_is_named_exists() -> None:
    missing = {name for name in templates_named() if not (TEMPLATES / name).exists()}
    assert {name for name in missing if not name.startswith("admin/")} == set()
    ours = {name for name in missing if f'"{name}"' in _admin_code() and name not in _flask_admin()}
    assert ours == set()


def _admin_code() -> str:
    return "".join(path.read_text() for path in python_files("echo/admin"))


def _flask_admin() -> set[str]:
    import flask_admin

    folder = Path(flask_admin.__file__).parent / "templates" / "bootstrap4"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.html")}


def test_every_template_is_used() -> None:
    present = {path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")}
    assert present - templates_named() - _flask_admin() - NAMED_BY_FLASK_ADMIN == set()


def drawn_tree() -> dict[str, tuple[str, str]]:
    """Return what the docstring of `echo/errors.py` draws: class → code and status."""
    row = re.compile(r"[├└]── (\w+) +(\w+) +(\d{3}) ")
    return {name: (code, status) for name, code, status in row.findall(errors.__doc__ or "")}


def every_error(kind: type[errors.EchoError] = errors.EchoError) -> list[type[errors.EchoError]]:
    return [each for sub in kind.__subclasses__() for each in (sub, *every_error(sub))]


def test_every_error_is_drawn_with_its_code_and_status() -> None:
    expected = {
        kind.__name__: (kind.code, str(kind.status))
        for kind in every_error()
        if kind is not errors.ConfigurationError
    }
    assert drawn_tree() == expected
    assert "ConfigurationError" in (errors.__doc__ or "")


def make_targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))


@pytest.mark.parametrize("name", ["run", "test", "check", "bench", "train"])
def test_makefile_has_the_commands_of_the_contract(name: str) -> None:
    assert name in make_targets()


def test_commands_in_documents_exist() -> None:
    commands = command_names()
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for path in documents:
        text = path.read_text()
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE):
            assert target in make_targets(), f"{relative(path)}: make {target}"
        for command in re.findall(r"python run\.py ([a-z][a-z-]+)", text):
            assert command in commands, f"{relative(path)}: run.py {command}"


def command_names() -> set[str]:
    from echo import cli

    cli._register()
    return set(cli.cli.commands) | {"db", "routes", "shell"}


def test_readme_shows_how_to_start() -> None:
    text = (ROOT / "README.md").read_text()
    for words in ("make run", "make test", "localhost:5000"):
        assert words in text


def test_web_process_starts_without_torch_or_pandas() -> None:
    """Heavy libraries are imported by the engine's thread and the charts, not by the start.

    (Redis' client loads the interface of OpenTelemetry by itself, where that is installed.)
    """
    code = (
        "import sys, run, echo.app; "
        "heavy = ('torch', 'transformers', 'matplotlib', 'seaborn', 'echo.watching.tracing'); "
        "print([n for n in heavy if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.strip() == "[]"
