"""`python run.py tune`: an adapter of one's own, added to the models. It trains nothing itself."""

from __future__ import annotations

from pathlib import Path

import click

from echo import config, engines
from echo.cli import chats_file, rated_records, tuning_run
from echo.cli.refusals import refusals_are_told

MINUTES = click.IntRange(1, 100_000)
EPOCHS = click.IntRange(1, 100)


@click.command("tune")
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='Chats, one JSON object a line: {"messages": [...]} or {"prompt", "completion"}.',
)
@click.option(
    "--from-ratings",
    is_flag=True,
    help="Instead of --data: answers that people rated up and allow, out of the database.",
)
@click.option("--base", required=True, help="The installed model that is tuned.")
@click.option("--out", required=True, help="What to call the model that is made.")
@click.option(
    "--minutes", type=MINUTES, default=60, show_default=True, help="The run ends by then."
)
@click.option(
    "--epochs", type=EPOCHS, default=3, show_default=True, help="How often each chat is seen."
)
@click.option("--restart", is_flag=True, help="Forget a former run of this name.")
@refusals_are_told
def tune(
    data: Path | None,
    from_ratings: bool,
    base: str,
    out: str,
    minutes: int,
    epochs: int,
    restart: bool,
) -> None:
    """Tune a model with your own chats.

    It makes a LoRA adapter, keeps it under the instance folder, and adds it to the models. Ctrl-C keeps what
    is learned: the same command goes on from there.
    """
    if (data is None) is not from_ratings:
        raise click.UsageError("Say either --data FILE or --from-ratings.")
    settings = config.load()
    library = engines.library(settings)
    with tuning_run.held(settings.instance, library, out, restart) as run:
        records = chats_file.read(data) if data else rated_records.read(run)
        from echo.cli import tuning  # torch and the trainer, only when all else is right

        tuning.carry_out(settings, library, run, base, records, minutes, epochs)
