"""Where a run of `tune` lies, and whether it may begin or go on. It trains nothing.

`instance/adapters/NAME` is the adapter in the end; until then `.run` in it holds the checkpoints and a note
of what the run was begun with.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from echo.errors import Conflict
from echo.services.library import Library

WEIGHTS = "adapter_model.safetensors"


@dataclass(frozen=True)
class Begun:
    """What a run was begun with: a run that goes on must be asked for the same."""

    base: str
    chats: str
    """A hash of them."""
    settings: dict[str, Any]
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    name: str
    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / ".run"

    @property
    def begun(self) -> Begun | None:
        """What the run was begun with, where one was."""
        try:
            return Begun(**json.loads((self.work / "begun.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, now: Begun) -> None:
        """Note what the run begins with, or check that it goes on with it; raises Conflict."""
        then = self.begun
        if then is None:
            self.work.mkdir(parents=True, exist_ok=True)
            (self.work / "begun.json").write_text(json.dumps(asdict(now)), encoding="utf-8")
            return
        pairs = {
            "base": (then.base, now.base),
            "chats": (then.chats, now.chats),
            "numbers": (then.settings, now.settings),
        }
        other = [what for what, (before, after) in pairs.items() if before != after]
        if other:
            raise Conflict(
                f"A run called {self.name} was begun with {_joined(other)} and waits to go on. Ask for the "
                "same, choose another name, or begin anew by --restart."
            )

    def forget(self) -> None:
        """Remove what the run has left."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def refuse_finished(self) -> None:
        """Raise Conflict where the adapter of a former run lies, which the library no longer has."""
        if (self.folder / WEIGHTS).exists() and not self.work.exists():
            raise Conflict(
                f"{self.folder} holds an adapter of this name: python run.py models add {self.folder} "
                "brings it back, --restart trains another in its place."
            )


def hash_of(records: Sequence[Any]) -> str:
    """Return a hash of the chats, in their order."""
    return hashlib.sha256(json.dumps(records, sort_keys=True).encode()).hexdigest()


@contextmanager
def held(instance: Path, library: Library, name: str, restart: bool) -> Iterator[RunFolder]:
    """Keep a name to this process, and yield its folder.

    Raises:
        InvalidInput: no model may have this name.
        Conflict: it is taken, another process tunes it, or a finished run lies there.
    """
    library.refuse_name(name)
    run = RunFolder(name, instance / "adapters" / name)
    locks = instance / "adapters" / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(locks / name.casefold(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, name)
        _refuse_used(library, run.folder)
        if restart:
            run.forget()
        run.refuse_finished()
        yield run
    finally:
        os.close(descriptor)


def _take(descriptor: int, name: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:
        raise Conflict(f"Another process is tuning {name}.") from failure


def _refuse_used(library: Library, folder: Path) -> None:
    for model in library.installed():
        if model.path == folder.resolve():
            raise Conflict(f"{folder} is the model {model.name}. Choose another name.")


def _joined(words: Sequence[str]) -> str:
    return " and ".join(f"other {word}" for word in words)
