"""Which sampling a turn gets: the conversation's settings, else the site's, else the model's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from echo.generation import SamplingParams
from echo.services.site_settings import SiteSettings

NAMES = ("temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens")


def defaults(settings: SiteSettings, model_defaults: SamplingParams) -> SamplingParams:
    """Return what a conversation without settings of its own uses."""
    configured = {name: getattr(settings, name) for name in NAMES}
    return replace(model_defaults, **{k: v for k, v in configured.items() if v is not None})


def sampling_for(
    chosen: Mapping[str, Any], settings: SiteSettings, model_defaults: SamplingParams
) -> SamplingParams:
    """Return the sampling for a conversation; its own token limit cannot exceed the site's."""
    base = defaults(settings, model_defaults)
    own = {name: chosen[name] for name in NAMES if chosen.get(name) is not None}
    if settings.max_new_tokens is not None and "max_new_tokens" in own:
        own["max_new_tokens"] = min(own["max_new_tokens"], settings.max_new_tokens)
    return replace(base, **own)
