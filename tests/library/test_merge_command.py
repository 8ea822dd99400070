"""`python run.py models merge`: an adapter and its base become a model of their own, which can be removed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from safetensors.torch import load_file

from echo.cli.models import models
from echo.services.library import Library, room
from tests.generation.helpers import save_model, tiny_config
from tests.generation.test_adapters import make_adapter

Run = Callable[..., Result]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("merge")
    base = save_model(folder / "base", tiny_config("qwen2"))
    return SimpleNamespace(base=base, adapter=make_adapter(base, folder / "adapter"))


@pytest.fixture
def run(tmp_path: Path, files: Any, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command on a library with a base and its adapter."""
    for name in [name for name in os.environ if name.startswith("ECHO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ECHO_INSTANCE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    library = Library(tmp_path / "models")
    library.add(library.plan(str(files.base), "base"))
    library.add(library.plan(str(files.adapter), "tuned", "base"))
    return lambda *words: CliRunner().invoke(models, list(words))


def test_a_model_is_made_served_and_removed(run: Run, files: Any, tmp_path: Path) -> None:
    (files.adapter / "echo.json").write_text('{"system_prompt": "Be kind."}')
    done = run("merge", "tuned", "--out", "whole")
    assert done.exit_code == 0, done.output
    assert "whole is made of base and tuned" in done.stdout
    assert "python run.py models default whole" in done.stdout
    library = Library(tmp_path / "models")
    made = library.files("whole")
    assert (made.folder, made.adapter, made.base) == (tmp_path / "models" / "whole", None, None)
    assert library.card("whole").system_prompt == "Be kind."
    raw, whole = (load_file(f / "model.safetensors") for f in (files.base, made.folder))
    name = "model.layers.0.mlp.up_proj.weight"
    assert (whole[name] - raw[name]).abs().max() > 0.1
    assert run("remove", "whole", "--yes").exit_code == 0
    assert not (tmp_path / "models" / "whole").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tuned", "--out", "base"), "“base” is taken"),
        (("tuned", "--out", "smollm2-135m"), "name of a model in the catalogue"),
        (("tuned", "--out", "../up"), "is no name for a model"),
        (("base", "--out", "whole"), "base is no adapter"),
        (("nix", "--out", "whole"), "“nix” is not installed"),
    ],
)
def test_what_cannot_be_merged_is_a_line(
    words: tuple[str, ...], said: str, run: Run, tmp_path: Path
) -> None:
    done = run("merge", *words)
    assert (done.exit_code, said in done.output) == (1, True), done.output
    assert [each.name for each in (tmp_path / "models").iterdir()] == [".library"]


def test_too_little_disk_is_said_with_both_numbers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "disk_free", lambda folder: 250_000_000)
    done = run("merge", "tuned", "--out", "whole")
    assert done.exit_code == 1
    assert "“whole” needs 250 MB of free disk" in done.output
    assert "250 MB are free" in done.output
    assert not (tmp_path / "models" / "whole").exists()


def test_what_is_in_the_way_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "models" / "whole").mkdir()
    done = run("merge", "tuned", "--out", "whole")
    assert (done.exit_code, "is in the way" in done.output) == (1, True)
