"""Fixtures of the library's tests: a library in a folder, an index of packages, a stand-in for the Hub."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from echo.services.library import Library, catalogue
from tests.library import made_models, made_packages
from tests.library.hub_stand_in import Hub, serving


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes for its only index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def make_library(tmp_path: Path) -> Callable[..., Library]:
    """Make a library whose catalogue holds echo-mini and the given entries."""

    def make(*entries: dict[str, Any]) -> Library:
        file = made_packages.write_catalogue(tmp_path / "catalogue.json", *entries)
        catalogue._load.cache_clear()
        return Library(tmp_path / "models", known=catalogue.load(file))

    return make


@pytest.fixture
def model_bytes() -> bytes:
    """A GGUF file of a few kilobytes."""
    return made_models.gguf_bytes()


@pytest.fixture
def packaged(
    tmp_path: Path, index: Path, make_library: Callable[..., Library], model_bytes: bytes
) -> Library:
    """A library that knows the model “made”, which the index has in two pieces."""
    source = made_packages.source(index, tmp_path / "packages", model_bytes)
    return make_library(made_packages.entry("made", source))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A stand-in for the Hub, which child processes ask, with a token of its own."""
    with serving() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_TOKEN", "hf_of_the_tests")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield found
