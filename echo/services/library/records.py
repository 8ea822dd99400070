"""What the library writes down: one small file for each model, and one for its choices. It fetches nothing.

Files are replaced at once, never changed in place, so that a reader sees a whole one. Locks belong to the
process that holds them and go with it. Everything stands in `.library/` beside the models' folders.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from echo.errors import Conflict
from echo.languages import gettext, mark

log = structlog.get_logger()

Kind = Literal["folder", "gguf", "adapter", "hub"]
"""A folder or file that lies elsewhere, or (hub) a folder that was fetched; an adapter stands on a base."""

LOCK_PATIENCE: Final = 10.0
LOCK_LOOK: Final = 0.05
IN_USE: Final = mark("The library is in use by another process. Try again when that is done.")
BUSY: Final = mark(
    "“%(name)s” is being added or removed by another process. Try again when that is done."
)


class Record(BaseModel):
    """A model that was added. `path` is None for what lies in the library's own folder of this name."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    kind: Kind
    source: str
    path: Path | None = None
    base: str | None = None
    licence: str | None = None
    weights: int | None = None
    added_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Choices(BaseModel):
    """What people chose for the whole library."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    default: str | None = None
    unwanted: tuple[str, ...] = ()
    """Removed by hand: the setup does not bring them back."""

    def with_default(self, name: str | None) -> Choices:
        return Choices(default=name, unwanted=self.unwanted)

    def without(self, name: str) -> Choices:
        """Return the choices after this model was removed."""
        default = None if self.default == name else self.default
        return Choices(default=default, unwanted=tuple(sorted({*self.unwanted, name})))

    def wanting(self, name: str) -> Choices:
        """Return the choices after this model was added."""
        return Choices(
            default=self.default, unwanted=tuple(each for each in self.unwanted if each != name)
        )


Written = TypeVar("Written", bound=BaseModel)


class Records:
    """The files of `.library/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / ".library"

    def all(self) -> list[Record]:
        """Return every model that was added, the eldest first."""
        found = [_read(path, Record) for path in self.folder.glob("*.model.json")]
        return sorted((r for r in found if r), key=lambda record: (record.added_at, record.name))

    def begun(self) -> list[Record]:
        """Return those whose adding was begun and has not come to its end."""
        found = [_read(path, Record) for path in self.folder.glob("*.adding.json")]
        return [record for record in found if record]

    def begin(self, record: Record) -> None:
        """Note that this model is being added."""
        write_whole(self._path(record.name, "adding"), record)

    def finish(self, record: Record) -> None:
        """Note that this model is here."""
        write_whole(self._path(record.name, "model"), record)
        self._path(record.name, "adding").unlink(missing_ok=True)

    def forget(self, name: str) -> None:
        """Note nothing about this model any more."""
        for what in ("model", "adding"):
            self._path(name, what).unlink(missing_ok=True)

    def choices(self) -> Choices:
        return _read(self.folder / "library.json", Choices) or Choices()

    def choose(self, change: Callable[[Choices], Choices]) -> None:
        """Make new choices of the present ones, which nobody else changes meanwhile."""
        with self.lock("library.lock", LOCK_PATIENCE):
            before = self.choices()
            after = change(before)
            if after != before:
                write_whole(self.folder / "library.json", after)

    @contextmanager
    def held(self, name: str, shared: bool = False) -> Iterator[None]:
        """Keep a model to oneself (or, shared, from being removed) while it is worked on.

        Raises:
            Conflict: another process works on it.
        """
        with self.lock(f"{name.casefold()}.model.lock", 0, shared, BUSY, name):
            yield

    @contextmanager
    def lock(
        self, file: str, patience: float, shared: bool = False, busy: str = IN_USE, name: str = ""
    ) -> Iterator[None]:
        """Hold a lock for a while; raises Conflict when it is not free within `patience` seconds."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _take(
                descriptor,
                fcntl.LOCK_SH if shared else fcntl.LOCK_EX,
                patience,
                gettext(busy, name=name),
            )
            yield
        finally:
            os.close(descriptor)

    def _path(self, name: str, what: str) -> Path:
        return self.folder / f"{name}.{what}.json"


def _take(descriptor: int, kind: int, patience: float, busy: str) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError as failure:
            if time.monotonic() >= deadline:
                raise Conflict(busy) from failure
            threading.Event().wait(LOCK_LOOK)  # native, wherever it is called from


def _read(path: Path, kind: type[Written]) -> Written | None:
    """Return what a file holds; None when it is gone, or damaged (which is logged)."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as failure:
        log.warning("a record of the library is damaged", file=str(path), why=str(failure))
        return None


def write_whole(path: Path, written: BaseModel) -> None:
    """Put a whole file in the place of the former one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(written.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
