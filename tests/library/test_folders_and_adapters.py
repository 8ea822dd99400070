"""Folders and adapters of one's own: what is taken, and what is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from echo.errors import Conflict, InvalidInput
from echo.services.library import Library
from tests.library import made_models, made_packages


@pytest.fixture
def library(make_library: Callable[..., Library]) -> Library:
    return make_library()


def add(library: Library, path: Path, **options: str) -> str:
    return library.add(library.plan(str(path), **options)).name


def test_a_folder_is_noted_and_stays_where_it_is(library: Library, tmp_path: Path) -> None:
    folder = made_models.folder(tmp_path / "My model (2)")
    name = add(library, folder)
    model = library.get(name)
    assert (name, model.kind, model.path) == ("My-model-2", "folder", folder)
    assert (model.weights, model.state) == (made_models.WEIGHTS, "installed")
    assert model.bytes == sum(path.stat().st_size for path in folder.iterdir())
    assert library.files(name).folder == folder
    library.remove(name)
    assert (folder / "model.safetensors").exists()


def test_shards_are_counted_and_must_all_be_there(library: Library, tmp_path: Path) -> None:
    folder = made_models.folder(tmp_path / "sharded")
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    save_file(
        {"lm_head.weight": np.zeros((4, 8), np.float32)},
        folder / "model-00002-of-00002.safetensors",
    )
    shards = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    index = {"weight_map": {f"a{number}": shard for number, shard in enumerate(shards)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert library.get(add(library, folder)).weights == made_models.WEIGHTS + 32
    (folder / shards[1]).unlink()
    with pytest.raises(InvalidInput, match=r"model-00002-of-00002\.safetensors is missing"):
        library.plan(str(folder), name="again")


def without(*names: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def coded(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "modeling.Own"}}))


def coded_tokenizer(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"auto_map": {"AutoTokenizer": "x.Y"}})
    )


def spoiled(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("config.json"), "no config.json"),
        (without("tokenizer.json"), "no tokenizer"),
        (without("model.safetensors"), "model.safetensors is missing"),
        (pickled, "pytorch_model.bin is pickled"),
        (coded, "auto_map.*never runs code"),
        (coded_tokenizer, "auto_map.*never runs code"),
        (spoiled("config.json", b"[1, 2"), "cannot be read"),
        (spoiled("config.json", b"[]"), "not what it should be"),
        (spoiled("model.safetensors", b"\xff" * 20), "damaged"),
        (spoiled("model.safetensors", (9).to_bytes(8, "little") + b"{}"), "damaged"),
        (spoiled("model.safetensors", b""), "damaged"),
    ],
)
def test_a_folder_that_cannot_be_served_is_refused(
    change: Callable[[Path], None], said: str, library: Library, tmp_path: Path
) -> None:
    folder = made_models.folder(tmp_path / "wrong")
    change(folder)
    with pytest.raises(InvalidInput, match=f"(?s){said}"):
        library.plan(str(folder))
    assert [model.name for model in library.installed()] == ["echo-mini"]


def test_a_safetensors_file_that_points_beyond_its_end_is_refused(
    library: Library, tmp_path: Path
) -> None:
    folder = made_models.folder(tmp_path / "cut")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(InvalidInput, match="damaged"):
        library.plan(str(folder))


def test_a_gguf_file_is_noted_with_what_it_says(
    library: Library, tmp_path: Path, model_bytes: bytes
) -> None:
    file = tmp_path / "Little.Q8.gguf"
    file.write_bytes(model_bytes)
    model = library.get(add(library, file))
    assert (model.name, model.kind, model.path) == ("Little.Q8", "gguf", file)
    assert (model.licence, model.weights) == ("apache-2.0", made_models.WEIGHTS)
    served = library.files("Little.Q8")
    assert (served.gguf, served.home) == (file, library.folder / "Little.Q8")
    file.unlink()
    assert library.get("Little.Q8").problem == f"{file} is gone"
    with pytest.raises(Conflict, match="cannot be served"):
        library.files("Little.Q8")


@pytest.mark.parametrize("name", ["weights.bin", "weights.pt", "weights.txt"])
def test_other_files_are_refused(name: str, library: Library, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04" + bytes(100))
    with pytest.raises(InvalidInput, match=r"pickled|no GGUF file"):
        library.plan(str(tmp_path / name))


def test_an_adapter_finds_the_base_that_it_names(library: Library, tmp_path: Path) -> None:
    base = made_models.folder(tmp_path / "base")
    add(library, base)
    for number, said in enumerate(("base", str(base))):
        name = add(library, made_models.adapter(tmp_path / f"tuned{number}", base=said))
        model = library.get(name)
        assert (model.kind, model.base, model.weights) == ("adapter", "base", made_models.WEIGHTS)
    served = library.files("tuned0")
    assert (served.folder, served.adapter) == (base, tmp_path / "tuned0")
    assert served.home == library.folder / "base"
    with pytest.raises(Conflict, match="On base stands tuned0 and tuned1"):
        library.remove("base")


def test_an_adapter_of_a_catalogued_model_is_known_by_its_names_on_the_hub(
    tmp_path: Path, packaged: Library
) -> None:
    packaged.add(packaged.plan("made"))
    entry = packaged.catalogue.get("made")
    assert entry
    with pytest.raises(InvalidInput, match="--base"):
        packaged.plan(str(made_models.adapter(tmp_path / "tuned", base="Maker/Made")))
    also = made_packages.entry(
        "made", *[s.model_dump() for s in entry.sources], also=["Maker/Made"]
    )
    made_packages.write_catalogue(tmp_path / "second.json", also)
    from echo.services.library import catalogue

    library = Library(packaged.folder, known=catalogue.load(tmp_path / "second.json"))
    assert library.get(add(library, tmp_path / "tuned")).base == "made"
    by_file = made_models.adapter(tmp_path / "second", base="made.gguf")
    assert library.plan(str(by_file)).record.base == "made"
    assert library.files("tuned").gguf == library.get("made").path


def test_an_adapter_of_another_base_is_refused(library: Library, tmp_path: Path) -> None:
    base = made_models.folder(tmp_path / "base")
    add(library, base)
    unknown = made_models.adapter(tmp_path / "unknown", base="Somebody/Else")
    with pytest.raises(InvalidInput, match=r"made for “Somebody/Else”.*--base"):
        library.plan(str(unknown))
    assert library.plan(str(unknown), base="base").record.base == "base"
    wide = made_models.adapter(tmp_path / "wide", base="base", hidden=16)
    with pytest.raises(InvalidInput, match=r"does not fit base: .*q_proj is 8 × 8 in the base"):
        library.plan(str(wide))
    with pytest.raises(InvalidInput, match="“nix” is not installed"):
        library.plan(str(unknown), base="nix")
    with pytest.raises(InvalidInput, match="--base is for adapters"):
        library.plan(str(base), name="again", base="base")


def test_two_bases_of_the_same_name_are_asked_about(library: Library, tmp_path: Path) -> None:
    for number in (1, 2):
        made_models.folder(tmp_path / f"base{number}")
        add(library, tmp_path / f"base{number}")
    records = library._shelf.records
    for record in records.all():
        records.finish(record.model_copy(update={"source": "hub:Maker/Base"}))
    tuned = made_models.adapter(tmp_path / "tuned", base="Maker/Base")
    with pytest.raises(InvalidInput, match="base1 and base2 go by that name"):
        library.plan(str(tuned))


def rewritten(**settings: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / "adapter_config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **settings}))

    return change


def whole_layer(folder: Path) -> None:
    save_file(
        {"base_model.model.lm_head.weight": np.zeros((4, 8), np.float32)},
        folder / "adapter_model.safetensors",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (rewritten(peft_type="IA3"), "LoRA alone"),
        (rewritten(r="two"), "rank"),
        (rewritten(r=4), "does not fit"),
        (whole_layer, "more than low-rank"),
        (lambda f: (f / "adapter_model.safetensors").rename(f / "adapter_model.bin"), "is pickled"),
        (without("adapter_model.safetensors"), "no adapter_model.safetensors"),
    ],
)  # fmt: skip
def test_an_adapter_that_cannot_be_served_is_refused(
    change: Callable[[Path], None], said: str, library: Library, tmp_path: Path
) -> None:
    add(library, made_models.folder(tmp_path / "base"))
    tuned = made_models.adapter(tmp_path / "tuned", base="base")
    change(tuned)
    with pytest.raises(InvalidInput, match=said):
        library.plan(str(tuned))
