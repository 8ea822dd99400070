"""Makes the engine that the settings ask for, chooses its model, and joins its thread to the hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flask import Flask

from echo import config, hub
from echo.config import Settings
from echo.errors import ConfigurationError, EchoError
from echo.generation import (
    Engine,
    EngineConfig,
    InvalidConfig,
    LocalModels,
    ModelSpec,
    Script,
    ServingEngine,
    load_script,
)
from echo.remote import JoinedEngines, RemoteConfig, RemoteEngine, shown
from echo.services.library import Library, ModelFiles, room
from echo.services.serving import Models, spec_of

AUTO: Final = "auto"
MEMORY_SHARE: Final = 0.8
"""Of the memory that is free at the start, for models; the rest is left to people and pages."""
WIDTHS: Final = {"auto": 17 / 16, "int8": 17 / 16, "4": 10 / 16}
"""Bytes of a packed weight, its share of the scales among them."""


@dataclass(frozen=True)
class Serving:
    """The model that is served, and why better ones are not, a sentence each."""

    files: ModelFiles
    passed_over: tuple[str, ...] = ()


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its library, and the wake-up that its engine's thread posts to."""
    app.extensions["wakeup"] = hub.Wakeup()
    app.extensions["library"] = library(settings)


def library_of(app: Flask) -> Library:
    """Return an application's library."""
    found: Library = app.extensions["library"]
    return found


def serving_of(app: Flask) -> Serving | None:
    """Return the model of this machine that answers; None where a script or another server does."""
    found: Serving | None = app.extensions.get("serving")
    return found


def servers_of(app: Flask) -> tuple[str, ...]:
    """Return host and port of each server elsewhere that computes."""
    return tuple(map(shown, config.parted(Settings.of(app).engine_url)))


def library(settings: Settings) -> Library:
    """Return the models of the instance folder, measured in the type in which they will be served."""
    return Library(settings.instance / "models", width=_served_width(settings))


def wakeup_of(app: Flask) -> hub.Wakeup:
    """Return an application's wake-up."""
    wakeup: hub.Wakeup = app.extensions["wakeup"]
    return wakeup


def build(app: Flask, settings: Settings) -> ServingEngine:
    """Return the engine, not yet started; torch is first imported in its own thread.

    Raises:
        ConfigurationError: the model, the script or a setting of the engine cannot be used.
    """
    try:
        return _build(app, settings)
    except InvalidConfig as failure:
        raise ConfigurationError(f"The engine cannot be set up: {failure}") from failure


def local_models(settings: Settings) -> LocalModels:
    """Return what reads models from the disk as the engine does, for commands that serve none."""
    return LocalModels(_engine_config(settings))


def models_of(app: Flask, engine: ServingEngine, settings: Settings) -> Models:
    """Return what people may choose from: the library's models, or what the script names."""
    return Models(engine, None if settings.engine == "scripted" else library_of(app))


def choose_model(models: Library, name: str) -> Serving:
    """Return the model that `ECHO_MODEL` names.

    `auto` is the library's default, or the best one that fits; else a name of the library, a folder, a GGUF
    file, or a model of the Hub (`owner/name`), which the engine fetches.

    Raises:
        ConfigurationError: there is no such model, or it is not complete.
    """
    try:
        return _auto(models) if name == AUTO else Serving(named(models, name))
    except EchoError as failure:
        raise ConfigurationError(f"ECHO_MODEL: {failure}") from failure


def _auto(models: Library) -> Serving:
    found = models.best(room.memory_available())
    return Serving(models.files(found.model.name), found.passed_over)


def named(models: Library, name: str) -> ModelFiles:
    """Return the model of a name, folder, GGUF file or Hub id.

    Raises:
        EchoError: there is no such model, or it is not complete.
    """
    if any(model.name.casefold() == name.casefold() for model in models.installed()):
        return models.files(name)
    path = Path(name).expanduser()
    if path.exists():
        return models.files_at(path)
    if name.count("/") == 1 and not name.startswith((".", "/", "~")) and not path.parent.is_dir():
        return ModelFiles(name=name, hub_id=name)
    return models.files(name)  # which says that it is not installed, and how it could be


def _build(app: Flask, settings: Settings) -> ServingEngine:
    wake = wakeup_of(app).post
    if settings.engine == "scripted":
        script = load_script(settings.script) if settings.script else Script()
        specs = [ModelSpec(name, name) for name in script.models]
        return Engine.scripted(script, _engine_config(settings), wake, specs)
    serving = choose_model(library_of(app), settings.model)
    specs = [spec_of(files) for files in with_base(library_of(app), serving.files)]
    engine = Engine.local(_engine_config(settings), wake, specs)
    engine.use_by_default(serving.files.name)
    if settings.engine == "openai":
        return JoinedEngines(RemoteEngine(_remote_config(settings), wake), engine)
    app.extensions["serving"] = serving
    return engine


def with_base(models: Library, files: ModelFiles) -> list[ModelFiles]:
    """Return a model, after the one whose weights it changes."""
    if files.adapter is None or files.base is None:
        return [files]
    return [models.files(files.base), files]


def _served_width(settings: Settings) -> float:
    """Return the bytes of a weight as it will be served; as if by floats where only the engine can tell."""
    floats = room.WIDTHS.get(settings.dtype, room.WIDTHS["float32"])
    return WIDTHS.get(settings.quant, floats)


def _engine_config(settings: Settings) -> EngineConfig:
    return EngineConfig(
        device=settings.device,
        dtype=settings.dtype,
        quant=settings.quant,
        native_folder=settings.instance / "native",
        context_length=settings.context_length,
        slots=settings.slots,
        max_cache_mb=settings.cache_mb,
        memory_mb=settings.model_memory or usual_memory_mb(),
        seed=settings.seed,
        max_queue=settings.max_queue,
        max_queue_per_owner=settings.max_queue_per_user,
        threads=settings.threads,
        step_seconds=settings.step_seconds,
    )


def _remote_config(settings: Settings) -> RemoteConfig:
    return RemoteConfig(
        addresses=config.parted(settings.engine_url),
        key=settings.engine_key.get_secret_value(),
        models=config.parted(settings.engine_model),
        first_seconds=settings.engine_first_seconds,
        pause_seconds=settings.engine_pause_seconds,
        slots=settings.slots,
        max_queue=settings.max_queue,
        max_queue_per_owner=settings.max_queue_per_user,
        context_length=settings.context_length,
    )


def usual_memory_mb() -> int:
    """MB for all models where nobody has said how many: a share of what is free now."""
    return max(1, int(MEMORY_SHARE * room.memory_available()) // 2**20)
