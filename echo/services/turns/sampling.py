"""Which prompt and sampling a turn gets: the conversation's, else the model's as settled, else the site's,
else the model's card's, else its authors'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from echo.config import Settings
from echo.generation import SamplingParams
from echo.services.serving import Chosen
from echo.services.site_settings import SiteSettings

USUAL_PROMPT = str(Settings.model_fields["system_prompt"].default)
NAMES = ("temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens")
WHOLE = ("top_k", "max_new_tokens")


def defaults(settings: SiteSettings, chosen: Chosen) -> SamplingParams:
    """Return what a conversation without settings of its own uses."""
    site = {name: getattr(settings, name) for name in NAMES}
    given: dict[str, Any] = {
        name: value
        for values in (chosen.card.sampling, site, chosen.settled.sampling)
        for name, value in values.items()
        if value is not None
    }
    whole = {name: int(given[name]) for name in WHOLE if name in given}
    return replace(chosen.defaults, **{**given, **whole})


def system_prompt(settings: SiteSettings, chosen: Chosen) -> str:
    """Return what a conversation without a prompt of its own begins with."""
    if chosen.settled.system_prompt is not None:
        return chosen.settled.system_prompt
    if settings.system_prompt == USUAL_PROMPT:  # nobody here has written one
        return chosen.card.system_prompt or USUAL_PROMPT
    return settings.system_prompt


def sampling_for(own: Mapping[str, Any], settings: SiteSettings, chosen: Chosen) -> SamplingParams:
    """Return the sampling for a conversation; its own token limit cannot exceed the site's."""
    base = defaults(settings, chosen)
    wanted = {name: own[name] for name in NAMES if own.get(name) is not None}
    if settings.max_new_tokens is not None and "max_new_tokens" in wanted:
        wanted["max_new_tokens"] = min(wanted["max_new_tokens"], settings.max_new_tokens)
    return replace(base, **wanted)
