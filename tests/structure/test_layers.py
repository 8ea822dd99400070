"""Imports go down the table of docs/architecture.md: never up, never sideways."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.structure.layers import ROOT, file_of, imports, place_of, python_files, relative, table

OURS = ("run.py", "echo", "analytics", "demo")
ONE_PACKAGE = (1, 3.1, 5)  # rows whose files may import each other
GREEN = {
    "run.py",
    "benchmarks/documents.py",
    "benchmarks/voice.py",
    "echo/hub.py",
    "echo/request_body.py",
    "echo/websocket.py",
    "tests/conftest.py",
}
FORBIDDEN = {
    # package: modules that it may not import, whatever their row
    "echo/sockets/": ("torch", "transformers", "sqlalchemy", "pandas", "analytics"),
    "echo/web/": ("torch", "transformers", "pandas", "matplotlib", "analytics", "echo.generation"),
    "echo/api/": ("torch", "transformers", "pandas", "analytics", "echo.generation"),
    "echo/watching/": ("torch", "transformers", "pandas", "analytics", "echo.generation"),
    "echo/admin/": ("torch", "transformers", "echo.generation"),
    "echo/services/": ("flask.request", "flask.session", "flask_socketio", "flask_wtf", "wtforms"),
    "echo/forms/": ("echo.models", "echo.services", "sqlalchemy"),
    "echo/models/": ("echo.services", "echo.generation", "flask"),
    "echo/generation/": ("flask", "sqlalchemy", "eventlet", "echo.models", "echo.services"),
    "echo/hearing/": ("flask", "sqlalchemy", "eventlet", "torch", "echo.models", "echo.services"),
    "echo/speaking/": ("flask", "sqlalchemy", "eventlet", "torch", "echo.models", "echo.services"),
    "echo/parsing/": ("flask", "sqlalchemy", "eventlet", "torch", "echo.models", "echo.services"),
    "echo/remote/": ("flask", "sqlalchemy", "eventlet", "torch", "echo.models", "echo.services"),
    "analytics/": ("echo", "flask", "sqlalchemy"),
}
TUNES = {
    f"echo/cli/{name}.py" for name in ("tuning", "chats_file", "rated_records")
}  # they alone know the trainer
LIGHT_FIGURES = ("analytics/buckets.py", "analytics/cards.py")  # they need no pandas
PURE = ("pandas", "torch", "transformers")  # not in services


def every_import() -> Iterator[tuple[str, str, int]]:
    for path in python_files(*OURS):
        for module, line in imports(path):
            yield relative(path), module, line


def is_inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_table_has_its_rows() -> None:
    assert [layer.level for layer in table()] == [
        5,
        4,
        3.4,
        3.35,
        3.3,
        3.2,
        3.1,
        2.5,
        2,
        2,
        2,
        2,
        2,
        1,
    ]
    assert {"run.py", "echo/cli/"} <= set(table()[0].packages)


def test_each_file_stands_in_one_row() -> None:
    for path in python_files(*OURS):
        if relative(path) not in ("echo/__main__.py",):
            place_of(relative(path))


def test_each_package_of_the_table_exists() -> None:
    missing = [
        package for layer in table() for package in layer.packages if not (ROOT / package).exists()
    ]
    assert missing == []


def test_imports_go_down_the_table() -> None:
    wrong = []
    for path, module, line in every_import():
        target = file_of(module)
        if target is None or not target.startswith(OURS):
            continue
        level, package = place_of(path)
        target_level, target_package = place_of(target)
        one_package = level == target_level and (level in ONE_PACKAGE or package == target_package)
        if not (one_package or target_level < level):
            wrong.append(f"{path}:{line} imports {module} (layer {level} → {target_level})")
    assert wrong == []


def test_forbidden_modules_are_not_imported() -> None:
    wrong = [
        f"{path}:{line} imports {module}"
        for path, module, line in every_import()
        for package, names in FORBIDDEN.items()
        if path.startswith(package) and any(is_inside(module, name) for name in names)
        if not (package == "echo/sockets/" and is_inside(module, "echo.generation"))
    ]
    assert wrong == []


def test_only_turns_and_the_pump_know_the_engine_and_by_its_public_names_alone() -> None:
    import echo.generation

    known = (
        "echo/services/turns/",
        "echo/services/serving/",
        "echo/remote/",
        "echo/sockets/",
        "echo/cli/",
        "echo/app.py",
        "echo/engines",
    )
    for path, module, line in every_import():
        if not is_inside(module, "echo.generation") or path.startswith("echo/generation/"):
            continue
        assert path.startswith(known), f"{path}:{line} imports {module}"
        name = module.removeprefix("echo.generation").strip(".")
        assert name in echo.generation.__all__, f"{path}:{line} imports {module}"


def test_only_what_watches_knows_the_form_of_its_numbers() -> None:
    found = {path for path, module, _ in every_import() if is_inside(module, "prometheus_client")}
    assert {path.rpartition("/")[0] for path in found} == {"echo/watching"}


def test_only_few_files_and_the_tests_know_eventlet() -> None:
    found = {path for path, module, _ in every_import() if is_inside(module, "eventlet")}
    assert found == GREEN - {"tests/conftest.py", "benchmarks/documents.py", "benchmarks/voice.py"}
    patching = {
        relative(path)
        for path in python_files("run.py", "echo", "analytics", "tests", "benchmarks", "scripts")
        if any(
            isinstance(node, ast.Attribute) and node.attr == "monkey_patch"
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }
    assert patching <= GREEN


@pytest.mark.parametrize(
    ("island", "absent"),
    [
        ("echo.generation", ("flask", "sqlalchemy", "eventlet", "echo.config", "echo.extensions")),
        ("analytics", ("flask", "sqlalchemy", "eventlet", "echo")),
    ],
)
def test_an_island_is_imported_where_nothing_else_of_echo_can_be(
    island: str, absent: tuple[str, ...]
) -> None:
    """Its own imports are checked above; this one sees what its parent packages pull in, too."""
    code = f"import sys; sys.modules.update(dict.fromkeys({absent})); import {island}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120, check=True)


@pytest.mark.parametrize("name", ["training", "benchmarks", "tests"])
def test_the_product_imports_no(name: str) -> None:
    found = {path for path, module, _ in every_import() if is_inside(module, name)}
    assert found == (TUNES if name == "training" else set())


def test_heavy_libraries_stay_out_of_services_and_of_the_start() -> None:
    for path, module, line in every_import():
        if path.startswith("echo/services/"):
            assert not any(is_inside(module, name) for name in PURE), f"{path}:{line}"
            if is_inside(module, "analytics"):
                assert file_of(module) in LIGHT_FIGURES, f"{path}:{line}"
                assert path.startswith("echo/services/numbers/"), f"{path}:{line}"
