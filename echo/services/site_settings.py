"""Settings that administrators change while Echo runs; what they leave alone comes from the environment.

Knows neither who asks for a value nor how it is edited.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import delete, select

from echo import signals
from echo.config import Settings
from echo.errors import InvalidInput
from echo.extensions import db
from echo.languages import gettext
from echo.limits import BANNER_CHARS, GENERATION_RANGES, RETENTION_DAYS_MAX, SYSTEM_PROMPT_CHARS
from echo.models import SiteSetting, User
from echo.services import audit
from echo.services.audit import Act, Entry

SignupMode = Literal["open", "invite", "closed"]
Switch = Literal["on", "off"]
Sharing = Literal["public", "people", "off"]
IN_ENVIRONMENT: Final = {"signup_mode": "signup"}
"""Settings that the environment knows by another name."""
PROSE: Final = ("banner", "system_prompt")
"""Free texts: the audit trail says only that they changed, for they may name people."""


def _number(name: str) -> Any:
    """Return a pydantic field within the range of the sliders; None is the model's own value."""
    limit = GENERATION_RANGES[name]
    return Field(None, ge=limit.low, le=limit.high)


class SiteSettings(BaseModel):
    """Every setting of this kind. None: the model's own value, and for days: kept without end."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signup_mode: SignupMode = "open"
    retention_days: int | None = Field(None, ge=1, le=RETENTION_DAYS_MAX)
    banner: str = Field("", max_length=BANNER_CHARS)
    system_prompt: str = Field("", max_length=SYSTEM_PROMPT_CHARS)
    help: Switch = "on"
    titles: Switch = "on"
    """Whether the model that answers is asked for a new chat's title."""
    tools: Switch = "on"
    """Whether sums, dates and units in questions are computed for the model."""
    contributors: Switch = "off"
    """Whether visitors see who wrote most."""
    sharing: Sharing = "public"
    """Who may open shared chats at most: whoever has a link, people with an account, nobody."""
    temperature: float | None = _number("temperature")
    top_p: float | None = _number("top_p")
    top_k: int | None = _number("top_k")
    repetition_penalty: float | None = _number("repetition_penalty")
    max_new_tokens: int | None = _number("max_new_tokens")


class Banner(NamedTuple):
    """The administrators' notice; another text has another mark, so it is shown again."""

    text: str
    mark: str

    @classmethod
    def of(cls, text: str) -> Banner:
        return cls(text, hashlib.sha256(text.encode()).hexdigest()[:16])


NAMES: Final = tuple(SiteSettings.model_fields)


def current() -> SiteSettings:
    """Return what holds now: one small query, so that a change acts at once in every process."""
    return environment().model_copy(update=changed())


def environment() -> SiteSettings:
    """Return what holds where nobody has changed anything."""
    settings = Settings.here()
    names = {name: getattr(settings, name) for name in NAMES if hasattr(settings, name)}
    return SiteSettings.model_construct(**{**names, "signup_mode": settings.signup})


def changed() -> dict[str, Any]:
    """Return the values that differ from the environment's, by name."""
    rows = db.session.execute(select(SiteSetting.name, SiteSetting.value))
    return {name: value for name, value in rows if name in SiteSettings.model_fields}


def changed_at() -> dict[str, datetime]:
    """Return when each of them was changed, by name."""
    rows = db.session.execute(select(SiteSetting.name, SiteSetting.updated_at))
    return {name: moment for name, moment in rows if name in SiteSettings.model_fields}


def variable_of(name: str) -> str | None:
    """Return the environment's variable that gives a setting its usual value, where it is set."""
    field = IN_ENVIRONMENT.get(name, name)
    known = Settings.model_fields.get(field)
    is_set = known is not None and field in Settings.here().model_fields_set
    return known.alias if known is not None and is_set else None


def change(actor: User | None, **values: Any) -> SiteSettings:
    """Set some of the settings; what is set already to this value stays untouched.

    Raises:
        InvalidInput: an unknown name or a value that cannot be used (`field` names it).
    """
    wanted = _checked(values)

    def work() -> tuple[None, list[Entry]]:
        before = current()
        news = {name: value for name, value in wanted.items() if getattr(before, name) != value}
        for name, value in news.items():
            db.session.merge(SiteSetting(name=name, value=value))
        detail = {name: _said(name, getattr(before, name), value) for name, value in news.items()}
        return None, [_entry(actor, detail)] if news else []

    return _changed_by(work)


def reset(actor: User | None, name: str) -> SiteSettings:
    """Let the environment's value hold again; raises InvalidInput for an unknown name."""
    if name not in NAMES:
        raise InvalidInput(gettext("There is no such setting."), field="name")

    def work() -> tuple[None, list[Entry]]:
        present = changed()
        db.session.execute(delete(SiteSetting).where(SiteSetting.name == name))
        return None, [_entry(actor, {name: "reset"})] if name in present else []

    return _changed_by(work)


def _changed_by(work: Callable[[], tuple[None, list[Entry]]]) -> SiteSettings:
    """Change settings; open chats are told of another notice."""
    before = current().banner
    audit.transaction(work)
    now = current()
    if now.banner != before:
        signals.banner_changed.send(Banner.of(now.banner))
    return now


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    try:
        checked = SiteSettings(**values)
    except ValidationError as failure:
        first = failure.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise InvalidInput(f"{name}: {first['msg']}.", field=name) from None
    return {name: getattr(checked, name) for name in values}


def _said(name: str, before: Any, value: Any) -> Any:
    return "changed" if name in PROSE else [before, value]


def _entry(actor: User | None, detail: dict[str, Any]) -> Entry:
    return Entry(Act.SETTINGS_CHANGED, actor.id if actor else None, None, "site_settings", detail)
