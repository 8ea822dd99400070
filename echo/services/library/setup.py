"""Whether a first start fetches a model by itself, and why not. It fetches nothing."""

from __future__ import annotations

from typing import Final

from echo.services.library import room
from echo.services.library.library import Library

MEMORY: Final = 3_800_000_000
"""A machine of 4 GB says a little less: its system keeps some for itself."""
DISK: Final = 4_000_000_000


def reason_against(
    library: Library,
    name: str,
    memory: int | None = None,
    available: int | None = None,
    disk: int | None = None,
) -> str | None:
    """Return why this model is not fetched unasked, in a sentence, or None where it may be.

    Args:
        library: where it would go.
        name: a model of the catalogue.
        memory: bytes of this machine's memory; None: asked here, as for `available` (what is free of it now)
            and `disk` (what is free there).
    """
    memory = room.memory_total() if memory is None else memory
    available = room.memory_available() if available is None else available
    disk = room.disk_free(library.folder) if disk is None else disk
    entry = library.catalogue.get(name)
    needed = room.memory_needed(entry.weights if entry else 0, library.width)
    if library.is_unwanted(name):
        return f"{name} was removed here and is not fetched again (python run.py models add {name} does)."
    if memory < MEMORY:
        return f"{name} is for machines with 4 GB of memory, and this one has {room.size(memory)}."
    if available < needed:  # it would be passed over at the start
        return (
            f"{name} needs {room.size(needed)} of memory, and {room.size(available)} are free now."
        )
    if disk < DISK:
        return (
            f"{name} wants 4 GB of free disk, and {room.size(disk)} are free in {library.folder}."
        )
    return None
