"""Is there a place to write, room on the disk, and a clock that others agree with?"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from echo.cli.doctor.finding import Finding, State
from echo.clock import utc_now
from echo.config import ROOT, Settings
from echo.services import health
from echo.services.library import room

ASK_SECONDS: Final = 5.0
SKEW: Final = timedelta(days=1)
STATES: Final[dict[health.State, State]] = {
    health.State.BAD: "problem",
    health.State.WARNING: "warning",
    health.State.GOOD: "ok",
}


def check_folder(settings: Settings) -> Iterator[Finding]:
    """Look at the instance folder, and at who may read the secret key."""
    folder = settings.instance
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"echo")
    except OSError as failure:
        yield Finding(
            "folder",
            "problem",
            f"{folder} cannot be written: {failure.strerror}.",
            "Give it to the user whom Echo runs as, or set ECHO_INSTANCE to a folder of theirs.",
        )
        return
    yield Finding("folder", "ok", f"{folder} can be written.")
    yield from _secret(folder / "secret_key")


def _secret(path: Path) -> Iterator[Finding]:
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(
            "folder", "problem", f"Others may read {path}.", f"Close it: chmod 600 {path}"
        )


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Judge what is free where Echo writes, as the administrators' page does."""
    part = health.disk(*room.disk(settings.instance))
    said = f"In {settings.instance} {part.said}"
    yield Finding("disk", STATES[part.state], said, part.do)


def check_clock(_settings: Settings) -> Iterator[Finding]:
    """Compare the clock with the age of Echo's own files, and ask the system whether it is set."""
    now = utc_now()
    newest = datetime.fromtimestamp((ROOT / "pyproject.toml").stat().st_mtime, UTC)
    do = "Let the machine follow a time server (chrony, systemd-timesyncd); then start Echo anew."
    if newest - now > SKEW:
        said = f"By the clock it is {now:%Y-%m-%d %H:%M} UTC, and Echo's own files are newer."
        yield Finding("clock", "problem", said, do)
    elif _follows_nobody():
        yield Finding(
            "clock", "warning", "The system says that its clock follows no time server.", do
        )
    else:
        yield Finding("clock", "ok", f"By the clock it is {now:%Y-%m-%d %H:%M} UTC.")


def _follows_nobody() -> bool:
    """Tell whether systemd knows that the clock is not set; elsewhere nobody can say."""
    if not shutil.which("timedatectl") or not os.path.isdir("/run/systemd/system"):
        return False
    command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=ASK_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return told.stdout.strip() == "no"
