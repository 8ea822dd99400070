"""Conversations of the terminal as files, one each, written whole or not at all. Knows no model.

A file belongs to one terminal at a time, and to its owner alone.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, ValidationError

from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput
from echo.services.library.records import write_whole

FOLDER: Final = "sessions"
NAME: Final = re.compile(r"[A-Za-z0-9_.\-]{1,100}")


class Said(BaseModel):
    """One message; `stopped`: the answer was cut short."""

    role: Literal["user", "assistant"]
    content: str
    at: datetime
    model: str | None = None
    stopped: bool = False


class Record(BaseModel):
    """What a file holds."""

    version: Literal[1] = 1
    created_at: datetime
    updated_at: datetime
    messages: list[Said] = Field(default_factory=list)


class Session:
    """One conversation. Questions and answers come in pairs: an answer that failed leaves neither."""

    def __init__(
        self, path: Path | None = None, record: Record | None = None, lock: int | None = None
    ) -> None:
        """`path` None: it is written nowhere. `lock` is an open file that keeps others away."""
        self.path = path
        self._record = record or _new()
        self._lock = lock

    @property
    def name(self) -> str:
        """Its file's; empty where it has none."""
        return self.path.stem if self.path else ""

    @property
    def messages(self) -> list[Said]:
        return self._record.messages

    def add(
        self, question: str, answer: str, model: str, stopped: bool = False, again: bool = False
    ) -> None:
        """Note a turn, or (`again`) put it in the place of the last one, and write the file."""
        now = utc_now()
        if again:
            del self.messages[-2:]
        self._record.messages += [
            Said(role="user", content=question, at=now),
            Said(role="assistant", content=answer, at=now, model=model, stopped=stopped),
        ]
        self.save()

    def clear(self) -> None:
        """Forget everything and write that."""
        self.messages.clear()
        self.save()

    def save(self) -> None:
        """Write the file: at every moment the former or the new one is there, whole.

        Raises:
            OSError: it cannot be written; the former file stays.
        """
        if self.path is None:
            return
        self._record.updated_at = utc_now()
        write_whole(self.path, self._record)

    def close(self) -> None:
        """Let others open it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def named(name: str) -> str:
    """Return a session's name; raises InvalidInput for one that could mean something to a file system."""
    if not NAME.fullmatch(name):
        raise InvalidInput(
            "A session's name has 1 to 100 letters (a to z), digits and _ . - and nothing else."
        )
    return name


def opened(instance: Path, name: str | None) -> Session:
    """Return the session of this name, kept from others until it is closed; a new one without a name.

    Raises:
        InvalidInput: the file is none of Echo's sessions, or is damaged.
        Conflict: another terminal has it open.
        OSError: the folder cannot be written.
    """
    folder = instance / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = named(name or f"{utc_now():%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}")
    lock = _locked(folder / f".{name}.lock", name)
    path = folder / f"{name}.json"
    return Session(path, _read(path), lock)


def _new() -> Record:
    now = utc_now()
    return Record(created_at=now, updated_at=now)


def _locked(lock: Path, name: str) -> int:
    """Return an open file whose lock is held until it is closed, or the process ends."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as failure:
        os.close(descriptor)
        raise Conflict(
            f"The session “{name}” is open in another terminal. Leave it there, or choose another "
            "--session-id."
        ) from failure
    return descriptor


def _read(path: Path) -> Record | None:
    try:
        record = Record.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as failure:
        where = failure.errors()[0]["msg"]
        raise InvalidInput(
            f"{path} cannot be read as a session ({where}). It stays as it is: move it away, or "
            "choose another --session-id."
        ) from failure
    roles = [said.role for said in record.messages]
    if roles != ["user", "assistant"] * (len(roles) // 2):
        raise InvalidInput(f"{path} is no whole session: questions and answers must take turns.")
    return record
