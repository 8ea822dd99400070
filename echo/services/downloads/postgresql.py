"""PostgreSQL's own tools: pg_dump, pg_restore and psql, run greenly. Knows no table but the revision's.

They must be installed on this machine, not older than the server.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL

from echo import hub
from echo.errors import InvalidInput, StorageUnavailable

HEAD: Final = b"PGDMP"
LOOK_SECONDS: Final = 0.1
LOCK_PATIENCE: Final = "10s"
DEBIANS: Final = Path("/usr/lib/postgresql")  # keeps each version's tools off the PATH
REVISION: Final = re.compile(r"^COPY \S*alembic_version .*FROM stdin;\n(\w+)\n\\\.$", re.MULTILINE)


def dump(url: URL, target: Path) -> None:
    """Write the state of one moment into `target`; raises StorageUnavailable."""
    target.touch(mode=0o600)
    _run("pg_dump", "--format=custom", f"--file={target}", *_to(url), password=_password(url))


def revision(file: Path) -> str:
    """Return the revision of the tables in a backup; raises InvalidInput for a damaged or foreign one."""
    with tempfile.TemporaryDirectory(prefix="echo-") as folder:
        script = Path(folder) / "revision.sql"
        _read(file, script, "--data-only", "--table=alembic_version")
        found = REVISION.search(script.read_text())
    if found is None:
        raise InvalidInput(f"{file} is damaged or is not Echo's. Nothing was changed.")
    return found[1]


def replace_by(file: Path, url: URL, tables: Iterable[str], scratch: Path) -> None:
    """Put a backup in the place of `tables` and of what it holds, in one transaction: all or nothing.

    The backup is read to its end first, into a file in `scratch`. Tables are dropped by name, since those
    that are younger than the backup are not in it and would stand in the way of their migrations.

    Raises:
        InvalidInput: the file is damaged.
        StorageUnavailable: a tool is missing or failed; the text is its last line.
    """
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=scratch) as folder:
        script, first = Path(folder) / "restore.sql", Path(folder) / "first.sql"
        _read(file, script, "--clean", "--if-exists", "--no-owner", "--no-privileges")
        names = ", ".join(f'"{name}"' for name in tables)
        first.write_text(
            f"SET lock_timeout = '{LOCK_PATIENCE}';\nDROP TABLE IF EXISTS {names} CASCADE;\n"
        )
        _run(
            "psql", "--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1",
            "--single-transaction", f"--file={first}", f"--file={script}", *_to(url),
            password=_password(url),
        )  # fmt: skip


def _read(file: Path, script: Path, *what: str) -> None:
    """Write a part of the backup as SQL; a file that is cut off or damaged does not come through."""
    failure = _failure("pg_restore", *what, f"--file={script}", str(file.absolute()))
    if failure:
        raise InvalidInput(
            f"{failure} {file} is damaged, or the disk is full. Nothing was changed."
        )


def _run(tool: str, *arguments: str, password: str | None) -> None:
    failure = _failure(tool, *arguments, password=password)
    if failure:
        raise StorageUnavailable(failure)


def _failure(tool: str, *arguments: str, password: str | None = None) -> str:
    """Run a tool and wait greenly; return what went wrong, or nothing.

    The password goes by the environment, which others cannot read.
    """
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [_path_of(tool), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            while process.poll() is None:
                hub.sleep(LOOK_SECONDS)
        finally:
            process.kill()
            process.wait()
        said.seek(0)
        lines = [line.strip() for line in said if "error" in line.lower()]
    if not process.returncode:
        return ""
    return f"{lines[0] if lines else f'{tool} ended with status {process.returncode}'}."


def _to(url: URL) -> tuple[str, ...]:
    """Return the arguments that name the database, without the password."""
    plain = URL.create(
        "postgresql",
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query={name: value for name, value in url.query.items() if name != "password"},
    )
    return ("--no-password", f"--dbname={plain.render_as_string(hide_password=False)}")


def _password(url: URL) -> str | None:
    """Return the password, wherever the address holds it."""
    found = url.password or url.query.get("password")
    return str(found) if found else None


def _path_of(tool: str) -> str:
    newest_first = sorted(DEBIANS.glob(f"*/bin/{tool}"), reverse=True)
    found = shutil.which(tool) or next((str(path) for path in newest_first), None)
    if found is None:
        raise StorageUnavailable(
            f"{tool} is not installed on this machine. Install PostgreSQL's client programs."
        )
    return found
