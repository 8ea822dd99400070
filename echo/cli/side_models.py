"""Models that answer nobody, from the terminal: those that embed, listen and speak. It serves none."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from echo.cli.progress_line import ProgressLine
from echo.services.library import Library, embedding, room, speech, voices
from echo.services.library.progress import Work
from echo.services.library.side_models import SideModel

KNOWN: Final = {known.name: known for known in (embedding.MODEL, speech.MODEL, voices.JOE)}


def added(library: Library, source: str, name: str | None) -> bool:
    """Add what is asked for, where it is such a model, and say what for; else return False."""
    folder = Path(source).expanduser()
    if known := KNOWN.get(source.casefold()):
        _fetch(library, known)
    elif voices.is_voice(folder):
        voice = voices.note(library.folder, folder, name)
        click.echo(f"{voice.name} is installed: {voices.JOE.then}.")
    else:
        return False
    return True


def removed(library: Library, name: str) -> bool:
    """Remove such a model; tell whether there was one."""
    known = KNOWN.get(name.casefold())
    return voices.forget(library.folder, name) or bool(known and known.remove(library.folder))


def rows(library: Library, everything: bool) -> list[tuple[str, ...]]:
    """Return the rows of those that are installed, or of all that are known."""
    found: list[tuple[str, ...]] = []
    for known in KNOWN.values():
        here = known.installed(library.folder) is not None
        state, size = ("installed", known.bytes) if here else ("to be added", known.download_bytes)
        if here or everything:
            found.append((known.name, room.size(size), known.kind, state, "", known.licence))
    noted = [voice for voice in voices.installed(library.folder) if voice.name not in KNOWN]
    return found + [_noted(voice) for voice in noted]


def _noted(voice: voices.Voice) -> tuple[str, ...]:
    return voice.name, room.size(voice.file.stat().st_size), voices.JOE.kind, "installed", "", ""


def _fetch(library: Library, known: SideModel) -> None:
    if known.installed(library.folder) is not None:
        click.echo(f"{known.name} is installed already.")
        return
    size = room.size(known.download_bytes)
    click.echo(f"Adding {known.name}: {size} to fetch. Licence: {known.licence}.")
    line = ProgressLine()
    try:
        known.add(Work(known.name, library.folder, line.tell))
    finally:
        line.end()
    click.echo(f"{known.name} is installed: {known.then}.")
