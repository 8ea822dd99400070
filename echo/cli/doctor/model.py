"""Which model would answer, are its files whole, and does it fit into memory? It loads none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from echo import engines
from echo.cli.doctor import servers_elsewhere
from echo.cli.doctor.finding import Finding
from echo.config import Settings
from echo.errors import ConfigurationError, EchoError
from echo.generation import GenerationError, load_script
from echo.services.library import InstalledModel, Library, ModelFiles, room

PART: Final = "model"
ADD: Final = "python run.py models list --all shows what can be added"


def check(settings: Settings) -> Iterator[Finding]:
    """Look at the model that the settings choose, and at those that are damaged."""
    if settings.engine == "scripted":
        yield from _script(settings)
    if settings.engine == "openai":
        yield from servers_elsewhere.check(settings)
    if settings.engine != "local":
        return
    library = engines.library(settings)
    for model in library.installed():
        if model.problem:
            do = f"python run.py models add {model.name}, or models remove {model.name}"
            yield Finding(PART, "warning", f"{model.name}: {model.problem}.", do)
    try:
        serving = engines.choose_model(library, settings.model)
    except ConfigurationError as failure:
        yield Finding(PART, "problem", failure.text, ADD)
        return
    for why in serving.passed_over:
        yield Finding(
            PART, "warning", f"A better model does not answer: {why}", "Free some memory."
        )
    yield from _memory(library, serving.files)
    yield from _files(library, serving.files)


def _script(settings: Settings) -> Iterator[Finding]:
    try:
        if settings.script:
            load_script(settings.script)
    except GenerationError as failure:
        yield Finding(PART, "problem", str(failure), "Mend the file, or leave ECHO_SCRIPT out.")
        return
    do = "Leave ECHO_ENGINE out for a real one."
    yield Finding(PART, "warning", "Fixed texts answer instead of a model.", do)


def _memory(library: Library, files: ModelFiles) -> Iterator[Finding]:
    weights = files.weights or (_installed(library, files.base or files.name) or files).weights
    if weights is None:
        yield Finding(PART, "ok", f"{files.name} answers; how large it is shows when it is loaded.")
        return
    needed, free = room.memory_needed(weights, library.width), room.memory_available()
    said = f"{files.name} answers. It takes about {room.size(needed)} of memory, {room.size(free)} are free"
    if needed <= free:
        yield Finding(PART, "ok", f"{said}.")
    elif needed <= room.memory_total():
        do = "That is fine while Echo itself is what runs; else stop what takes the memory."
        yield Finding(PART, "warning", f"{said} now.", do)
    else:
        do = "Choose a smaller one: python run.py models default NAME"
        yield Finding(PART, "problem", f"{said}, and the machine has no more.", do)


def _files(library: Library, files: ModelFiles) -> Iterator[Finding]:
    """Compare a file of the catalogue with the hash by which it is pinned."""
    for name in filter(None, (files.name, files.base)):
        model = _installed(library, name)
        expected = _hashes(library, name)
        if model is None or not expected:
            continue
        for path in _weight_files(model.path):
            if _sha256(path) in expected:
                yield Finding(PART, "ok", f"{path.name} is whole: its sha256 is the known one.")
            else:
                do = f"python run.py models remove {name}, and add it again"
                yield Finding(
                    PART, "problem", f"{path} is not what was fetched: its sha256 differs.", do
                )


def _weight_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.glob("*.gguf"))


def _hashes(library: Library, name: str) -> set[str]:
    entry = library.catalogue.get(name)
    known = (getattr(source, "sha256", None) for source in entry.sources) if entry else ()
    return {each for each in known if each}


def _installed(library: Library, name: str) -> InstalledModel | None:
    try:
        return library.get(name)
    except EchoError:  # a folder or a file that was named by its path
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
