"""The models on offer: what is installed, what the engine does with it, who may use it.

Knows no request. `Models` belongs to the application; its acts are the administrators'.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import structlog
from flask import Flask, current_app

from echo import cluster, hub, signals
from echo.errors import Conflict, EchoError, InvalidInput
from echo.generation import InvalidRequest as EngineRefusal
from echo.generation import ModelBusy, ModelSpec, ModelStatus, ServingEngine
from echo.languages import carried, gettext, mark
from echo.models import User
from echo.policies import RoleName
from echo.services import audit
from echo.services.audit import Act, Entry
from echo.services.library import InstalledModel, Library, ModelFiles
from echo.services.library.card import NO_CARD, Card
from echo.services.serving import allowed_models, model_settings
from echo.services.serving.adding import Adder
from echo.services.serving.allowed_models import Chosen
from echo.services.serving.model_settings import NOTHING, Settled
from echo.services.serving.model_view import MemoryUse, ModelView

log = structlog.get_logger()

DEFAULT: Final = mark("%(name)s is the default: choose another one first.")


class Models:
    """What people may choose from. Without a library (scripted replies) it is what the engine offers."""

    def __init__(self, engine: ServingEngine, library: Library | None) -> None:
        self.engine = engine
        self.library = library
        self.adder = None if library is None else Adder(library, self._take_in)
        self._installed: dict[str, InstalledModel] = {}
        self._cards: dict[str, Card] = {}

    @classmethod
    def of(cls, app: Flask) -> Models:
        """Return an application's models."""
        models: Models = app.extensions["models"]
        return models

    @classmethod
    def here(cls) -> Models:
        """Return the models of the present application."""
        return cls.of(current_app)

    # looking -------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Offer what is installed and can be served, as it is settled now; no longer what has gone."""
        if self.library is None:
            return
        former = self._installed
        self._installed = {model.name: model for model in self.installed()}
        settled = model_settings.all_settled()
        complete = [model for model in self._installed.values() if model.state == "installed"]
        for model in sorted(complete, key=lambda one: one.base is not None):  # bases first
            self._offer(self.library, model.name, settled.get(model.name, NOTHING))
        for name in set(former) - set(self._installed):
            with suppress(Conflict):  # the default goes on until another one is chosen
                self._withdraw(name)
        signals.models_changed.send(self)

    def refresh_as_told(self) -> None:
        """Take over what was changed by another process that serves this Echo."""
        self.refresh()
        default = self.library and self.library.default
        if default and default in self._installed:
            self.engine.use_by_default(default)

    def _take_in(self) -> None:
        """Offer what was just added."""
        self.refresh()
        cluster.here().tell("models_changed")

    def _changed(self) -> None:
        """Tell everybody that something was settled, chosen or removed."""
        signals.models_changed.send(self)
        cluster.here().tell("models_changed")

    def _offer(self, library: Library, name: str, settled: Settled) -> None:
        """Let the engine serve a model; one that cannot be served must not keep the others away."""
        try:
            self._cards[name] = library.card(name)
            self.engine.offer(spec_of(library.files(name), settled))
        except (EchoError, EngineRefusal) as refusal:
            log.warning("a model is not offered", model=name, why=str(refusal))

    def _withdraw(self, name: str) -> None:
        """No longer offer what is offered; raises Conflict for the default."""
        if name not in (status.name for status in self.engine.models()):
            return
        try:
            self.engine.withdraw(name)
        except EngineRefusal as refusal:
            raise Conflict(gettext(DEFAULT, name=name)) from refusal

    def installed(self) -> tuple[InstalledModel, ...]:
        """Return what is on the disk, the incomplete ones too."""
        return hub.run_native(self.library.installed) if self.library else ()

    def memory(self) -> MemoryUse:
        """Return what all models hold now; those that share weights share the memory."""
        held = {
            status.base or status.name: status.weight_bytes + status.cache_bytes
            for status in self.engine.models()
        }
        return MemoryUse(sum(held.values()), self.engine.memory_limit)

    def mark(self) -> str:
        """Return a text that changes with all that administrators see, but not with figures and progress."""
        seen = [
            (v.status.state, v.status.error, v.settled, v.is_default, v.name, v.servers_mark)
            for v in self.views()
        ]
        adding = self.adder.last if self.adder else None
        state = (
            seen,
            self.memory(),
            sorted(self._installed),
            adding and (adding.name, adding.state),
        )
        return hashlib.sha256(repr(state).encode()).hexdigest()[:16]

    def adding_payload(self) -> dict[str, object] | None:
        """Return how far the model is that is being added, or how that ended."""
        adding = self.adder.last if self.adder else None
        return adding.as_payload() if adding else None

    def views(self) -> list[ModelView]:
        """Return every model on offer."""
        settled = model_settings.all_settled()
        return [self._view(status, settled) for status in self.engine.models()]

    def view(self, name: str) -> ModelView:
        """Return one model; raises InvalidInput when it is not on offer."""
        found = next((view for view in self.views() if view.name == name), None)
        if found is None:
            raise allowed_models.refuse_unknown(name)
        return found

    def for_role(self, role: RoleName) -> list[ModelView]:
        """Return the models that somebody of this role may use."""
        return [view for view in self.views() if view.is_for(role)]

    def _view(self, status: ModelStatus, settled: dict[str, Settled]) -> ModelView:
        here = None if status.servers else self.library
        installed = self._installed.get(status.name) if here else None
        entry = here.catalogue.get(status.name) if here else None
        return ModelView(
            status=status,
            settled=settled.get(status.name, NOTHING),
            installed=installed,
            title=entry.title if entry else status.name,
            parameters=entry.parameters if entry else installed.weights if installed else None,
            is_default=status.name == self.engine.default_model,
        )

    # choosing ------------------------------------------------------------------------------------

    def choose(self, role: RoleName, wanted: str | None) -> Chosen:
        """Return the model for a turn: the one wanted, else the default, else the first one allowed.

        Raises:
            InvalidInput: there is no such model.
            Forbidden: it is not for this role.
        """
        settled = model_settings.all_settled()
        offered = [status.name for status in self.engine.models()]
        name = wanted or self._usual(role, offered, settled)
        if name not in offered:
            raise allowed_models.refuse_unknown(name)
        rules = settled.get(name, NOTHING)
        if not allowed_models.may_use(role, rules):
            raise allowed_models.refuse_role(name)
        return self.chosen(name, rules)

    def chosen(self, name: str, settled: Settled) -> Chosen:
        """Return a model on offer as what answers a turn, whoever may use it."""
        return Chosen(name, settled, self.engine.defaults(name), self._cards.get(name, NO_CARD))

    def _usual(self, role: RoleName, offered: list[str], settled: dict[str, Settled]) -> str:
        default = self.engine.default_model
        allowed = [n for n in offered if allowed_models.may_use(role, settled.get(n, NOTHING))]
        return default if default in allowed or not allowed else allowed[0]

    # acts ----------------------------------------------------------------------------------------

    def load(self, actor: User, name: str) -> None:
        """Begin to load a model."""
        self.view(name)
        self.engine.load(name)
        self._note(actor, Act.MODEL_LOADED, name)

    def unload(self, actor: User, name: str) -> None:
        """Free a model's memory; raises Conflict while it is answering."""
        self.view(name)
        try:
            self.engine.unload(name)
        except ModelBusy as busy:
            raise Conflict(
                gettext("%(busy)s Try again when the answers have ended.", busy=busy)
            ) from busy
        self._note(actor, Act.MODEL_UNLOADED, name)

    def make_default(self, actor: User, name: str) -> None:
        """Let a model answer where none is chosen, from now on and after a restart."""
        view = self.view(name)
        if self.library is not None and view.installed is not None:
            self.library.choose_default(name)  # one that ECHO_MODEL alone names is no library's
        self.engine.use_by_default(name)
        self._note(actor, Act.MODEL_MADE_DEFAULT, name)
        self._changed()

    def settle(self, actor: User, name: str, values: dict[str, Any]) -> None:
        """Change what holds for a model; a new window or template acts when it is loaded next."""
        view = self.view(name)
        settled = model_settings.change(actor, name, values)
        if self.library is not None and view.installed is not None:
            self._offer(self.library, name, settled)
        self._changed()

    def removal(self, name: str) -> tuple[InstalledModel, str]:
        """Return a model that somebody may want to remove, and why it cannot be (or nothing).

        Raises:
            NotFound: there is none of this name.
        """
        library = self._of_files()
        model = library.get(name)
        try:
            library.refuse_removal(model)
        except Conflict as refusal:
            return model, refusal.text
        return model, gettext(DEFAULT, name=name) if name == self.engine.default_model else ""

    def owns(self, model: InstalledModel) -> bool:
        """Tell whether a model's files go with it."""
        return self._of_files().owns(model)

    def remove(self, actor: User, name: str) -> None:
        """Remove a model from this machine; replies that it is writing end.

        Raises:
            NotFound, Conflict: as the library says, and for the default.
        """
        library = self._of_files()
        library.refuse_removal(library.get(name))
        self._withdraw(name)
        try:
            hub.run_native(carried(library.remove), name)
        except EchoError:
            self.refresh()  # it is still here
            raise
        self._installed.pop(name, None)

        def work() -> tuple[None, list[Entry]]:
            model_settings.forget(name)
            return None, [Entry(Act.MODEL_REMOVED, actor.id, None, f"model {name}")]

        audit.transaction(work)
        self._changed()

    def _of_files(self) -> Library:
        if self.library is None:
            raise InvalidInput(
                gettext("Scripted replies are no files: there is nothing to remove.")
            )
        return self.library

    def _note(self, actor: User, act: Act, name: str) -> None:
        audit.transaction(lambda: (None, [Entry(act, actor.id, None, f"model {name}")]))


def spec_of(files: ModelFiles, settled: Settled = NOTHING) -> ModelSpec:
    """Return what the engine needs to know of a model."""
    source = files.folder or files.gguf or files.hub_id or ""
    spec = ModelSpec(
        name=files.name,
        source="" if files.adapter else str(source),
        adapter=str(files.adapter or ""),
        base=files.base or "" if files.adapter else "",
        served=str(files.home or ""),
    )
    return replace(spec, context_length=settled.context_length, template=settled.template or "")
