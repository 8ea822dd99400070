"""What all makers of files share: how they tell how far they are, and what a full disk means.

Knows no file's content.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from echo.errors import StorageUnavailable
from echo.languages import gettext, mark, number

Progress = Callable[[float], None]
"""Takes the part that is done, from 0 to 1; may be called from any thread."""
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SPARE_BYTES: Final = 50_000_000
"""Left free on purpose: a file that fills the disk would stop the chat, which stores every reply."""
SENTENCE: Final = mark("The server's disk is full. Make room on it and try again.")


def refuse_too_full(folder: Path, needed: int) -> None:
    """Raise StorageUnavailable when `needed` bytes would leave the folder's disk (nearly) full."""
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise StorageUnavailable(
            gettext(
                "This needs %(needed)s bytes on the server's disk, and %(free)s are free. Make "
                "room on it and try again.",
                needed=number(needed),
                free=number(free),
            )
        )


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the system and SQLite say of a full disk into StorageUnavailable."""
    try:
        yield
    except OSError as failure:
        if failure.errno in FULL:
            raise StorageUnavailable(gettext(SENTENCE)) from failure
        raise
    except sqlite3.OperationalError as failure:
        if "full" in str(failure):
            raise StorageUnavailable(gettext(SENTENCE)) from failure
        raise StorageUnavailable(
            gettext("SQLite could not do this: %(failure)s.", failure=failure)
        ) from failure
