"""What is well and what is not, in words: each part of the server judged from a few numbers, with what to do.

Knows no page and no engine: whoever asks brings the numbers that others own. The bounds are those of the
alerts in `deploy/prometheus/alerts.yml`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import func, select, text

from echo.clock import utc_now
from echo.extensions import db
from echo.models import AuditEvent
from echo.services.audit import Act

SLOT_SECONDS: Final = 30.0
FIRST_WORD_SECONDS: Final = 300.0
LAG_SECONDS: Final = 0.5
NOTICEABLE_LAG_SECONDS: Final = 0.2
SLOW_DATABASE_SECONDS: Final = 0.25
LITTLE_BYTES: Final = 1_000_000_000
LITTLE_SHARE: Final = 0.05
SCARCE_BYTES: Final = 20_000_000_000
SCARCE_SHARE: Final = 0.15
BACKUP_AGE: Final = timedelta(days=7)
LATELY: Final = timedelta(hours=1)


class State(StrEnum):
    """How a part is, the worst first."""

    BAD = "bad"
    WARNING = "warning"
    GOOD = "good"


@dataclass(frozen=True)
class Part:
    """One part: what is so, and where that is not good, what to do."""

    name: str
    state: State
    said: str
    do: str = ""


def worst_first(parts: list[Part]) -> list[Part]:
    """Return the parts with what needs somebody at the top; the order is theirs otherwise."""
    return sorted(parts, key=lambda part: list(State).index(part.state))


def engine(state: str, model: str, restarts: int, error: str | None) -> Part:
    """Judge the engine by the state of its usual model."""
    name = "Model"
    if state == "ready" and not restarts:
        return Part(name, State.GOOD, f"{model} answers.")
    if state == "ready":
        times = "once" if restarts == 1 else f"{restarts:,} times"
        said = f"{model} answers, but the engine was started again {times} since Echo was."
        do = (
            "The log names the step that failed. If it comes back, give it less to hold "
            "(ECHO_SLOTS, ECHO_CACHE_MB) or choose another model."
        )
        return Part(name, State.WARNING, said, do)
    if state == "loading":
        do = "Wait: Models shows how far it is."
        return Part(
            name, State.WARNING, f"{model} is being loaded; nobody is answered until then.", do
        )
    why = f": {error.rstrip('.')}" if error else ""
    if state == "restarting":
        do = (
            "Wait a little. If it stays so, the log names what failed; "
            "another model can be made the default under Models."
        )
        return Part(name, State.BAD, f"{model} has failed and is being started again{why}.", do)
    do = "Under Models load it again or make another one the default. Start Echo anew if neither helps."
    return Part(name, State.BAD, f"{model} does not answer{why}.", do)


def queue(waiting: int, running: int, slot: float, first_word: float) -> Part:
    """Judge how long people wait; `slot` and `first_word` are the longest waits of now, in seconds."""
    name = "Queue"
    now = f"{_count(running, 'answer')} being written, {waiting or 'none'} waiting"
    if first_word > FIRST_WORD_SECONDS:
        said = f"Somebody has waited {_long(first_word)} for a first word; {now}."
        return Part(
            name,
            State.BAD,
            said,
            "Look at the model above. Starting Echo anew ends what hangs; nothing that was said is lost.",
        )
    if slot > SLOT_SECONDS:
        said = f"People wait: one for {_long(slot)} before the model even begins; {now}."
        return Part(
            name,
            State.WARNING,
            said,
            "More slots (ECHO_SLOTS), a smaller model, shorter answers or another machine.",
        )
    return Part(name, State.GOOD, f"Nobody waits long: {now}.")


def hub_lag(seconds: float) -> Part:
    """Judge how late green threads are woken."""
    name = "Web server"
    ms = f"{1000 * seconds:,.0f} ms"
    if seconds <= NOTICEABLE_LAG_SECONDS:
        return Part(
            name,
            State.GOOD,
            f"Clicks are taken at once: {ms} late at worst in the last 15 seconds.",
        )
    do = (
        "The processor is taken by something else. Leave the web server a core (ECHO_THREADS), "
        "and look at what else runs on this machine."
    )
    state = State.BAD if seconds > LAG_SECONDS else State.WARNING
    return Part(name, state, f"Everybody waits at times: {ms} at worst in the last 15 seconds.", do)


def database() -> Part:
    """Ask the database for as little as can be, and judge by its answer's time."""
    began = time.perf_counter()
    db.session.execute(text("select 1"))
    seconds = time.perf_counter() - began
    kind = "PostgreSQL" if db.engine.dialect.name == "postgresql" else "SQLite"
    if seconds <= SLOW_DATABASE_SECONDS:
        return Part("Database", State.GOOD, f"{kind} answers in {1000 * seconds:.1f} ms.")
    do = "Look at the load of its machine and disk, and at what else uses the database."
    return Part("Database", State.WARNING, f"{kind} took {1000 * seconds:,.0f} ms for nothing.", do)


def disk(free: int, size: int) -> Part:
    """Judge the disk of the instance folder."""
    said = f"{free / 1e9:,.1f} GB of {size / 1e9:,.1f} GB are free."
    if free < LITTLE_BYTES or free < LITTLE_SHARE * size:
        do = (
            "When it is full nothing can be saved. Delete what is not needed, such as old backups "
            "or models, or give it a larger disk."
        )
        return Part("Disk", State.BAD, said, do)
    if free < min(SCARCE_BYTES, SCARCE_SHARE * size):
        return Part(
            "Disk",
            State.WARNING,
            said,
            "Make room before it is full: old backups, models that nobody uses.",
        )
    return Part("Disk", State.GOOD, said)


def mail(is_enabled: bool, last: datetime | None, failure: str | None) -> Part:
    """Judge by the last mail that was tried since Echo was started."""
    if not is_enabled:
        said = "No mail server is set: administrators hand out links for new passwords themselves."
        return Part("Mail", State.GOOD, said)
    if last is None:
        return Part(
            "Mail", State.GOOD, "A mail server is set; no mail was sent since Echo was started."
        )
    if failure is None:
        return Part("Mail", State.GOOD, f"The last mail was taken by the server {_ago(last)}.")
    do = "Check MAIL_URL and the mail server; the log has a line for each try."
    return Part("Mail", State.BAD, f"The last mail could not be sent {_ago(last)} ({failure}).", do)


def backups() -> Part:
    """Judge by the last backup that the audit trail knows of."""
    last = db.session.scalar(
        select(func.max(AuditEvent.at)).where(AuditEvent.act == Act.BACKUP_TAKEN)
    )
    do = "Take one every night by python run.py backup FILE (docs/backup.md), or now under Downloads."
    if last is None:
        return Part("Backups", State.WARNING, "No backup was ever taken by Echo.", do)
    state = State.GOOD if utc_now() - last < BACKUP_AGE else State.WARNING
    return Part(
        "Backups", state, f"The last one was taken {_ago(last)}.", "" if state is State.GOOD else do
    )


def errors(count: int, last: datetime | None) -> Part:
    """Judge by when something was last written to the log as an error."""
    if last is None:
        return Part("Errors", State.GOOD, "None since Echo was started.")
    said = f"{_count(count, 'error')} in the log since Echo was started, the last {_ago(last)}."
    if utc_now() - last > LATELY:
        return Part("Errors", State.GOOD, said)
    return Part(
        "Errors",
        State.WARNING,
        said,
        "The newest stand below; the log has their whole story under the number of their request.",
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number or 'no'} {what}s"


def _long(seconds: float) -> str:
    """Return a duration in words, in its largest unit."""
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return _count(int(seconds // size), unit)
    return _count(int(seconds), "second")


def _ago(moment: datetime) -> str:
    seconds = (utc_now() - moment).total_seconds()
    return "just now" if seconds < 60 else f"{_long(seconds)} ago"
