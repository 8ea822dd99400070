"""What the library says of a model: where it is, what it takes, what it stands on. It holds no state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from echo.services.library.records import Kind

State = Literal["installed", "incomplete"]


@dataclass(frozen=True)
class InstalledModel:
    """A model on this machine. An incomplete one cannot be served, and `problem` says why."""

    name: str
    kind: Kind
    path: Path
    """A folder, or a GGUF file; of an adapter, its own folder."""
    base: str | None
    bytes: int
    """What it takes on the disk by itself: a base is counted where it stands."""
    licence: str | None
    source: str
    added_at: datetime | None
    state: State
    problem: str | None
    weights: int | None
    """How many numbers are in its files: times the width of the type it is served in, its memory."""


@dataclass(frozen=True)
class ModelFiles:
    """What an engine needs to serve a model: one of `folder`, `gguf` and `hub_id`, and maybe an adapter."""

    name: str
    folder: Path | None = None
    gguf: Path | None = None
    hub_id: str | None = None
    """A model that the library does not have: the engine fetches it, since somebody named it."""
    adapter: Path | None = None
    base: str | None = None
    home: Path | None = None
    """Where what is made of the file may be kept (`home / "served-<dtype>"`); a base's adapters share it."""
    weights: int | None = None
