"""`models merge`: an adapter and its base made into one model. It does no arithmetic itself."""

from __future__ import annotations

from pathlib import Path

import click

from echo import config, engines
from echo.cli.progress_line import ProgressLine, share
from echo.cli.refusals import refusals_are_told
from echo.errors import InvalidInput
from echo.generation import LocalModels
from echo.services.library import ModelFiles, card, room
from echo.services.serving import spec_of


@click.command("merge")
@click.argument("name")
@click.option("--out", required=True, help="What to call the model that is made.")
@refusals_are_told
def merge(name: str, out: str) -> None:
    """Make an adapter and its base into one model.

    It takes the disk and memory of a whole model, can be copied elsewhere as a folder, and other adapters
    can stand on it. The adapter and its base stay.
    """
    settings = config.load()
    library = engines.library(settings)
    library.refuse_name(out)
    files = library.files(name)
    if files.adapter is None or files.base is None:
        raise InvalidInput(f"{files.name} is no adapter: there is nothing to merge.", field="name")
    target = library.folder / out
    _write(engines.local_models(settings), library.files(files.base), files.adapter, target)
    card.write(target, library.card(files.name))
    library.add(library.plan(str(target), out))
    model = library.get(out)
    click.echo(
        f"{out} is made of {files.base} and {files.name}, {room.size(model.bytes)} in {target}. "
        f"Choose it: python run.py models default {out}"
    )


def _write(local: LocalModels, base: ModelFiles, adapter: Path, target: Path) -> None:
    line = ProgressLine(lambda step: step.what)

    def told(done: float | None, what: str) -> None:
        line.tell(share(done or 0, what))

    try:
        floats = local.floats(spec_of(base), told)
        needed = sum(file.stat().st_size for file in floats.glob("*.safetensors"))
        room.refuse_too_little_disk(target.parent, needed, f"“{target.name}”")
        local.merge(spec_of(base), adapter, target, told)
    finally:
        line.end()
