"""Commands about the audit trail. Knows the service only."""

from __future__ import annotations

import sys

import click
from flask.cli import with_appcontext

from echo.services import audit as trail


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
