"""Backups by command: taken while Echo runs, put back while it does not. Knows no database's tools."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext

from echo import instance_lock
from echo.cli import migrating
from echo.errors import ConfigurationError, InvalidInput, StorageUnavailable
from echo.services import audit
from echo.services.audit import Act
from echo.services.downloads import database


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Write the whole database into FILE; Echo may go on serving."""
    file = file.absolute()
    if file == database.file_of_database():
        raise InvalidInput(f"{file} is the database itself. Choose another name.")
    with _folder_beside(file) as folder:
        made = folder / database.back_up(folder, lambda _part: None)
        os.replace(
            made, file
        )  # at once: a former backup of this name is there until the new one is
    audit.record(Act.BACKUP_TAKEN, None, target="database")
    click.echo(f"The backup is in {file} ({file.stat().st_size:,} bytes).")
    click.echo("Keep it safe, and the secret key with it: docs/backup.md")


@contextmanager
def _folder_beside(file: Path) -> Iterator[Path]:
    """Yield a folder on the file's own disk that nobody else can read."""
    try:
        folder = tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-")
    except OSError as failure:
        raise InvalidInput(f"{file.parent} cannot be written: {failure.strerror}.") from failure
    with folder as name:
        yield Path(name)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_appcontext
def restore(file: Path, yes: bool) -> None:
    """Replace the database by the backup in FILE, and bring it to this version's form.

    Everybody is signed out. SQLite's former database is kept beside, with the ending .before-restore.
    """
    instance_lock.own(Path(current_app.instance_path))
    database.check(file, _known_revisions())
    if not yes:
        click.confirm("This replaces everything that is in the database now. Go on?", abort=True)
    with database.replaced_by(file):
        _settle()
    click.echo("The backup is in place and everybody is signed out. Start Echo again.")


def _settle() -> None:
    """Bring what was put in place to this version's form, and let nobody in by an old session."""
    try:
        migrating.upgrade()
    except ConfigurationError as failure:
        raise StorageUnavailable(
            f"The backup could not be brought to this version's form: {failure}"
        ) from failure
    ended = database.sign_everybody_out()
    audit.record(Act.BACKUP_RESTORED, None, target="database", sessions_ended=ended)


def _known_revisions() -> set[str]:
    scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    return {revision.revision for revision in scripts.walk_revisions()}
