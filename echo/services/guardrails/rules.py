"""The rules as rows: which hold now, what administrators do to them. Each act is a row of the trail."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import func, select

from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import GUARD_RULES
from echo.models import GuardAct, GuardKind, GuardPlace, GuardRule, User
from echo.models.types import new_id
from echo.services import audit
from echo.services.audit import Act, Entry
from echo.services.guardrails import classifier, matching
from echo.services.guardrails.judging import Rule
from echo.services.tokens import mark_of, refuse_changed
from echo.text import storable

COLUMNS: Final = (
    GuardRule.id,
    GuardRule.name,
    GuardRule.place,
    GuardRule.kind,
    GuardRule.what,
    GuardRule.threshold,
    GuardRule.act,
    GuardRule.reason,
)

CHANGED: Final = mark(
    "Somebody changed this rule meanwhile. What is stored now stands below; "
    "save again to put yours in its place."
)


@dataclass(frozen=True)
class Wanted:
    """A rule as an administrator writes it, checked."""

    name: str
    place: str
    kind: str
    what: str
    act: str
    reason: str
    threshold: float | None = None
    is_on: bool = False

    def __post_init__(self) -> None:
        if self.kind == GuardKind.CLASSIFIER:
            _check_classifier(self)
        else:
            matching.check(self.kind, self.what, self.place, self.act)

    @property
    def rule(self) -> Rule:
        """The same as a rule that can be tried."""
        values = asdict(self)
        del values["is_on"]
        return Rule(id="", folder=classifier.folder(), **values)


def active(*places: GuardPlace) -> list[Rule]:
    """Return the rules that are on and look at one of these, the oldest first.

    One small query, so that a change acts at once in every process.
    """
    wanted = GuardRule.place.in_([GuardPlace.BOTH, *places])
    query = select(*COLUMNS).where(GuardRule.is_on, wanted).order_by(GuardRule.id)
    folder = classifier.folder()
    return [Rule(*row, folder=folder) for row in db.session.execute(query)]


def _check_classifier(wanted: Wanted) -> None:
    """Raise InvalidInput where no classifier can say what this rule asks; EngineFailed where it is away."""
    if not classifier.folder():
        raise InvalidInput(
            gettext("This server has no classifier: ECHO_GUARD_CLASSIFIER names none."),
            field="kind",
        )
    if wanted.act == GuardAct.MASK or (
        wanted.act == GuardAct.REFUSE and wanted.place != GuardPlace.QUESTION
    ):
        raise InvalidInput(
            gettext(
                "A classifier judges whole texts: it masks nothing, and refuses questions alone."
            ),
            field="act",
        )
    if wanted.threshold is None:
        raise InvalidInput(gettext("Say how sure it must be, from 0.01 to 1."), field="threshold")
    labels = classifier.of(classifier.folder()).labels()
    if wanted.what not in labels:
        known = ", ".join(labels)[:300]
        raise InvalidInput(
            gettext("The classifier knows these labels: %(known)s.", known=known), field="what"
        )


def find(rule_id: str) -> GuardRule:
    """Return a rule; raises NotFound."""
    row = db.session.get(GuardRule, storable(rule_id))
    if row is None:
        raise NotFound(gettext("There is no such rule, or it has been deleted."))
    return row


def version(row: GuardRule) -> str:
    """Return a mark of a rule that changes when anything of it changes."""
    return mark_of(*(str(getattr(row, name)) for name in Wanted.__dataclass_fields__))


def add(actor: User, wanted: Wanted) -> str:
    """Add a rule and return its id; raises Conflict where there are too many."""
    rule_id = new_id()

    def work() -> tuple[None, list[Entry]]:
        if (db.session.scalar(select(func.count(GuardRule.id))) or 0) >= GUARD_RULES:
            most = number(GUARD_RULES)
            raise Conflict(
                gettext("%(most)s rules are the most. Please delete some first.", most=most)
            )
        db.session.add(GuardRule(id=rule_id, **asdict(wanted)))
        said = {"rule": wanted.name, "does": wanted.act, "on": wanted.is_on}
        return None, [_entry(Act.GUARD_RULE_ADDED, actor, rule_id, **said)]

    audit.transaction(work)
    return rule_id


def change(actor: User, rule_id: str, wanted: Wanted, seen: str | None = None) -> None:
    """Change a rule; what it decided before stays as it was.

    Raises:
        NotFound: it is not there.
        Conflict: somebody else changed it since `seen` (field "version").
    """

    def work() -> tuple[None, list[Entry]]:
        row = find(rule_id)
        refuse_changed(seen, version(row), CHANGED)
        news = {name: new for name, new in asdict(wanted).items() if getattr(row, name) != new}
        detail = {name: _told(name, getattr(row, name), new) for name, new in news.items()}
        for name, new in news.items():
            setattr(row, name, new)
        said = {"rule": wanted.name, **detail}
        return None, [_entry(Act.GUARD_RULE_CHANGED, actor, rule_id, **said)] if news else []

    audit.transaction(work)


def switch(actor: User, rule_id: str, is_on: bool) -> None:
    """Let a rule hold, or not; raises NotFound."""

    def work() -> tuple[None, list[Entry]]:
        row = find(rule_id)
        if row.is_on == is_on:
            return None, []
        row.is_on = is_on
        said = {"rule": row.name, "is_on": [not is_on, is_on]}
        return None, [_entry(Act.GUARD_RULE_CHANGED, actor, rule_id, **said)]

    audit.transaction(work)


def remove(actor: User, rule_id: str) -> None:
    """Delete a rule; what it decided stays. Raises NotFound."""

    def work() -> tuple[None, list[Entry]]:
        row = find(rule_id)
        db.session.delete(row)
        return None, [_entry(Act.GUARD_RULE_REMOVED, actor, rule_id, rule=row.name)]

    audit.transaction(work)


def _told(name: str, before: Any, now: Any) -> Any:
    """Return what the trail says of a change; long texts it does not hold."""
    return "changed" if name in ("what", "reason") else [before, now]


def _entry(act: Act, actor: User, rule_id: str, **detail: Any) -> Entry:
    return Entry(act, actor.id, None, f"guard_rules/{rule_id}", detail)
