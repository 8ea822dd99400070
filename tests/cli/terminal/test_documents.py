"""docs/terminal.md names each flag, each variable and each command of the chat, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from echo.cli.chat import chat
from echo.cli.terminal.commands import COMMANDS

PAGE = Path(__file__).parents[3] / "docs" / "terminal.md"


def rows(heading: str) -> list[list[str]]:
    text = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in row] for row in found]


def test_flags_and_their_variables() -> None:
    shown = [option for option in chat.params if not getattr(option, "hidden", False)]
    there = {option.opts[0]: str(option.envvar or "") for option in shown}
    assert {row[0]: row[1] for row in rows("Flags")} == there


def test_every_variable_is_named() -> None:
    variables = {str(option.envvar) for option in chat.params if option.envvar}
    assert set(re.findall(r"\bLLM_[A-Z_]+\b", PAGE.read_text())) == variables


def test_commands_of_the_chat() -> None:
    assert [row[0] for row in rows("In the chat")] == [command.name for command in COMMANDS]
