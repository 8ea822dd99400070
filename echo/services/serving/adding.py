"""Adding a model while Echo serves: looked at first, then fetched beside the serving. Knows no page.

One at a time. The work lives in this process; what is complete on the disk outlives it and is gone on with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import structlog

from echo import hub, signals
from echo.errors import Conflict, EchoError, StorageUnavailable
from echo.extensions import db
from echo.languages import carried, gettext, mark
from echo.models import User
from echo.services import audit, background
from echo.services.audit import Act, Entry
from echo.services.library import InstalledModel, Library, Plan, Step, room
from echo.services.library.adding import refuse_without_room
from echo.services.library.records import Records

log = structlog.get_logger()

TELL_SECONDS: Final = 0.25
FAILED: Final = mark("It could not be added. The server's log says why.")

State = Literal["adding", "added", "failed", "stopped"]


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to add: see `Library.plan`."""

    source: str
    name: str | None = None
    base: str | None = None


@dataclass(frozen=True)
class Needs:
    """What adding a model would take beside what there is, in bytes."""

    plan: Plan
    download: int
    disk: int
    disk_free: int
    memory: int
    """While it is served; 0 where that is not known, or its base's memory serves it."""
    memory_free: int
    memory_total: int
    problem: str
    """Why there is no room for it; nothing where there is."""


@dataclass
class Adding:
    """One model that is being added, or the last one that was."""

    wanted: Wanted
    plan: Plan
    actor_id: int
    step: Step
    state: State = "adding"
    note: str = ""
    error: str = ""
    cancel: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def progress(self) -> float | None:
        """The part that is done, from 0 to 1; None while that cannot be told."""
        return min(1.0, self.step.done / self.step.total) if self.step.total else None

    @property
    def told(self) -> str:
        """How far it is, in words."""
        if self.cancel.is_set():
            return gettext("Being stopped…")
        if not self.step.total:
            return self.step.what
        return gettext(
            "%(what)s: %(done)s of %(total)s",
            what=self.step.what,
            done=room.size(self.step.done),
            total=room.size(self.step.total),
        )

    def take(self, step: Step) -> None:
        """Note a step; called from the thread that fetches."""
        self.step = step
        self.note = step.note or self.note

    def as_payload(self) -> dict[str, object]:
        """Return what administrators' pages show while they wait."""
        progress = None if self.progress is None else round(self.progress, 3)
        return {
            "name": self.name,
            "state": self.state,
            "progress": progress,
            "told": self.told,
            "error": self.error or None,
        }


class Adder:
    """Adds models to a library, one at a time, and has them offered."""

    def __init__(self, library: Library, offer: Callable[[], None]) -> None:
        self.library = library
        self._offer = offer
        self.last: Adding | None = None
        """What is being added, or how the last one ended, until somebody puts that away."""

    @property
    def current(self) -> Adding | None:
        """What is being added at this moment."""
        return self.last if self.last is not None and self.last.state == "adding" else None

    def unfinished(self) -> list[InstalledModel]:
        """Return models whose adding was cut in the middle and can go on."""
        begun = {record.name for record in Records(self.library.folder).begun()}
        busy = self.last.name if self.last else None
        return [
            model
            for model in hub.run_native(self.library.installed)
            if model.name in begun and model.state == "incomplete" and model.name != busy
        ]

    def look(self, wanted: Wanted) -> Needs:
        """Return what adding this would take; raises what `Library.plan` does."""
        plan = self._plan(wanted)
        return hub.run_native(carried(_needs), self.library, plan)

    def begin(self, actor: User, wanted: Wanted) -> Adding:
        """Begin to add a model.

        Raises:
            Conflict: another one is being added.
            EchoError: as `Library.plan`.
        """
        self._refuse_second()
        plan = self._plan(wanted)
        self._refuse_second()  # somebody may have been quicker while the Hub was asked
        adding = self.last = Adding(
            wanted, plan, actor.id, Step(0, plan.download, gettext("It begins"))
        )
        background.run(carried(self._add), adding)
        background.run(self._tell, adding)
        return adding

    def stop(self) -> None:
        """Stop what is being added; what is complete is kept."""
        if self.current is not None:
            self.current.cancel.set()

    def put_away(self) -> None:
        """Forget how the last one ended."""
        if self.current is None:
            self.last = None

    def _plan(self, wanted: Wanted) -> Plan:
        db.session.commit()  # nothing is written: the connection goes back meanwhile
        return hub.run_native(carried(self.library.plan), wanted.source, wanted.name, wanted.base)

    def _refuse_second(self) -> None:
        if self.current is not None:
            raise Conflict(
                gettext(
                    "%(name)s is being added. Wait until that is done, or stop it first.",
                    name=self.current.name,
                )
            )

    def _add(self, adding: Adding) -> None:
        try:
            hub.run_native(carried(self.library.add), adding.plan, adding.take, adding.cancel)
            self._offer()
            audit.transaction(lambda: (None, _entries(adding)))
            adding.state = "added"
        except EchoError as failure:
            log.warning("a model was not added", model=adding.name, error=failure.code)
            adding.error = failure.text
        except Exception:
            log.exception("a model was not added", model=adding.name)
            adding.error = gettext(FAILED)
        if adding.error:
            adding.state = "stopped" if adding.cancel.is_set() else "failed"
        signals.models_changed.send(self)

    def _tell(self, adding: Adding) -> None:
        """Say how far it is, while there is something new to say."""
        said = None
        while adding.state == "adding":
            if (now := (adding.step, adding.cancel.is_set())) != said:
                said = now
                signals.models_changed.send(self)
            hub.sleep(TELL_SECONDS)


def _needs(library: Library, plan: Plan) -> Needs:
    weights = plan.record.weights
    shares = plan.record.kind == "adapter"
    return Needs(
        plan=plan,
        download=plan.download + (plan.base.download if plan.base else 0),
        disk=library.disk_needed(plan),
        disk_free=room.disk_free(library.folder),
        memory=room.memory_needed(weights, library.width) if weights and not shares else 0,
        memory_free=room.memory_available(),
        memory_total=room.memory_total(),
        problem=_problem(library, plan),
    )


def _problem(library: Library, plan: Plan) -> str:
    """Return why there is no room for the model and its base, in the words of the library."""
    try:
        for each in filter(None, (plan.base, plan)):
            refuse_without_room(each, library.folder, library.width)
    except StorageUnavailable as refusal:
        return refusal.text
    return ""


def _entries(adding: Adding) -> list[Entry]:
    """What the audit trail says: the model, and its base where that was added first."""
    plans = filter(None, (adding.plan.base, adding.plan))
    return [
        Entry(
            Act.MODEL_ADDED,
            adding.actor_id,
            None,
            f"model {plan.name}",
            {"kind": plan.record.kind, "source": _source(plan)},
        )
        for plan in plans
    ]


def _source(plan: Plan) -> str:
    """Where it came from; of a path only that it is one, for the trail is never deleted."""
    return "a path of this machine" if plan.record.path is not None else plan.record.source
