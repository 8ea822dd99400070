"""What holds for each setting of the site at this moment, and who says so, in words. Knows no form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from echo.forms.admin import SHARING, SIGNUP_MODES, SWITCH
from echo.languages import gettext, mark, number
from echo.services import site_settings
from echo.services.serving import Models, ModelView
from echo.services.serving.model_settings import NOTHING
from echo.services.site_settings import SiteSettings
from echo.services.turns import sampling
from echo.services.turns.sampling import Held, Layer

WORDS: Final[dict[str, Mapping[Any, str]]] = {
    "signup_mode": SIGNUP_MODES,
    "help": SWITCH,
    "titles": SWITCH,
    "tools": SWITCH,
    "contributors": SWITCH,
    "sharing": SHARING,
}
UNSET: Final = {
    "retention_days": mark("without end"),
    "banner": mark("none"),
    "system_prompt": mark("none"),
}
OF_THE_MODEL: Final = mark("the model’s own")


@dataclass(frozen=True)
class Now:
    """One setting: its value, who says so, since when (where it was changed here), and who differs."""

    value: str
    source: str
    since: datetime | None = None
    others: dict[str, str] = field(default_factory=dict)
    """Values of models that have one of their own, by the model's name."""


def in_words(name: str, value: Any) -> str:
    """Return a setting's value as a page says it."""
    if value in (None, ""):
        return gettext(UNSET.get(name, OF_THE_MODEL))
    if name in WORDS:
        return gettext(WORDS[name][value])
    return number(value) if isinstance(value, int) else str(value)


def of_site() -> dict[str, Now]:
    """Return what holds, by the setting's name; of what models say, for the default model."""
    site, since = site_settings.current(), site_settings.changed_at()
    found = {
        name: Now(in_words(name, getattr(site, name)), _said_by(name, since), since.get(name))
        for name in site_settings.NAMES
    }
    views = Models.here().views()
    default = next((view for view in views if view.is_default), None)
    if default is not None:
        for name, held in _held(site, default).items():
            others = _others(name, views, default)
            found[name] = replace(_now(name, held, default, found[name]), others=others)
    if site.help == "on":
        silent = {view.name: gettext(SWITCH["off"]) for view in views if not view.settled.help}
        found["help"] = replace(found["help"], others=silent)
    return found


def beneath(view: ModelView) -> dict[str, Now]:
    """Return what holds for a model where its own field is left empty."""
    site, since = site_settings.current(), site_settings.changed_at()
    bare = replace(view, settled=NOTHING)
    return {
        name: _now(name, held, view, Now("", _said_by(name, since, mark("set under Settings"))))
        for name, held in _held(site, bare).items()
    }


def _held(site: SiteSettings, view: ModelView) -> dict[str, Held]:
    return sampling.held(site, Models.here().chosen(view.name, view.settled))


def _now(name: str, held: Held, view: ModelView, by_site: Now) -> Now:
    if held.layer is Layer.AUTHORS and not view.status.defaults:
        known = gettext("known once %(model)s is loaded", model=view.name)
        return Now(gettext("its own"), known)
    words = in_words(name, held.value)
    sources = {
        Layer.AUTHORS: gettext("from the files of %(model)s", model=view.name),
        Layer.CARD: gettext("recommended with %(model)s", model=view.name),
        Layer.MODEL: gettext("set for %(model)s under Models", model=view.name),
    }
    if held.layer is Layer.SITE:
        return replace(by_site, value=words)
    return Now(words, sources[held.layer])


def _said_by(name: str, since: Mapping[str, datetime], changed: str = mark("set here")) -> str:
    if name in since:
        return gettext(changed)
    variable = site_settings.variable_of(name)
    if variable is None:
        return gettext("Echo’s usual value")
    return gettext("from %(variable)s in the server’s environment", variable=variable)


def _others(name: str, views: list[ModelView], default: ModelView) -> dict[str, str]:
    def own(view: ModelView) -> Any:
        if name == "system_prompt":
            return view.settled.system_prompt
        return view.settled.sampling.get(name)

    found = {view.name: own(view) for view in views if view is not default}
    return {each: in_words(name, value) for each, value in found.items() if value is not None}
