"""Sessions as files: their names, their form, whole or not at all, one terminal at a time."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from echo.cli.terminal import sessions
from echo.errors import InvalidInput

HOLD = """
import sys
from pathlib import Path
from echo.cli.terminal import sessions
sessions.opened(Path(sys.argv[1]), sys.argv[2])
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["a", "A_z.0-9", "..", "x" * 100])
def test_such_names_stay_in_their_folder(name: str, tmp_path: Path) -> None:
    session = sessions.opened(tmp_path, name)
    session.add("q", "a", "m")
    assert session.path is not None
    assert session.path.resolve().parent == tmp_path.resolve() / "sessions"


@pytest.mark.parametrize("name", ["", "a/b", "/etc/x", "a b", "ä", "a\n", "x" * 101, "a\0", "a:b"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        sessions.named(name)


def test_a_session_goes_on_where_it_was(tmp_path: Path) -> None:
    session = sessions.opened(tmp_path, "work")
    session.add("one?", "One.", "mini")
    session.add("two?", "Tw", "mini", stopped=True)
    session.add("two?", "Two.", "mini", again=True)
    assert session.path is not None
    told = json.loads(session.path.read_text())
    assert [said["content"] for said in told["messages"]] == ["one?", "One.", "two?", "Two."]
    assert told["messages"][3]["stopped"] is False
    assert stat.S_IMODE(session.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(session.path.parent.stat().st_mode) == 0o700


def test_a_file_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    session = sessions.opened(tmp_path, "work")
    session.add("one?", "One.", "mini")
    assert session.path is not None
    before = session.path.read_text()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # as a full disk
    try:
        with pytest.raises(OSError, match="too large"):
            session.add("two?", "Two.", "mini")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert session.path.read_text() == before
    assert [path.name for path in session.path.parent.iterdir() if "new" in path.name] == []


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"version": 2}', '{"version":1,"created_at":"2026-01-01T00:00:00Z",'
     '"updated_at":"2026-01-01T00:00:00Z","messages":[{"role":"user","content":"x",'
     '"at":"2026-01-01T00:00:00Z"}]}'],
)  # fmt: skip
def test_a_damaged_file_is_told_and_left(text: str, tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    folder.mkdir()
    (folder / "x.json").write_text(text)
    with pytest.raises(InvalidInput, match="session"):
        sessions.opened(tmp_path, "x")
    assert (folder / "x.json").read_text() == text


def test_one_terminal_at_a_time(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", HOLD, str(tmp_path), "shared"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as first:  # type: ignore[call-overload]
        assert first.stdout.readline() == b"open\n"
        second = subprocess.run(command, capture_output=True, text=True, input="", check=False)
        assert "open in another terminal" in second.stderr
        first.stdin.close()
    assert os.path.exists(tmp_path / "sessions")
    third = subprocess.run(command, capture_output=True, text=True, input="", check=False)
    assert third.stdout == "open\n"
