"""What `python run.py doctor` says of a fetched model: whole, and changed on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from echo import engines
from echo.cli.doctor import model
from echo.services.library import Library, room
from tests.conftest import settings_for


def test_a_file_is_compared_with_its_known_hash(
    packaged: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "library", lambda _settings: packaged)
    packaged.add(packaged.plan("made"))
    settings = settings_for(tmp_path, engine="local", model="made")
    whole = list(model.check(settings))
    assert [one.state for one in whole] == ["ok", "ok"]
    assert "sha256 is the known one" in whole[1].said
    path = packaged.get("made").path
    changed = bytearray(path.read_bytes())
    changed[-1] ^= 1
    path.write_bytes(changed)
    found = list(model.check(settings))[1]
    assert (found.state, "sha256 differs" in found.said) == ("problem", True)
    assert "models remove made" in found.do
    path.unlink()
    gone = list(model.check(settings))
    assert {one.state for one in gone} == {"warning", "problem"}


def test_memory_in_words(
    packaged: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "library", lambda _settings: packaged)
    settings = settings_for(tmp_path, engine="local", model="echo-mini")
    for free, total, state in ((10**12, 10**12, "ok"), (1, 10**12, "warning"), (1, 2, "problem")):
        monkeypatch.setattr(room, "memory_available", lambda free=free: free)
        monkeypatch.setattr(room, "memory_total", lambda total=total: total)
        (found,) = model.check(settings)
        assert (found.state, "of memory" in found.said) == (state, True)
