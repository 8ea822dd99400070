"""Which prompt and sampling a turn gets: the conversation's, else the model's as settled, else the site's,
else the model's card's, else its authors'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from echo.config import Settings
from echo.generation import SamplingParams
from echo.services.serving import Chosen
from echo.services.site_settings import SiteSettings

USUAL_PROMPT = str(Settings.model_fields["system_prompt"].default)
NAMES = ("temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens")
WHOLE = ("top_k", "max_new_tokens")


class Layer(Enum):
    """Who says a value, the weakest first: each is heard where those after it are silent."""

    AUTHORS = auto()
    CARD = auto()
    SITE = auto()
    MODEL = auto()
    """What administrators settled for the model."""


@dataclass(frozen=True)
class Held:
    """A value that holds, and who says so."""

    value: Any
    layer: Layer


def held(settings: SiteSettings, chosen: Chosen) -> dict[str, Held]:
    """Return what holds for a conversation without settings of its own, by name."""
    layers: tuple[tuple[Layer, Mapping[str, Any]], ...] = (
        (Layer.AUTHORS, {name: getattr(chosen.defaults, name) for name in NAMES}),
        (Layer.CARD, chosen.card.sampling),
        (Layer.SITE, {name: getattr(settings, name) for name in NAMES}),
        (Layer.MODEL, chosen.settled.sampling),
    )
    found = {
        name: Held(int(value) if name in WHOLE else value, layer)
        for layer, values in layers
        for name, value in values.items()
        if value is not None
    }
    return found | {"system_prompt": _prompt_held(settings, chosen)}


def _prompt_held(settings: SiteSettings, chosen: Chosen) -> Held:
    if chosen.settled.system_prompt is not None:
        return Held(chosen.settled.system_prompt, Layer.MODEL)
    if settings.system_prompt == USUAL_PROMPT and chosen.card.system_prompt:
        return Held(chosen.card.system_prompt, Layer.CARD)  # nobody here has written one
    return Held(settings.system_prompt, Layer.SITE)


def defaults(settings: SiteSettings, chosen: Chosen) -> SamplingParams:
    """Return what a conversation without settings of its own uses."""
    found = held(settings, chosen)
    return replace(chosen.defaults, **{name: found[name].value for name in NAMES})


def system_prompt(settings: SiteSettings, chosen: Chosen) -> str:
    """Return what a conversation without a prompt of its own begins with."""
    return str(_prompt_held(settings, chosen).value)


def sampling_for(own: Mapping[str, Any], settings: SiteSettings, chosen: Chosen) -> SamplingParams:
    """Return the sampling for a conversation; its own token limit cannot exceed the site's."""
    base = defaults(settings, chosen)
    wanted = {name: own[name] for name in NAMES if own.get(name) is not None}
    if settings.max_new_tokens is not None and "max_new_tokens" in wanted:
        wanted["max_new_tokens"] = min(wanted["max_new_tokens"], settings.max_new_tokens)
    return replace(base, **wanted)


def sampling_for_program(
    own: Mapping[str, Any], settings: SiteSettings, chosen: Chosen, window: int
) -> SamplingParams:
    """Return the sampling for a program's call: what it wants, else what is usual here.

    Nobody reads along who could let a short answer go on: its length is bounded by the site's limit and the
    model's window alone.
    """
    most = settings.max_new_tokens or window
    usual = chosen.settled.sampling.get("max_new_tokens") or most
    wanted = {"max_new_tokens": int(usual)} | {k: v for k, v in own.items() if v is not None}
    wanted["max_new_tokens"] = min(wanted["max_new_tokens"], most)
    return replace(defaults(settings, chosen), **wanted)
