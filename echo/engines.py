"""Makes the engine that the settings ask for, with the wake-up that joins its thread to the hub."""

from __future__ import annotations

from flask import Flask

from echo import hub
from echo.config import Settings
from echo.errors import ConfigurationError
from echo.generation import Engine, EngineConfig, InvalidConfig, Script, load_script


def init_app(app: Flask) -> None:
    """Give the application the wake-up that its engine's thread posts to."""
    app.extensions["wakeup"] = hub.Wakeup()


def wakeup_of(app: Flask) -> hub.Wakeup:
    """Return an application's wake-up."""
    wakeup: hub.Wakeup = app.extensions["wakeup"]
    return wakeup


def build(app: Flask, settings: Settings) -> Engine:
    """Return the engine, not yet started; torch is first imported in its own thread.

    Raises:
        ConfigurationError: the script or a setting of the engine cannot be used.
    """
    try:
        return _build(app, settings)
    except InvalidConfig as failure:
        raise ConfigurationError(f"The engine cannot be set up: {failure}") from failure


def _build(app: Flask, settings: Settings) -> Engine:
    wake = wakeup_of(app).post
    if settings.engine == "scripted":
        script = load_script(settings.script) if settings.script else Script()
        return Engine.scripted(script, _engine_config(settings, model="scripted"), wake)
    return Engine.local(_engine_config(settings, model=settings.model), wake)


def _engine_config(settings: Settings, model: str) -> EngineConfig:
    return EngineConfig(
        model=model,
        device=settings.device,
        dtype=settings.dtype,
        context_length=settings.context_length,
        slots=settings.slots,
        max_cache_mb=settings.cache_mb,
        seed=settings.seed,
        max_queue=settings.max_queue,
        max_queue_per_owner=settings.max_queue_per_user,
        threads=settings.threads,
    )
