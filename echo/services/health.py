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
from echo.languages import gettext, mark, ngettext, number, tenths
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
    """One part: its name (`mark`ed), what is so, and where that is not good, what to do.

    `process` is where it is so, for what one of several processes says of itself.
    """

    name: str
    state: State
    said: str
    do: str = ""
    process: str = ""


def worst_first(parts: list[Part]) -> list[Part]:
    """Return the parts with what needs somebody at the top; the order is theirs otherwise."""
    return sorted(parts, key=lambda part: list(State).index(part.state))


def engine(state: str, model: str, restarts: int, error: str | None) -> Part:
    """Judge the engine by the state of its usual model."""
    name = mark("Model")
    if state == "ready" and not restarts:
        return Part(name, State.GOOD, gettext("%(model)s answers.", model=model))
    if state == "ready":
        said = ngettext(
            "%(model)s answers, but the engine was started again once since Echo was.",
            "%(model)s answers, but the engine was started again %(count)s times since Echo was.",
            restarts,
            count=number(restarts),
            model=model,
        )
        do = gettext(
            "The log names the step that failed. If it comes back, give it less to hold "
            "(ECHO_SLOTS, ECHO_CACHE_MB) or choose another model."
        )
        return Part(name, State.WARNING, said, do)
    if state == "loading":
        do = gettext("Wait: Models shows how far it is.")
        said = gettext("%(model)s is being loaded; nobody is answered until then.", model=model)
        return Part(name, State.WARNING, said, do)
    return _broken(name, state, {"model": model, "why": (error or "").rstrip(".")})


def _broken(name: str, state: str, facts: dict[str, str]) -> Part:
    if state == "restarting":
        said = (
            gettext("%(model)s has failed and is being started again: %(why)s.", **facts)
            if facts["why"]
            else gettext("%(model)s has failed and is being started again.", **facts)
        )
        do = gettext(
            "Wait a little. If it stays so, the log names what failed; "
            "another model can be made the default under Models."
        )
        return Part(name, State.BAD, said, do)
    said = (
        gettext("%(model)s does not answer: %(why)s.", **facts)
        if facts["why"]
        else gettext("%(model)s does not answer.", **facts)
    )
    do = gettext(
        "Under Models load it again or make another one the default. Start Echo anew if neither helps."
    )
    return Part(name, State.BAD, said, do)


def queue(waiting: int, running: int, slot: float, first_word: float) -> Part:
    """Judge how long people wait; `slot` and `first_word` are the longest waits of now, in seconds."""
    name = mark("Queue")
    now = gettext(
        "%(answers)s being written, %(waiting)s waiting",
        answers=_answers(running),
        waiting=number(waiting) if waiting else gettext("none"),
    )
    if first_word > FIRST_WORD_SECONDS:
        said = gettext(
            "Somebody has waited %(time)s for a first word; %(now)s.",
            time=_long(first_word),
            now=now,
        )
        do = gettext(
            "Look at the model above. Starting Echo anew ends what hangs; nothing that was said is lost."
        )
        return Part(name, State.BAD, said, do)
    if slot > SLOT_SECONDS:
        said = gettext(
            "People wait: one for %(time)s before the model even begins; %(now)s.",
            time=_long(slot),
            now=now,
        )
        do = gettext(
            "More slots (ECHO_SLOTS), a smaller model, shorter answers or another machine."
        )
        return Part(name, State.WARNING, said, do)
    return Part(name, State.GOOD, gettext("Nobody waits long: %(now)s.", now=now))


def hub_lag(seconds: float) -> Part:
    """Judge how late green threads are woken."""
    name = mark("Web server")
    late = _ms(seconds)
    if seconds <= NOTICEABLE_LAG_SECONDS:
        said = gettext(
            "Clicks are taken at once: %(time)s late at worst in the last 15 seconds.", time=late
        )
        return Part(name, State.GOOD, said)
    said = gettext("Everybody waits at times: %(time)s at worst in the last 15 seconds.", time=late)
    do = gettext(
        "The processor is taken by something else. Leave the web server a core (ECHO_THREADS), "
        "and look at what else runs on this machine."
    )
    return Part(name, State.BAD if seconds > LAG_SECONDS else State.WARNING, said, do)


def processes(heard: int, alive: int | None) -> Part:
    """Judge how many of the processes that share this Echo answer; None of them `alive`: nobody can tell."""
    name = mark("Processes")
    if alive is None:
        said = gettext("Redis does not answer: each process goes on by itself.")
        do = gettext(
            "Start Redis again, or look at REDIS_URL; what is missed meanwhile is made up for."
        )
        return Part(name, State.BAD, said, do)
    serving = ngettext(
        "%(num)s process serves this Echo.", "%(num)s processes serve this Echo.", alive
    )
    if heard >= alive:
        return Part(name, State.GOOD, serving)
    said = ngettext(
        "%(num)s process does not answer.", "%(num)s processes do not answer.", alive - heard
    )
    do = gettext("Look again in ten seconds. What does not answer then hangs: start it anew.")
    return Part(name, State.WARNING, f"{serving} {said}", do)


def database() -> Part:
    """Ask the database for as little as can be, and judge by its answer's time."""
    began = time.perf_counter()
    db.session.execute(text("select 1"))
    seconds = time.perf_counter() - began
    kind = "PostgreSQL" if db.engine.dialect.name == "postgresql" else "SQLite"
    name = mark("Database")
    if seconds <= SLOW_DATABASE_SECONDS:
        took = f"{tenths(1000 * seconds)} ms"
        return Part(
            name, State.GOOD, gettext("%(kind)s answers in %(time)s.", kind=kind, time=took)
        )
    said = gettext("%(kind)s took %(time)s for nothing.", kind=kind, time=_ms(seconds))
    do = gettext("Look at the load of its machine and disk, and at what else uses the database.")
    return Part(name, State.WARNING, said, do)


def disk(free: int, size: int) -> Part:
    """Judge the disk of the instance folder."""
    name = mark("Disk")
    said = gettext("%(free)s GB of %(size)s GB are free.", free=_gb(free), size=_gb(size))
    if free < LITTLE_BYTES or free < LITTLE_SHARE * size:
        do = gettext(
            "When it is full nothing can be saved. Delete what is not needed, such as old backups "
            "or models, or give it a larger disk."
        )
        return Part(name, State.BAD, said, do)
    if free < min(SCARCE_BYTES, SCARCE_SHARE * size):
        do = gettext("Make room before it is full: old backups, models that nobody uses.")
        return Part(name, State.WARNING, said, do)
    return Part(name, State.GOOD, said)


def mail(is_enabled: bool, last: datetime | None, failure: str | None) -> Part:
    """Judge by the last mail that was tried since Echo was started."""
    name = mark("Mail")
    if not is_enabled:
        said = gettext(
            "No mail server is set: administrators hand out links for new passwords themselves."
        )
        return Part(name, State.GOOD, said)
    if last is None:
        said = gettext("A mail server is set; no mail was sent since Echo was started.")
        return Part(name, State.GOOD, said)
    if failure is None:
        said = gettext("The last mail was taken by the server %(ago)s.", ago=_ago(last))
        return Part(name, State.GOOD, said)
    said = gettext(
        "The last mail could not be sent %(ago)s (%(failure)s).", ago=_ago(last), failure=failure
    )
    do = gettext("Check MAIL_URL and the mail server; the log has a line for each try.")
    return Part(name, State.BAD, said, do)


def backups() -> Part:
    """Judge by the last backup that the audit trail knows of."""
    last = db.session.scalar(
        select(func.max(AuditEvent.at)).where(AuditEvent.act == Act.BACKUP_TAKEN)
    )
    name = mark("Backups")
    do = gettext(
        "Take one every night by python run.py backup FILE (docs/backup.md), or now under Downloads."
    )
    if last is None:
        return Part(name, State.WARNING, gettext("No backup was ever taken by Echo."), do)
    said = gettext("The last one was taken %(ago)s.", ago=_ago(last))
    if utc_now() - last < BACKUP_AGE:
        return Part(name, State.GOOD, said)
    return Part(name, State.WARNING, said, do)


def errors(count: int, last: datetime | None) -> Part:
    """Judge by when something was last written to the log as an error."""
    name = mark("Errors")
    if last is None:
        return Part(name, State.GOOD, gettext("None since Echo was started."))
    said = ngettext(
        "%(count)s error in the log since Echo was started, the last %(ago)s.",
        "%(count)s errors in the log since Echo was started, the last %(ago)s.",
        count,
        count=number(count),
        ago=_ago(last),
    )
    if utc_now() - last > LATELY:
        return Part(name, State.GOOD, said)
    do = gettext(
        "The newest stand below; the log has their whole story under the number of their request."
    )
    return Part(name, State.WARNING, said, do)


def _answers(count: int) -> str:
    if not count:
        return gettext("no answers")
    return ngettext("%(count)s answer", "%(count)s answers", count, count=number(count))


def _gb(count: int) -> str:
    return tenths(count / 1e9)


def _ms(seconds: float) -> str:
    return f"{number(round(1000 * seconds))} ms"


def _long(seconds: float) -> str:
    """Return a duration in words, in its largest unit."""
    if days := int(seconds // 86_400):
        return ngettext("%(count)s day", "%(count)s days", days, count=number(days))
    if hours := int(seconds // 3_600):
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    if minutes := int(seconds // 60):
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    return ngettext("%(num)s second", "%(num)s seconds", int(seconds))


def _ago(moment: datetime) -> str:
    seconds = (utc_now() - moment).total_seconds()
    return gettext("just now") if seconds < 60 else gettext("%(time)s ago", time=_long(seconds))
