"""What the library keeps: names, removal, the default, the best that fits, and several processes at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from echo.errors import Conflict, InvalidInput, NotFound
from echo.services.library import Library, room, setup
from tests.library import made_models, made_packages
from tests.live.server import ROOT

GB = 10**9


@pytest.fixture
def library(make_library: Callable[..., Library]) -> Library:
    return make_library(
        made_packages.entry("echo-small", STANDING), made_packages.entry("better", HUB)
    )


HUB = {"kind": "hub", "repo": "a/b", "file": None, "bytes": None, "sha256": None}
HUB |= {"gated": False, "tried": False}
STANDING = {"kind": "adapter", "base": "better", "folder": "weights/nix"}


def add(library: Library, folder: Path, name: str | None = None) -> str:
    path = folder if folder.exists() else made_models.folder(folder)
    return library.add(library.plan(str(path), name)).name


def install(library: Library, name: str, weights: int, file: bytes) -> None:
    """Put a model of the catalogue in its place as if it had been fetched."""
    home = library.folder / name
    home.mkdir(parents=True)
    (home / "model.gguf").write_bytes(file)
    from echo.services.library.records import Record

    record = Record(name=name, kind="gguf", source="packages:x", weights=weights, licence="Own")
    library._shelf.records.finish(record)


def names(library: Library) -> list[str]:
    return [model.name for model in library.installed()]


def test_echo_mini_is_always_there(library: Library) -> None:
    assert names(library) == ["echo-mini"]
    mini = library.get("Echo-Mini")
    assert (mini.state, mini.kind, mini.source, mini.added_at) == (
        "installed",
        "folder",
        "repository",
        None,
    )
    assert library.files("echo-mini").folder == ROOT / "weights" / "echo-mini"
    with pytest.raises(Conflict, match="part of Echo"):
        library.remove("echo-mini")
    with pytest.raises(Conflict, match="always there"):
        library.plan("echo-mini")
    assert not library.folder.exists()  # looking writes nothing


@pytest.mark.parametrize(
    "name", ["a b", "../up", "-x", ".x", "ü", "a/b", "x" * 65, "auto", "AUTO", ""]
)
def test_names_that_no_model_may_have(name: str, library: Library, tmp_path: Path) -> None:
    folder = made_models.folder(tmp_path / "mine")
    if name:
        with pytest.raises(InvalidInput):
            library.plan(str(folder), name=name)
    with pytest.raises(InvalidInput):
        library.plan(str(made_models.folder(tmp_path / "…")))


def test_a_name_is_taken_once_whatever_its_case(library: Library, tmp_path: Path) -> None:
    add(library, tmp_path / "mine")
    for name in ("mine", "MINE"):
        with pytest.raises(Conflict, match="taken"):
            library.plan(str(tmp_path / "mine"), name)
    with pytest.raises(Conflict, match="in the catalogue"):
        library.plan(str(tmp_path / "mine"), "Better")
    assert add(library, tmp_path / "mine", "x" * 64) == "x" * 64


def test_words_that_name_nothing_are_refused(library: Library) -> None:
    for source in ("nix", "./nix", "/nix/nix", "a/b/c"):
        with pytest.raises(InvalidInput, match="no model of the catalogue"):
            library.plan(source)
    with pytest.raises(NotFound, match="“nix” is not installed"):
        library.get("nix")
    with pytest.raises(NotFound, match=r"not installed: python run\.py models add better"):
        library.get("better")


def test_removing_takes_what_is_its_own(library: Library, model_bytes: bytes) -> None:
    install(library, "better", 100, model_bytes)
    served = library.files("better").home
    assert served
    (served / "served-float32").mkdir()
    (served / "served-float32" / "model.safetensors").write_bytes(bytes(1000))
    assert library.get("better").bytes == len(model_bytes) + 1000
    library.choose_default("better")
    assert library.remove("BETTER").name == "better"
    assert (names(library), library.default) == (["echo-mini"], None)
    assert not served.exists()
    with pytest.raises(NotFound):
        library.remove("better")


def test_echos_own_adapter_shares_its_base(library: Library, model_bytes: bytes) -> None:
    install(library, "better", 100, model_bytes)
    small = library.add(library.plan("echo-small"))
    assert (small.kind, small.base, small.bytes) == ("gguf", "better", 0)
    files = library.files("echo-small")
    assert (files.name, files.gguf, files.adapter) == (
        "echo-small",
        library.get("better").path,
        None,
    )
    assert files.home == library.folder / "better"
    with pytest.raises(Conflict, match="On better stands echo-small"):
        library.remove("better")
    library.remove("echo-small")
    library.remove("better")


def test_echos_own_adapter_is_taken_where_the_repository_holds_it(
    library: Library, model_bytes: bytes, tmp_path: Path
) -> None:
    made_models.adapter(tmp_path / "weights" / "nix", base="better")
    library = Library(library.folder, known=library.catalogue, root=tmp_path)
    install(library, "better", 100, model_bytes)
    small = library.add(library.plan("echo-small"))
    assert (small.kind, small.path) == ("adapter", tmp_path / "weights" / "nix")
    assert library.files("echo-small").adapter == small.path
    assert library.best(None).model.name == "better"  # the catalogue of this test puts it last


def test_adding_echos_own_plans_its_base_first(
    packaged: Library, make_library: Callable[..., Library]
) -> None:
    made = packaged.catalogue.get("made")
    assert made
    library = make_library(
        made_packages.entry("made", *[source.model_dump() for source in made.sources]),
        made_packages.entry("echo-small", {**STANDING, "base": "made"}),
    )
    plan = library.plan("echo-small")
    assert plan.base
    assert (plan.base.name, plan.base.download) == ("made", made.download_bytes)
    assert library.add(plan).state == "installed"
    assert names(library) == ["echo-mini", "made", "echo-small"]


def test_the_default_is_kept_and_goes_with_its_model(library: Library, tmp_path: Path) -> None:
    add(library, tmp_path / "mine")
    library.choose_default("MINE")
    assert Library(library.folder, known=library.catalogue).default == "mine"
    assert library.best(0).model.name == "mine"
    library.choose_default(None)
    assert library.default is None
    with pytest.raises(NotFound):
        library.choose_default("nix")
    library.choose_default("mine")
    for file in (tmp_path / "mine").iterdir():
        file.unlink()
    (tmp_path / "mine").rmdir()
    found = library.best(None)
    assert found.model.name == "echo-mini"
    assert found.passed_over == ("mine is the default and cannot be served.",)
    with pytest.raises(Conflict, match="is gone"):
        library.choose_default("mine")


def test_the_best_that_fits_answers(library: Library, tmp_path: Path, model_bytes: bytes) -> None:
    assert library.best(0).model.name == "echo-mini"  # the least one answers in any case
    install(library, "better", 500_000_000, model_bytes)
    assert library.best(3 * GB).model.name == "better"
    found = library.best(2 * GB)
    assert found.model.name == "echo-mini"
    assert found.passed_over == ("better needs 2.9 GB of memory, and 2.0 GB are free.",)
    half = Library(library.folder, width=room.WIDTHS["bfloat16"], known=library.catalogue)
    assert half.best(2 * GB).model.name == "better"
    add(library, tmp_path / "tiny")  # an own one of few numbers stands below, one of many above
    assert library.best(None).model.name == "better"
    install(library, "own-giant", 10**10, model_bytes)
    assert library.best(None).model.name == "own-giant"
    assert library.best(3 * GB).model.name == "better"


def test_adapters_of_ones_own_answer_only_when_named(library: Library, tmp_path: Path) -> None:
    add(library, tmp_path / "mine")
    add(library, made_models.adapter(tmp_path / "tuned", base="mine"))
    assert library.best(None).model.name == "mine"
    library.choose_default("tuned")
    assert library.best(None).model.name == "tuned"


def test_the_setup_asks_for_room_and_respects_a_removal(
    library: Library, model_bytes: bytes
) -> None:
    def why(memory: int = 4 * GB, available: int = 3 * GB, disk: int = 5 * GB) -> str | None:
        return setup.reason_against(library, "better", memory, available, disk)

    assert why() is None
    assert (
        why(memory=2 * GB) == "better is for machines with 4 GB of memory, and this one has 2.0 GB."
    )
    assert why(available=10**8) == "better needs 500 MB of memory, and 100 MB are free now."
    assert "3.0 GB are free in" in (why(disk=3 * GB) or "")
    install(library, "better", 100, model_bytes)
    library.remove("better")
    assert "was removed here" in (why() or "")
    install(library, "better", 100, model_bytes)
    library._shelf.records.choose(lambda choices: choices.wanting("better"))
    assert why() is None


def test_a_damaged_note_hides_its_model_and_nothing_else(library: Library, tmp_path: Path) -> None:
    for name in ("one", "two"):
        add(library, tmp_path / name)
    (library.folder / ".library" / "one.model.json").write_text('{"name": "one"')
    (library.folder / ".library" / "library.json").write_text("nothing")
    assert names(library) == ["echo-mini", "two"]
    assert library.default is None
    assert add(library, tmp_path / "one") == "one"


ADDS_MANY = """
import sys
from pathlib import Path
from echo.services.library import Library
library = Library(Path(sys.argv[1]))
for number in range(15):
    library.add(library.plan(sys.argv[2], f"{sys.argv[3]}-{number}"))
    library.choose_default(f"{sys.argv[3]}-{number}")
    library.remove(f"{sys.argv[3]}-{number}") if number % 2 else None
"""


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = made_models.folder(tmp_path / "mine")
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        ADDS_MANY,
        str(tmp_path / "models"),
        str(folder),
    ]
    running = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("a", "b", "c")]
    assert [process.wait(120) for process in running] == [0, 0, 0]
    library = Library(tmp_path / "models")
    assert set(names(library)) == {"echo-mini"} | {
        f"{x}-{n}" for x in "abc" for n in range(0, 15, 2)
    }
    assert library.default in {None, "a-14", "b-14", "c-14"}
    unwanted = library._shelf.records.choices().unwanted
    assert set(unwanted) == {f"{x}-{n}" for x in "abc" for n in range(1, 15, 2)}
