"""The base comes out of a GGUF file; a missing one is named."""

from pathlib import Path

import pytest

from training.small.base import base_folder


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_GGUF", str(tmp_path / "models"))
    with pytest.raises(FileNotFoundError, match="ECHO_GGUF"):
        base_folder(tmp_path / "base")
