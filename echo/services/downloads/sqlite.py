"""SQLite's files: copied while others write, looked into, put in place. Knows no table but the revision's.

Copies are made by SQLite's online backup (https://www.sqlite.org/backup.html), some pages at a time.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from echo.errors import InvalidInput, NotFound
from echo.services.downloads import making
from echo.services.downloads.making import Progress

HEAD: Final = b"SQLite format 3\x00"
PAGES_PER_STEP: Final = 2_000  # 8 MB: some milliseconds of reading
BLOCK_BYTES: Final = 1_000_000
SIZE: Final = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


def copy(source: Path, target: Path, tell: Progress) -> None:
    """Copy the state of one moment into a new file that only its owner reads; for a native thread.

    Raises:
        NotFound: there is no database yet.
        StorageUnavailable: the disk is full, or SQLite failed.
    """
    if not source.exists():
        raise NotFound(f"There is no database at {source} yet.")
    making.refuse_too_full(target.parent, _bytes(source))
    target.touch(mode=0o600)

    def told(_status: int, left: int, total: int) -> None:
        tell(1 - left / total if total else 1.0)

    with making.explained(), closing(_open(source)) as ours, closing(_open(target)) as made:
        # one read transaction for all steps: a writer in between would make the copy begin anew
        ours.execute("BEGIN")
        ours.execute("SELECT count(*) FROM sqlite_master").fetchone()
        ours.backup(made, pages=PAGES_PER_STEP, progress=told)
        made.execute("PRAGMA journal_mode=DELETE")  # one file, readable from a read-only disk too


def _bytes(database: Path) -> int:
    size = database.stat().st_size
    with suppress(FileNotFoundError):  # whoever closes the database last takes it away
        size += _beside(database, "-wal").stat().st_size
    return size


def _open(file: Path, mode: str = "mode=rw") -> sqlite3.Connection:
    """Open a file that exists; its name may hold anything."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?{mode}", uri=True)


def revision(file: Path) -> str:
    """Return the revision of the tables in a backup; raises InvalidInput for a damaged or foreign one."""
    try:
        with closing(_open(file, "immutable=1")) as opened:
            sound = opened.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
            whole = opened.execute(SIZE).fetchone()[0] <= file.stat().st_size
            rows = opened.execute("SELECT version_num FROM alembic_version").fetchall()
    except sqlite3.DatabaseError as failure:
        raise InvalidInput(f"{file} is damaged or is not Echo's: {failure}.") from failure
    if not (sound and whole and len(rows) == 1):
        raise InvalidInput(f"{file} is damaged. Nothing was changed.")
    return str(rows[0][0])


@contextmanager
def replaced_by(file: Path, database: Path) -> Iterator[None]:
    """Put `file` in the place of the database; put the former one back when the body fails.

    At every moment there is a whole database under the name: a full disk or a crash loses nothing. The
    former one stays beside it with the ending `.before-restore`.
    """
    fresh = _beside(database, ".restoring")
    try:
        with making.explained():
            making.refuse_too_full(database.parent, file.stat().st_size)
            _copy_to_disk(file, fresh)
            _like_former(database, fresh)
            _keep(database)
            os.replace(fresh, database)
    finally:
        fresh.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        _bring_back(database)
        raise


def _copy_to_disk(file: Path, fresh: Path) -> None:
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    with file.open("rb") as source, fresh.open("wb") as target:
        shutil.copyfileobj(source, target, BLOCK_BYTES)
        target.flush()
        os.fsync(target.fileno())


def _like_former(database: Path, fresh: Path) -> None:
    """Give it the owner and rights of the one it replaces: root may restore for somebody else."""
    if database.exists():
        shutil.copymode(database, fresh)
        with suppress(PermissionError):
            os.chown(fresh, database.stat().st_uid, database.stat().st_gid)


def _keep(database: Path) -> None:
    """Give the present database a second name, with its journal where that cannot be worked in."""
    former = _former(database)
    for path in (former, _beside(former, "-wal")):
        path.unlink(missing_ok=True)
    if not database.exists():
        return
    with suppress(sqlite3.DatabaseError), closing(_open(database)) as present:
        present.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try:
        os.link(database, former)
    except OSError:  # a disk without hard links
        shutil.copy2(database, former)
    _move_journal(database, former)


def _bring_back(database: Path) -> None:
    former = _former(database)
    _beside(database, "-wal").unlink(missing_ok=True)
    if not former.exists():  # there was none before
        database.unlink(missing_ok=True)
        return
    os.replace(former, database)
    _move_journal(former, database)


def _move_journal(origin: Path, target: Path) -> None:
    """The journal belongs to its database's content; the index beside it is made anew by SQLite."""
    for path in (_beside(database, "-shm") for database in (origin, target)):
        path.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        os.replace(_beside(origin, "-wal"), _beside(target, "-wal"))


def _former(database: Path) -> Path:
    return _beside(database, ".before-restore")


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
