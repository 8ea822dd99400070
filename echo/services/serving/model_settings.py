"""The rows of what administrators settled about models: read, checked, written. Knows no engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError
from sqlalchemy import select

from echo.errors import InvalidInput
from echo.extensions import db
from echo.languages import gettext, number
from echo.limits import (
    CONTEXT_TOKENS_LEAST,
    CONTEXT_TOKENS_MOST,
    GENERATION_RANGES,
    SYSTEM_PROMPT_CHARS,
    TEMPLATE_CHARS,
)
from echo.models import ModelSetting, User
from echo.policies import RoleName
from echo.services import audit
from echo.services.audit import Act, Entry
from echo.text import storable

PROSE: Final = ("system_prompt", "template")
"""Free texts: the audit trail says only that they changed."""
_GRAMMAR: Final = Environment(
    extensions=["jinja2.ext.loopcontrols"]
)  # it only reads, and runs nothing
_MARKS: Final = re.compile(r"{%-?\s*(end)?generation\s*-?%}")
"""Marks by which training finds the replies: chat templates may hold them, plain Jinja knows none."""


@dataclass(frozen=True)
class Settled:
    """What holds for one model."""

    least_role: RoleName = RoleName.USER
    help: bool = True
    system_prompt: str | None = None
    sampling: Mapping[str, float] = field(default_factory=dict)
    context_length: int | None = None
    template: str | None = None
    calls_tools: bool = False


NOTHING: Final = Settled()


def all_settled() -> dict[str, Settled]:
    """Return what was settled, by the model's name; what is absent holds as its files say."""
    return {row.name: _settled(row) for row in db.session.scalars(select(ModelSetting))}


def _settled(row: ModelSetting) -> Settled:
    values = {name: getattr(row, name) for name in Settled.__dataclass_fields__}
    return Settled(**{**values, "least_role": RoleName(row.least_role)})


def change(actor: User | None, name: str, values: Mapping[str, Any]) -> Settled:
    """Settle some values of one model; raises InvalidInput (`field` names the wrong one)."""
    wanted = {key: _checked(key, value) for key, value in values.items()}

    def work() -> tuple[Settled, list[Entry]]:
        before = all_settled().get(name, NOTHING)
        after = Settled(**{**vars(before), **wanted})
        changed = {key: value for key, value in vars(after).items() if value != vars(before)[key]}
        if changed:
            db.session.merge(ModelSetting(name=name, **asdict(after)))
        detail = {key: _said(key, vars(before)[key], value) for key, value in changed.items()}
        return after, [_entry(actor, name, detail)] if changed else []

    return audit.transaction(work)


def forget(name: str) -> None:
    """A model was removed: another one of the same name starts anew. In the caller's transaction."""
    row = db.session.get(ModelSetting, name)
    if row is not None:
        db.session.delete(row)


def _checked(key: str, value: Any) -> Any:
    if key not in Settled.__dataclass_fields__:
        raise InvalidInput(
            gettext("Nothing called “%(name)s” can be settled.", name=key[:40]), field=key[:40]
        )
    return _CHECKS[key](value)


def _role(value: Any) -> RoleName:
    try:
        return RoleName(value)
    except ValueError:
        raise InvalidInput(gettext("This is not a role."), field="least_role") from None


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(gettext("This is on or off."), field=name)
    return value


def _prompt(value: Any) -> str | None:
    return _text(value, "system_prompt", SYSTEM_PROMPT_CHARS)


def _template(value: Any) -> str | None:
    text = _text(value, "template", TEMPLATE_CHARS)
    try:
        _GRAMMAR.parse(_MARKS.sub("", text or ""))
    except TemplateSyntaxError as failure:
        said = gettext(
            "This is no template, line %(line)s: %(why)s",
            line=failure.lineno,
            why=failure.message,
        )
        raise InvalidInput(said, field="template") from failure
    except RecursionError as failure:
        raise InvalidInput(
            gettext("This template is nested too deeply."), field="template"
        ) from failure
    return text


def _text(value: Any, name: str, most: int) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most:
        raise InvalidInput(
            gettext("This text has at most %(most)s characters.", most=number(most)), field=name
        )
    return storable(value) or None


def _sampling(value: Any) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise InvalidInput(gettext("Sampling is some numbers by name."), field="sampling")
    return {
        name: _number(str(name), number) for name, number in value.items() if number is not None
    }


def _number(name: str, value: Any) -> float:
    limit = GENERATION_RANGES.get(name)
    if limit is None:
        raise InvalidInput(
            gettext("There is no setting called “%(name)s”.", name=name[:40]), field=name[:40]
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInput(gettext("%(name)s is a number.", name=name), field=name)
    if not limit.low <= value <= limit.high:
        raise InvalidInput(
            gettext(
                "%(name)s is from %(least)s to %(most)s.",
                name=name,
                least=limit.low,
                most=limit.high,
            ),
            field=name,
        )
    return value


def _context(value: Any) -> int | None:
    if value is None:
        return None
    whole = value if isinstance(value, int) and not isinstance(value, bool) else 0
    if not CONTEXT_TOKENS_LEAST <= whole <= CONTEXT_TOKENS_MOST:
        text = gettext(
            "A window has from %(least)s to %(most)s tokens.",
            least=CONTEXT_TOKENS_LEAST,
            most=number(CONTEXT_TOKENS_MOST),
        )
        raise InvalidInput(text, field="context_length")
    return whole


_CHECKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "least_role": _role,
    "help": partial(_switch, "help"),
    "calls_tools": partial(_switch, "calls_tools"),
    "system_prompt": _prompt,
    "sampling": _sampling,
    "context_length": _context,
    "template": _template,
}


def _said(key: str, before: Any, value: Any) -> Any:
    return "changed" if key in PROSE else [before, value]


def _entry(actor: User | None, name: str, detail: dict[str, Any]) -> Entry:
    return Entry(Act.MODEL_CHANGED, actor.id if actor else None, None, f"model {name}", detail)
