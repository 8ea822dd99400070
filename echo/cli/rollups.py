"""The command that makes the charts' sums anew. Knows nothing of how they are made."""

from __future__ import annotations

import time

import click
import flask_migrate
from flask.cli import with_appcontext

from echo.services.numbers import rollups

SECONDS_BETWEEN_WORDS = 5.0


@click.group("rollups")
def rollups_group() -> None:
    """The sums from which charts are drawn."""


@rollups_group.command("rebuild")
@with_appcontext
def rebuild() -> None:
    """Make all sums anew from the rows; Echo may serve meanwhile."""
    flask_migrate.upgrade()
    rebuild_with_progress()


def rebuild_with_progress() -> None:
    """Rebuild the rollups and say every few seconds how far it is."""
    began = spoken = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken > SECONDS_BETWEEN_WORDS:
            spoken = time.monotonic()
            click.echo(f"Summed {done:,} of {total:,} days.")

    days = rollups.rebuild(tell)
    click.echo(f"The charts' sums of {days:,} days are made in {time.monotonic() - began:.1f} s.")
