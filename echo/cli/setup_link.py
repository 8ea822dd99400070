"""The link that makes the first super admin: told at each start while it is needed, and when it is asked for.

Knows services only.
"""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from echo.cli import migrating
from echo.config import Settings
from echo.errors import Conflict
from echo.services.sign_in import first_admin


@click.command("setup-link")
@with_appcontext
def setup_link() -> None:
    """Print a new link that makes the first super admin; those before stop working."""
    migrating.upgrade()
    if not first_admin.is_needed():
        raise Conflict("There is a super admin already: they make others under Admin, People.")
    settings = Settings.here()
    click.echo(_link(address(settings, settings.port)))


def told(place: str) -> Iterator[str]:
    """Yield what a start says of it."""
    if first_admin.is_needed():
        yield f"Make the first super admin here (works once): {_link(place)}"
        yield f"Where this has scrolled away, “{first_admin.COMMAND}” prints another one."


def address(settings: Settings, port: int) -> str:
    """Return where people find this Echo, as far as it knows."""
    host = "localhost" if settings.host in ("127.0.0.1", "0.0.0.0", "::") else settings.host
    return settings.public_url or f"http://{host}:{port}"


def _link(place: str) -> str:
    return f"{place}/setup/{first_admin.new_token()}"
