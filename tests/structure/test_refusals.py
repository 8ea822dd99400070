"""Every error that people read is said by gettext: no words of its own stand where one is made."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

from echo import errors
from echo.config import ROOT
from echo.errors import EchoError

FOLDERS: Final = ("echo/services", "echo/sockets", "echo/web", "echo/forms")
UNSAID: Final = {
    "echo/services/downloads/database.py": "backups are put back by commands, whose texts are English",
    "echo/services/downloads/postgresql.py": "as above",
    "echo/services/downloads/sqlite.py": "as above",
    'echo/services/site_settings.py f"{name}: ': "what Pydantic says of a value",
    "echo/web/bulk.py 'act is": "said to programs",
    "echo/web/bulk.py 'Send a JSON": "said to programs",
    "echo/web/bulk.py 'archived is": "said to programs",
    "echo/web/bulk.py 'folder_id is": "said to programs",
    "echo/web/bulk.py f'{name} is": "said to programs",
    "echo/web/conversations.py 'pinned is": "said to programs",
    "echo/web/conversations.py 'Send the settings": "said to programs",
    "echo/web/guard.py NO_KEY": "said to programs",
    "echo/web/guard.py f'This key": "said to programs",
    "echo/web/json_bodies.py 'Send a JSON": "said to programs",
    "echo/web/json_bodies.py f'The field": "said to programs",
    "echo/web/sessions.py NO_LONGER": "said to programs",
    "echo/web/watchers.py SHOW_THE_TOKEN": "said to programs",
    "echo/web/watchers.py HERE_ALONE": "said to programs",
}
"""Files, or words in files, that are said in English, and why."""
NOT_SHOWN: Final = {"ConfigurationError"}  # at the start only, to who starts Echo
REFUSING: Final = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, EchoError) and name not in NOT_SHOWN
}


def _bare(file: Path) -> list[str]:
    """Return the errors that are made with words of their own, or with a constant that nobody says."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
        if name in REFUSING and _is_bare(node.args[0]):
            found.append(f"{file.relative_to(ROOT)} {ast.unparse(node.args[0])}")
    return found


def _is_bare(text: ast.expr) -> bool:
    if isinstance(text, ast.Constant | ast.JoinedStr | ast.BinOp):
        return any(isinstance(part, ast.Constant) for part in ast.walk(text))
    if isinstance(text, ast.Call):
        return getattr(text.func, "attr", None) == "format"
    name = getattr(text, "id", None) or getattr(text, "attr", "")
    return isinstance(text, ast.Name | ast.Attribute) and name.isupper()


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_refusal_is_said_in_the_readers_language(folder: str) -> None:
    bare = [each for file in sorted((ROOT / folder).rglob("*.py")) for each in _bare(file)]
    assert [each for each in bare if not each.startswith(tuple(UNSAID))] == []


@pytest.mark.parametrize("allowed", UNSAID)
def test_what_may_stand_bare_is_there(allowed: str) -> None:
    assert any(each.startswith(allowed) for each in _bare(ROOT / allowed.partition(" ")[0]))


@pytest.mark.parametrize(
    ("source", "is_bare"),
    [
        ('NotFound("There is none.")', True),
        ('errors.NotFound(f"There is no {name}.")', True),
        ("NotFound(GONE)", True),
        ('NotFound("a" + name)', True),
        ('NotFound("{}".format(1))', True),
        ('NotFound(gettext("There is none."))', False),
        ("NotFound(gettext(GONE))", False),
        ("NotFound(refusal.text)", False),
        ('ConfigurationError("At the start.")', False),
    ],
)
def test_the_search_finds_what_is_bare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, is_bare: bool
) -> None:
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / "file.py"
    file.write_text(f"raise {source}\n")
    assert bool(_bare(file)) == is_bare
