"""Documents that are drawn or counted from the code are compared with it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.structure.layers import ROOT, python_files

ROOMS = re.compile(r"^\| ((?:`[a-z/]+/`(?:, )?)+) \| ([\d,]+) \| .+ \|$", re.MULTILINE)
ROW = re.compile(r"`([a-z/]+)/`")
TOLERANCE = 0.1


def test_the_data_model_is_drawn_from_the_models() -> None:
    paracelsus = str(Path(sys.executable).with_name("paracelsus"))
    command = [paracelsus, "inject", "--check", "docs/data-model.md"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, f"run `make data-model`: {answer.stdout}{answer.stderr}"


LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)")


def test_every_link_of_the_documents_leads_to_a_file() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]
    dead = [
        (document.relative_to(ROOT).as_posix(), link)
        for document in documents
        for link in LINK.findall(document.read_text())
        if not (document.parent / link).exists()
    ]
    assert dead == []


def rooms() -> dict[tuple[str, ...], int]:
    text = (ROOT / "docs" / "architecture.md").read_text()
    found = ROOMS.findall(text.partition("## How large each room is")[2].partition("\n## ")[0])
    return {tuple(ROW.findall(names)): int(lines.replace(",", "")) for names, lines in found}


@pytest.mark.parametrize(("folders", "told"), rooms().items())
def test_a_room_is_as_large_as_is_told(folders: tuple[str, ...], told: int) -> None:
    lines = sum(len(path.read_text().splitlines()) for path in python_files(*folders))
    assert abs(lines - told) <= TOLERANCE * told, f"{folders}: {lines:,} lines"


def test_every_room_is_told() -> None:
    told = {folder for folders in rooms() for folder in folders}
    there = {f"echo/{path.name}" for path in (ROOT / "echo").iterdir() if path.is_dir()}
    assert there - {"echo/__pycache__"} <= told
