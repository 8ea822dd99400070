"""The whole database as one file, taken while Echo runs, and put back without its sessions.

Knows no page and no command.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flask import current_app
from sqlalchemy import text, update

from echo import hub
from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput
from echo.extensions import db
from echo.models import Device, OneTimeLink
from echo.services.downloads import postgresql, sqlite
from echo.services.downloads.making import Progress
from echo.services.storage import transaction

HEAD_BYTES: Final = 16
OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def _is_sqlite() -> bool:
    return db.engine.url.get_backend_name() == "sqlite"


def file_of_database() -> Path | None:
    """Return SQLite's file; None where the database is a server's."""
    return Path(str(db.engine.url.database)).absolute() if _is_sqlite() else None


def back_up(folder: Path, tell: Progress) -> str:
    """Write the database as it is now into a file of `folder` and return the file's name.

    Raises:
        NotFound: there is no database yet.
        StorageUnavailable: the disk is full, or the tools of PostgreSQL are missing or failed.
    """
    stamp = f"echo-{utc_now():%Y-%m-%d-%H%M}"
    db.session.commit()  # nothing is written: the connection goes back meanwhile
    source = file_of_database()
    if source is not None:
        name = f"{stamp}.sqlite3"
        hub.run_native(sqlite.copy, source, folder / name, tell)
    else:
        name = f"{stamp}.pgdump"
        postgresql.dump(db.engine.url, folder / name)
    return name


def check(file: Path, revisions: Collection[str]) -> None:
    """Raise InvalidInput unless the file can be put back here; `revisions` are those this Echo knows."""
    here, head = ("SQLite", sqlite.HEAD) if _is_sqlite() else ("PostgreSQL", postgresql.HEAD)
    if not _head(file).startswith(head):
        raise InvalidInput(f"{file} is no {here} backup, and Echo runs on {here} here.")
    if file.absolute() == file_of_database():
        raise InvalidInput(f"{file} is the database itself, not a backup.")
    found = sqlite.revision(file) if _is_sqlite() else postgresql.revision(file)
    if found not in revisions:
        raise InvalidInput(
            f"{file} was made by a newer Echo (revision {found}). Update Echo first, then put it back."
        )


def _head(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(HEAD_BYTES)
    except OSError as failure:
        raise InvalidInput(f"{file} cannot be read: {failure.strerror}.") from failure


@contextmanager
def replaced_by(file: Path) -> Iterator[None]:
    """Replace the database by a backup that was checked; nothing else may use the database meanwhile.

    When this fails, the present database stays. When the body fails, SQLite's former database is brought
    back; PostgreSQL's is replaced by then.

    Raises:
        Conflict: other programs are connected to PostgreSQL's database.
        InvalidInput: the file is damaged.
        StorageUnavailable: the disk is full, or the tools of PostgreSQL are missing or failed.
    """
    target = file_of_database()
    if target is None:
        _refuse_shared()
    _disconnect()
    if target is None:
        tables = {*db.metadata.tables, "alembic_version"}
        scratch = Path(current_app.instance_path)
        postgresql.replace_by(file, db.engine.url, sorted(tables), scratch)
        yield
        return
    with sqlite.replaced_by(file, target):
        try:
            yield
        finally:
            _disconnect()


def _refuse_shared() -> None:
    others = db.session.scalar(OTHERS)
    if others:
        raise Conflict(
            f"{others} other connections to this database are open. "
            "Stop every Echo and every program that uses it, then try again."
        )


def _disconnect() -> None:
    db.session.remove()
    db.engine.dispose()


def sign_everybody_out() -> int:
    """End every session and use up every open link; return how many sessions were ended.

    The backup is older than the day it is put back: a session may have been revoked since then, or a link
    used, and neither may work again.
    """
    now = utc_now()

    def work() -> int:
        db.session.execute(
            update(OneTimeLink).where(OneTimeLink.used_at.is_(None)).values(used_at=now)
        )
        ended = db.session.execute(
            update(Device).where(Device.revoked_at.is_(None)).values(revoked_at=now)
        )
        return int(ended.rowcount)  # type: ignore[attr-defined]

    return transaction(work)
