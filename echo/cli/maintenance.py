"""Commands that check the audit trail and make the charts' sums anew. Knows services only."""

from __future__ import annotations

import sys
import time

import click
from flask.cli import with_appcontext

from echo.cli import migrating
from echo.services import audit as trail
from echo.services.numbers import rollups

SECONDS_BETWEEN_WORDS = 5.0


@click.group("audit")
def audit() -> None:
    """The audit trail: who did what to whom."""


@audit.command("verify")
@click.option("--head", help="A hash noted earlier: is that row still in the chain?")
@with_appcontext
def verify(head: str | None) -> None:
    """Check that no row was changed, added or taken away; exit with 1 when one was."""
    verdict = trail.verify(head.strip().lower() if head else None)
    click.echo(f"{verdict.rows} rows fit together; the last one has the hash {verdict.head}")
    if verdict.broken_at is not None:
        click.echo(
            f"The chain breaks at row {verdict.broken_at}: that row was changed or added, or one before "
            "it is missing.",
            err=True,
        )
    elif verdict.noted_found is False:
        click.echo(
            "No row has the hash that was noted: the end of the chain was cut off or written anew.",
            err=True,
        )
    sys.exit(0 if verdict.is_whole else 1)


@click.group("rollups")
def rollups_group() -> None:
    """The sums from which charts are drawn."""


@rollups_group.command("rebuild")
@with_appcontext
def rebuild() -> None:
    """Make all sums anew from the rows; Echo may serve meanwhile."""
    migrating.upgrade()
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
