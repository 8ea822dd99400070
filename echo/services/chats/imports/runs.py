"""Imports that go on after the answer: begun, looked at, stopped; one of each person's. Knows no format.

Chats are kept some at a time, each of these steps whole (`keeping`), so that what was kept before a stop,
a failure or the end of the process stays; the same file again brings the rest. The file itself has no name
on the disk: it goes with the process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import IO, Any, Final

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from echo import cluster, hub
from echo.clock import iso, utc_now
from echo.errors import Conflict, EchoError, TooLong
from echo.extensions import db
from echo.languages import carried, gettext, mark
from echo.limits import IMPORT_BYTES
from echo.models import ChatImport, ImportState, User
from echo.models.types import new_id
from echo.services import background
from echo.services.chats.imports import apart, keeping
from echo.services.chats.imports.found import Chat, Skipped
from echo.services.storage import execute, transaction, undone_on_failure

log = structlog.get_logger()

GOING_ON: Final = (ImportState.READING, ImportState.KEEPING)
CHATS_PER_STEP: Final = 100
MESSAGES_PER_STEP: Final = 1_000
TOLD: Final = 1_000  # of each list of the report
KEPT_DAYS: Final = 7
BLOCK: Final = 1 << 20
LOOK_SECONDS: Final = 0.5
END_SECONDS: Final = 10.0
FAILED: Final = mark("The import failed. Please try again.")
ONE_AT_A_TIME: Final = mark(
    "An import of yours is going on already. Please wait until it has ended, or stop it."
)

_brought: set[str] = set()
"""The ids of the imports that this process brings."""


class _Ended(Exception):
    """The import is to go no further, or it is another process' to say how it ended."""


# ── what a person asks for ──────────────────────────────────────────────────────────────────


def begin(user_id: int, source: IO[bytes]) -> ChatImport:
    """Take a file and begin to import what is in it; it takes the place of the last import's report.

    Raises:
        Conflict: an import of this person's is going on.
        TooLong: the file has more than IMPORT_BYTES bytes.
        StorageUnavailable.
    """
    if (former := of(user_id)) is not None and former.state in GOING_ON:
        raise Conflict(gettext(ONE_AT_A_TIME), field="file")
    db.session.commit()  # the connection goes back meanwhile
    file = hub.run_native(_copied, source)
    with undone_on_failure(file.close):
        if file.tell() > IMPORT_BYTES:
            most = IMPORT_BYTES // 1_000_000
            raise TooLong(gettext("A file has at most %(most)s MB.", most=most), field="file")
        file.seek(0)
        run_id = _written_down(user_id)
    background.run(carried(_bring), run_id, user_id, file)
    return _row(run_id)


def of(user_id: int) -> ChatImport | None:
    """Return a person's newest import: how far it has come, or how it ended."""
    row = _newest(user_id)
    if row is None or row.state not in GOING_ON or _is_brought(row):
        return row
    execute(_going_on(ChatImport.id == row.id).values(state=ImportState.CUT))
    return _newest(user_id)


def stop(user_id: int) -> None:
    """Let a person's import end after the step that it is at; what is kept stays."""
    execute(_going_on(ChatImport.user_id == user_id).values(stop_asked=True))


def forget(user_id: int) -> None:
    """Put the report of an import that has ended away."""
    ended = (ChatImport.user_id == user_id) & ChatImport.state.not_in(GOING_ON)
    execute(delete(ChatImport).where(ended))


def forget_old() -> int:
    """Delete reports that nobody put away for a week; return how many there were."""
    before = utc_now() - timedelta(days=KEPT_DAYS)
    return execute(delete(ChatImport).where(ChatImport.created_at < before))


def exported(user_id: int) -> dict[str, Any] | None:
    """Return what is known of a person's newest import, for its owner's own archive."""
    row = of(user_id)
    if row is None:
        return None
    begun = {"begun_at": iso(row.created_at), "state": row.state}
    return {**begun, "kept": row.kept, "of": row.total, "error": row.error, **row.report}


def erase(user_id: int) -> None:
    """Let a person's import end, wait for that, and delete what is known of it."""
    stop(user_id)
    for _ in range(round(END_SECONDS / LOOK_SECONDS)):
        row = of(user_id)
        db.session.commit()  # the next look sees what others have written
        if row is None or row.state not in GOING_ON:
            break
        hub.sleep(LOOK_SECONDS)
    execute(delete(ChatImport).where(ChatImport.user_id == user_id))


# ── the row ─────────────────────────────────────────────────────────────────────────────────


def _newest(user_id: int) -> ChatImport | None:
    mine = select(ChatImport).where(ChatImport.user_id == user_id)
    return db.session.scalar(mine.execution_options(populate_existing=True))


def _row(run_id: str) -> ChatImport:
    return db.session.scalars(select(ChatImport).where(ChatImport.id == run_id)).one()


def _going_on(which: Any) -> Any:
    here = update(ChatImport).where(which, ChatImport.state.in_(GOING_ON))
    return here.execution_options(synchronize_session=False)


def _is_brought(row: ChatImport) -> bool:
    here = cluster.here()
    if row.node == here.node:
        return row.id in _brought
    alive = here.alive()
    return alive is None or row.node in alive


def _written_down(user_id: int) -> str:
    """Return the id of a new import; it is held as brought before others can read of it."""
    run_id = new_id()

    def work() -> None:
        ended = (ChatImport.user_id == user_id) & ChatImport.state.not_in(GOING_ON)
        db.session.execute(delete(ChatImport).where(ended))
        db.session.execute(
            insert(ChatImport).values(id=run_id, user_id=user_id, node=cluster.here().node)
        )

    _brought.add(run_id)
    with undone_on_failure(lambda: _brought.discard(run_id)):
        try:
            transaction(work)
        except IntegrityError as taken:  # another one was quicker
            raise Conflict(gettext(ONE_AT_A_TIME), field="file") from taken
    return run_id


def _note(run_id: str, **values: Any) -> None:
    """Write down how far an import has come; raises _Ended where it is to go no further."""
    if not execute(_going_on(ChatImport.id == run_id).values(**values)):
        raise _Ended
    query = select(ChatImport.stop_asked, User.active).where(
        ChatImport.id == run_id, User.id == ChatImport.user_id
    )
    row = db.session.execute(query).one_or_none()
    db.session.commit()  # the connection goes back
    if row is None or row.stop_asked or not row.active:
        raise _Ended


def _end(run_id: str, state: ImportState, report: keeping.Report, error: str | None = None) -> None:
    """Write down how an import has ended; what came is counted anew, for the last count may have failed."""
    values = {"state": state, "report": _told(report), "kept": len(report.kept), "error": error}
    execute(_going_on(ChatImport.id == run_id).values(values))


# ── in the background ───────────────────────────────────────────────────────────────────────


def _copied(source: IO[bytes]) -> IO[bytes]:
    """Copy a file that ends with its request; to be called from a native thread."""
    file = tempfile.TemporaryFile(prefix="echo-")  # noqa: SIM115  # whoever reads it closes it
    with undone_on_failure(file.close):
        while block := source.read(BLOCK):
            file.write(block)
    return file


def _bring(run_id: str, user_id: int, file: IO[bytes]) -> None:
    """Import what is in a file and write down how that ended; the file goes with it."""
    report = keeping.Report()
    try:
        _read_and_keep(run_id, user_id, file, report)
        _end(run_id, ImportState.DONE, report)
    except _Ended:
        _end(run_id, ImportState.STOPPED, report)
    except EchoError as failure:
        _end(run_id, ImportState.FAILED, report, failure.text[:300])
    except Exception:
        log.exception("an import failed")
        _end(run_id, ImportState.FAILED, report, gettext(FAILED))
    finally:
        file.close()
        _brought.discard(run_id)


def _read_and_keep(run_id: str, user_id: int, file: IO[bytes], report: keeping.Report) -> None:
    while apart.is_full():
        _note(run_id, state=ImportState.READING)
        hub.sleep(LOOK_SECONDS)
    with apart.taken_apart(file) as found:
        new = len(keeping.preview(user_id, found).kept)
        _note(run_id, state=ImportState.KEEPING, total=new)
        for some in _steps(found):
            step = keeping.keep(user_id, some)
            report.kept += step.kept
            report.skipped += step.skipped
            _note(run_id, kept=len(report.kept))


def _steps(found: Iterable[Chat | Skipped]) -> Iterator[list[Chat | Skipped]]:
    """Yield some chats at a time."""
    some: list[Chat | Skipped] = []
    messages = 0
    for each in found:
        some.append(each)
        messages += len(each.lines) if isinstance(each, Chat) else 0
        if len(some) >= CHATS_PER_STEP or messages >= MESSAGES_PER_STEP:
            yield some
            some, messages = [], 0
    if some:
        yield some


def _told(report: keeping.Report) -> dict[str, Any]:
    """Return what is told of an import: of long lists the beginning, and how many there are."""
    return {
        "chats": report.kept[:TOLD],
        "skipped": report.skipped[:TOLD],
        "skipped_count": len(report.skipped),
    }
