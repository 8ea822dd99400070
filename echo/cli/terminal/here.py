"""A model in this process answers: the engine as the server runs it, without a database. Knows no terminal.

What the model is told of Echo is what it is told on the page: who it is, the help that fits a question, and
what was computed for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flask import Flask

from echo import clock, engines, languages
from echo.cli.terminal.answering import Stream
from echo.config import Settings
from echo.errors import EngineFailed, NotFound
from echo.generation import ChatMessage, GenerationRequest
from echo.policies import RoleName
from echo.services import help, site_settings, tools
from echo.services.library import Library, ModelFiles, folders
from echo.services.library.card import NO_CARD, Card
from echo.services.serving import Chosen, Models, spec_of
from echo.services.serving.model_settings import NOTHING
from echo.services.turns import safety
from echo.services.turns.engine_requests import EngineRequests, refusals
from echo.services.turns.reading import as_read, opening
from echo.services.turns.sampling import sampling_for

OWNER: Final = "terminal"
LAST_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Wishes:
    """What a person wants otherwise than is usual here."""

    sampling: dict[str, Any] = field(default_factory=dict)
    """By the engine's names."""
    system: str | None = None
    model: str | None = None
    """Where a script or a server elsewhere answers; else the settings name the model."""


class Here:
    """The models of this machine. Whoever sits at it may read all of the help."""

    def __init__(self, settings: Settings, wishes: Wishes, adapter: Path | None = None) -> None:
        """Start the engine on the model that the settings name; `adapter` is a folder that changes it.

        Raises:
            ConfigurationError: the model or a setting of the engine cannot be used.
        """
        self._app = _bare_app(settings)
        self._settings = settings
        self._wishes = wishes
        self._engine = engines.build(self._app, settings)
        scripted = settings.engine == "scripted"
        self._library = None if scripted else engines.library_of(self._app)
        models = Models(self._engine, self._library)
        self._requests = EngineRequests(self._engine, models, settings)
        self._asked = 0
        self._steps: Sequence[tools.Step] = ()
        self._chosen = ""
        if adapter is not None:
            self._change_by(adapter)
        self._engine.start()
        if settings.engine != "local" and wishes.model is not None:
            self.use(wishes.model)

    @property
    def model(self) -> str:
        """Whoever answers now; servers elsewhere say only after the start what they have."""
        return self._chosen or self._engine.default_model

    def models(self) -> list[str]:
        """Return what is installed, and what was named besides."""
        names = [status.name for status in self._engine.models()]
        installed = self._library.installed() if self._library else ()
        ready = [one.name for one in installed if one.state == "installed"]
        return list(dict.fromkeys([*names, *ready]))

    def use(self, name: str) -> None:
        """Let another model answer: a name, a folder, a GGUF file or a model of the Hub."""
        if name in (status.name for status in self._engine.models()):
            self._chosen = name
        elif self._library is None:
            raise NotFound(f"There is no model {name}: /model lists them.")
        else:
            self._offer(self._library, engines.named(self._library, name))
        self._engine.load(self.model)

    def preparing(self) -> str | None:
        """Return that the model is being loaded, while it is. Raises EngineFailed."""
        status = next((one for one in self._engine.models() if one.name == self.model), None)
        if status is None:
            raise EngineFailed(f"{self.model} is not offered any more: /model lists what is.")
        if status.state == "failed":
            raise EngineFailed(f"{self.model} cannot be used: {status.error}")
        return None if status.state == "ready" else f"Loading {self.model}"

    def ask(self, history: Sequence[ChatMessage]) -> Stream:
        """Ask the last message of the history."""
        self._asked += 1
        with self._app.app_context(), refusals():
            request = self._request(history)
        return self._requests.send(request, history[-1].content)

    def computed(self) -> Sequence[str]:
        return [tools.titled(step) for step in self._steps]

    def close(self) -> None:
        """Stop the engine."""
        self._engine.stop(timeout=LAST_SECONDS)

    def _request(self, history: Sequence[ChatMessage]) -> GenerationRequest:
        site = site_settings.environment()  # what administrators settled is in a database
        window = self._engine.window(self.model)
        told = help.prompting(self._settings, site, RoleName.SUPER_ADMIN, window)
        defaults = self._engine.defaults(self.model)
        chosen = Chosen(self.model, NOTHING, defaults, self._card())
        system, shared = opening(self._wishes.system, site, chosen, told)
        self._steps = _steps(history[-1].content) if site.tools == "on" else ()
        before = tools.before(self._steps, window)
        return GenerationRequest(
            messages=as_read(system, history, told, before),
            sampling=sampling_for(self._wishes.sampling, site, chosen),
            model=self.model,
            shared_chars=shared,
            owner=OWNER,
            conversation=OWNER,
            request_id=f"{OWNER}-{self._asked}",
        )

    def _card(self) -> Card:
        """Return what is recommended for the model, where the library knows it."""
        if self._library is None:
            return NO_CARD
        with suppress(NotFound):
            return self._library.card(self.model)
        return NO_CARD

    def _offer(self, library: Library, files: ModelFiles) -> None:
        """Let the engine serve a model, after the one whose weights it changes."""
        with refusals():
            for each in engines.with_base(library, files):
                self._engine.offer(spec_of(each))
        self._chosen = files.name

    def _change_by(self, adapter: Path) -> None:
        name = f"{self.model}+{adapter.name}"
        files = ModelFiles(name=name, adapter=adapter, base=self.model)
        with refusals():
            self._engine.offer(spec_of(files))
            self._engine.use_by_default(name)
        self._chosen = name


def started(settings: Settings, wishes: Wishes, adapter: str | None) -> Here:
    """Start the model that the settings name, changed by an adapter where one is wanted.

    An installed adapter that is named alone brings its own base.

    Raises:
        ConfigurationError, NotFound: the model or the adapter is not here, or cannot be used.
    """
    if adapter is None:
        return Here(settings, wishes)
    folder = Path(adapter).expanduser()
    if folder.is_dir() and folders.is_adapter(folder):
        return Here(settings, wishes, folder.resolve())
    files = engines.library(settings).files(adapter)
    if files.adapter is None:
        raise NotFound(f"{adapter} is a model by itself and no adapter.")
    if settings.model == engines.AUTO:
        return Here(settings.model_copy(update={"model": adapter}), wishes)
    return Here(settings, wishes, files.adapter)


def _steps(question: str) -> Sequence[tools.Step]:
    """Return what is computed for a question, by the clock of this machine."""
    if safety.concern(question) is not None:
        return ()
    return tools.compute(question, clock.utc_now().astimezone())


def _bare_app(settings: Settings) -> Flask:
    """Return an application that has settings and a library, and neither pages nor a database."""
    app = Flask(OWNER)
    app.extensions["settings"] = settings
    languages.init_app(app)
    engines.init_app(app, settings)
    return app
