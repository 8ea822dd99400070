"""Files that take a while to make: begun, watched, fetched, forgotten. Knows no kind's inside.

The registry lives in this process and the files under the instance folder, for an hour: a download is made
for the person who asked, while they wait.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import structlog
from flask import current_app

from echo import hub
from echo.errors import Busy, EchoError, InvalidInput, NotFound
from echo.languages import carried, gettext, mark
from echo.models import User
from echo.models.types import new_id
from echo.services import audit, background
from echo.services.audit import Act
from echo.services.downloads import database, making, picture_archive, tables
from echo.services.downloads.making import Progress
from echo.services.storage import undone_on_failure

log = structlog.get_logger()

KEPT_SECONDS: Final = 3600.0
AT_ONCE: Final = 2
FAILED: Final = mark("The file could not be made. The server's log says why.")
GONE: Final = mark("This file is not there any more. Please make it again.")

State = Literal["making", "ready", "failed"]
Make = Callable[[Path, Progress], str]
"""Makes the file in a folder, tells its progress and returns the file's name."""


@dataclass(frozen=True)
class Kind:
    """One sort of download: its title, what it holds in a sentence, how it is made, the audited act."""

    title: str
    about: str
    make: Make
    act: Act


KINDS: Final = {
    "database": Kind(
        mark("Database"),
        mark("A copy of everything, taken while Echo runs. Restore it by command."),
        database.back_up,
        Act.BACKUP_TAKEN,
    ),
    "pictures": Kind(
        mark("Pictures"),
        mark("All profile pictures in one archive, named by their owners' numbers."),
        picture_archive.write,
        Act.PICTURES_DOWNLOADED,
    ),
    "users": Kind(
        mark("People"),
        mark("Every account as a table, without secrets."),
        tables.users,
        Act.TABLE_DOWNLOADED,
    ),
    "feedback": Kind(
        mark("Feedback"), mark("Every opinion as a table."), tables.feedback, Act.TABLE_DOWNLOADED
    ),
}


@dataclass
class Download:
    """One file in the making or made. `progress` runs from 0 to 1; `ended_at` is of the monotonic clock."""

    id: str
    kind: str
    owner_id: int
    folder: Path
    state: State = "making"
    progress: float = 0.0
    name: str = ""
    size: int | None = None
    error: str = ""
    ended_at: float | None = None

    @property
    def path(self) -> Path:
        return self.folder / self.name

    def as_payload(self) -> dict[str, object]:
        """Return what the page shows while it waits."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "progress": round(self.progress, 3),
            "name": self.name,
            "bytes": self.size,
            "error": self.error or None,
        }


class Downloads:
    """All downloads of this process, each in a folder of its own under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all: dict[str, Download] = {}

    @classmethod
    def here(cls) -> Downloads:
        """Return the downloads of the present application."""
        downloads: Downloads = current_app.extensions["downloads"]
        return downloads

    def begin(self, actor: User, kind: str) -> Download:
        """Begin to make a file and write down who asked for it; it replaces the person's last of its kind.

        Whoever asks again for what is being made gets that one.

        Raises:
            InvalidInput: there is no such kind.
            Busy: others are being made.
        """
        if kind not in KINDS:
            raise InvalidInput(gettext("There is no such download."), field="kind")
        self.forget_old()
        former = self.of(actor).get(kind)
        if former is not None and former.state == "making":
            return former
        if sum(one.state == "making" for one in self._all.values()) >= AT_ONCE:
            raise Busy(
                gettext("Other files are being made. Please try again in a moment."), retry_after=10
            )
        download = self._registered(actor, kind)
        background.run(carried(self._make), download)
        if former is not None:
            self._forget([former])
        return download

    def _registered(self, actor: User, kind: str) -> Download:
        """Take a place, then write down who asked: the database may let one wait."""
        name = new_id()
        download = self._all[name] = Download(name, kind, actor.id, self._folder / name)
        with undone_on_failure(lambda: self._all.pop(name)):
            audit.record(KINDS[kind].act, actor, target=kind)
        return download

    def of(self, actor: User) -> dict[str, Download]:
        """Return this person's downloads by their kind."""
        return {one.kind: one for one in self._all.values() if one.owner_id == actor.id}

    def own(self, actor: User, download_id: str) -> Download:
        """Return a download of this person; raises NotFound for an absent, old or foreign one alike."""
        download = self._all.get(download_id)
        if download is None or download.owner_id != actor.id:
            raise NotFound(gettext(GONE))
        return download

    def ready(self, actor: User, download_id: str) -> Download:
        """Return a download whose file can be fetched; raises NotFound."""
        download = self.own(actor, download_id)
        if download.state != "ready":
            raise NotFound(gettext("This file is not ready yet."))
        if not download.path.exists():
            raise NotFound(gettext(GONE))
        return download

    def forget_old(self) -> None:
        """Delete files an hour after they were made, and what a former process left in the folder."""
        limit = time.monotonic() - KEPT_SECONDS
        self._forget([one for one in self._all.values() if (one.ended_at or limit) < limit])
        if self._folder.exists():
            found = list(self._folder.iterdir())
            _delete([path for path in found if path.name not in self._all])

    def _forget(self, downloads: list[Download]) -> None:
        for download in downloads:
            self._all.pop(download.id, None)
        _delete([download.folder for download in downloads])

    def _make(self, download: Download) -> None:
        def tell(part: float) -> None:
            download.progress = part

        try:
            with making.explained():
                download.folder.mkdir(parents=True, mode=0o700)
                download.name = KINDS[download.kind].make(download.folder, tell)
                download.size = download.path.stat().st_size
            download.ended_at, download.progress = time.monotonic(), 1.0
            download.state = "ready"
        except EchoError as failure:
            log.warning("a download failed", kind=download.kind, error=failure.code)
            self._fail(download, failure.text)
        except Exception:
            log.exception("a download failed", kind=download.kind)
            self._fail(download, gettext(FAILED))

    def _fail(self, download: Download, sentence: str) -> None:
        """Delete what there is of the file, then say so."""
        _delete([download.folder])
        download.ended_at, download.error = time.monotonic(), sentence
        download.state = "failed"


def _delete(folders: list[Path]) -> None:
    """Delete folders on a native thread: freeing a large file takes its time."""
    for folder in folders:
        hub.run_native(shutil.rmtree, folder, ignore_errors=True)


def forget_old() -> None:
    """Delete the application's files that are old; called each minute by the serving process."""
    Downloads.here().forget_old()
