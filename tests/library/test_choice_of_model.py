"""What `ECHO_MODEL` names: the best that fits, a name, a folder, a file, a model of the Hub; and what not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from echo import engines
from echo.app import create_app
from echo.errors import ConfigurationError
from echo.services.library import Library, room
from tests.conftest import settings_for
from tests.library import made_models
from tests.live.server import ROOT

MINI = ROOT / "weights" / "echo-mini"


@pytest.fixture
def library(make_library: Callable[..., Library], tmp_path: Path) -> Library:
    """echo-mini, a folder that is larger, and a GGUF file that is larger still."""
    library = make_library()
    made_models.folder(tmp_path / "mine")
    (tmp_path / "file.gguf").write_bytes(made_models.gguf_bytes())
    for source in ("mine", "file.gguf"):
        library.add(library.plan(str(tmp_path / source)))
    return library


def test_auto_takes_the_best(library: Library) -> None:
    assert engines.choose_model(library, "auto").files.name in ("mine", "file")


def test_auto_takes_the_default(library: Library) -> None:
    for name in ("echo-mini", "file"):
        library.choose_default(name)
        serving = engines.choose_model(library, "auto")
        assert (serving.files.name, serving.passed_over) == (name, ())


def test_auto_says_what_did_not_fit(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    records = library._shelf.records
    giant = next(record for record in records.all() if record.name == "mine")
    records.finish(giant.model_copy(update={"weights": 10**12}))
    serving = engines.choose_model(library, "auto")
    assert serving.files.name in ("echo-mini", "file")
    assert re.match(r"mine needs 4,\d{3}\.\d GB of memory, and ", serving.passed_over[0])


def test_a_name_a_folder_a_file_and_the_hub(library: Library, tmp_path: Path) -> None:
    def named(name: str) -> Any:
        return engines.choose_model(library, name).files

    assert named("MINE").folder == tmp_path / "mine"
    assert named("file").gguf == tmp_path / "file.gguf"
    assert named(str(MINI)).folder == MINI
    bare = named(str(tmp_path / "file.gguf"))
    assert (bare.name, bare.gguf, bare.weights) == (
        "file",
        tmp_path / "file.gguf",
        made_models.WEIGHTS,
    )
    assert bare.home.parent == library.folder / ".files"
    assert named("Qwen/Qwen2.5-1.5B-Instruct").hub_id == "Qwen/Qwen2.5-1.5B-Instruct"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nix", "“nix” is not installed"),
        ("/nowhere/model", "not installed"),
        ("./model", "not installed"),
        ("tests/nix", "not installed"),  # `tests` is a folder here: no name of the Hub
        ("README.md", "no GGUF file"),
        ("a/b/c", "not installed"),
    ],
)
def test_what_names_no_model_stops_the_start(
    name: str, said: str, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(ConfigurationError, match=f"ECHO_MODEL: .*{said}"):
        engines.choose_model(library, name)


def test_a_model_that_is_known_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"run\.py models add qwen2\.5-coder-1\.5b"):
        engines.choose_model(Library(tmp_path), "qwen2.5-coder-1.5b")


def test_the_application_is_made_with_it(library: Library, tmp_path: Path) -> None:
    library.choose_default("mine")
    app = create_app(settings_for(tmp_path, engine="local"))
    assert app.extensions["serving"].files.name == "mine"
    assert app.extensions["library"].folder == tmp_path / "models"
    app.extensions["chart_worker"].stop()
    other = create_app(settings_for(tmp_path, engine="local", model="file"))
    assert other.extensions["models"].engine.default_model == "file"
    other.extensions["chart_worker"].stop()


def test_memory_is_counted_in_the_type_that_is_set(tmp_path: Path) -> None:
    assert engines.library(settings_for(tmp_path)).width == 17 / 16
    assert engines.library(settings_for(tmp_path, quant="4")).width == 10 / 16
    floats = settings_for(tmp_path, quant="none")
    assert engines.library(floats).width == room.WIDTHS["float32"]
    assert engines.library(settings_for(tmp_path, quant="none", dtype="bfloat16")).width == 2
