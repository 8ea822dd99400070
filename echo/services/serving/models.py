"""The models on offer: what is installed, what the engine does with it, who may use it.

Knows no request. `Models` belongs to the application; its acts are the administrators'.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import Flask, current_app

from echo.errors import Conflict, InvalidInput
from echo.generation import Engine, ModelBusy, ModelSpec, ModelStatus
from echo.generation import InvalidRequest as EngineRefusal
from echo.models import User
from echo.policies import RoleName
from echo.services import audit
from echo.services.audit import Act, Entry
from echo.services.library import InstalledModel, Library, ModelFiles
from echo.services.library.card import NO_CARD, Card
from echo.services.serving import choosing, model_settings
from echo.services.serving.choosing import Chosen
from echo.services.serving.model_settings import NOTHING, Settled


@dataclass(frozen=True)
class ModelView:
    """One model as administrators see it; people see `public`."""

    status: ModelStatus
    settled: Settled
    installed: InstalledModel | None
    title: str
    parameters: int | None
    is_default: bool

    @property
    def name(self) -> str:
        return self.status.name

    def public(self) -> dict[str, Any]:
        """Return what a person who may use it is told."""
        return {
            "name": self.name,
            "title": self.title,
            "base": self.status.base or None,
            "parameters": self.parameters,
            "state": "loading" if self.status.state == "restarting" else self.status.state,
            "progress": self.status.progress,
            "doing": self.status.doing,
            "context": self.status.context_length or None,
            "is_default": self.is_default,
        }


class Models:
    """What people may choose from. Without a library (scripted replies) it is what the engine offers."""

    def __init__(self, engine: Engine, library: Library | None) -> None:
        self.engine = engine
        self.library = library
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
        """Offer what is installed and can be served, as it is settled now."""
        if self.library is None:
            return
        self._installed = {model.name: model for model in self.library.installed()}
        settled = model_settings.all_settled()
        complete = [model for model in self._installed.values() if model.state == "installed"]
        for model in sorted(complete, key=lambda one: one.base is not None):  # bases first
            files = self.library.files(model.name)
            self._cards[model.name] = self.library.card(model.name)
            self.engine.offer(spec_of(files, settled.get(model.name, NOTHING)))

    def views(self) -> list[ModelView]:
        """Return every model on offer."""
        settled = model_settings.all_settled()
        return [self._view(status, settled) for status in self.engine.models()]

    def view(self, name: str) -> ModelView:
        """Return one model; raises InvalidInput when it is not on offer."""
        found = next((view for view in self.views() if view.name == name), None)
        if found is None:
            raise choosing.refuse_unknown(name)
        return found

    def for_role(self, role: RoleName) -> list[ModelView]:
        """Return the models that somebody of this role may use."""
        return [view for view in self.views() if choosing.may_use(role, view.settled)]

    def _view(self, status: ModelStatus, settled: dict[str, Settled]) -> ModelView:
        installed = self._installed.get(status.name)
        entry = self.library.catalogue.get(status.name) if self.library else None
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
            InvalidInput: the one wanted is not here any more.
            Forbidden: it is not for this role.
        """
        settled = model_settings.all_settled()
        offered = [status.name for status in self.engine.models()]
        name = wanted or self._usual(role, offered, settled)
        if name not in offered:
            raise choosing.refuse_unknown(name)
        rules = settled.get(name, NOTHING)
        if not choosing.may_use(role, rules):
            raise choosing.refuse_role(name)
        return Chosen(name, rules, self.engine.defaults(name), self._cards.get(name, NO_CARD))

    def _usual(self, role: RoleName, offered: list[str], settled: dict[str, Settled]) -> str:
        default = self.engine.default_model
        allowed = [n for n in offered if choosing.may_use(role, settled.get(n, NOTHING))]
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
            raise Conflict(f"{busy} Try again when the answers have ended.") from busy
        self._note(actor, Act.MODEL_UNLOADED, name)

    def make_default(self, actor: User, name: str) -> None:
        """Let a model answer where none is chosen, from now on and after a restart."""
        self.view(name)
        if self.library is not None:
            self.library.choose_default(name)
        self.engine.use_by_default(name)
        self._note(actor, Act.MODEL_MADE_DEFAULT, name)

    def settle(self, actor: User, name: str, values: dict[str, Any]) -> None:
        """Change what holds for a model; a new window or template acts when it is loaded next."""
        view = self.view(name)
        settled = model_settings.change(actor, name, values)
        if self.library is not None and view.installed is not None:
            self.engine.offer(spec_of(self.library.files(name), settled))

    def remove(self, actor: User, name: str) -> None:
        """Remove a model from this machine; replies that it is writing end.

        Raises:
            NotFound, Conflict: as the library says, and for the default.
        """
        if self.library is None:
            raise InvalidInput("Scripted replies cannot be removed.", field="name")
        self.library.refuse_removal(self.library.get(name))
        try:
            self.engine.withdraw(name)
        except EngineRefusal as refusal:
            raise Conflict(f"{name} is the default: choose another one first.") from refusal
        self.library.remove(name)
        self._installed.pop(name, None)

        def work() -> tuple[None, list[Entry]]:
            model_settings.forget(name)
            return None, [Entry(Act.MODEL_REMOVED, actor.id, None, f"model {name}")]

        audit.transaction(work)

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
