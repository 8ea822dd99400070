"""The library: the models that are installed on this machine, added, removed and chosen. It serves none.

`plan`, `add` and `remove` wait on native locks and on other processes: the server calls them by
`hub.run_native`. Everything lies in one folder: a folder for each model that was fetched, and `.library/`
with what is noted.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

from echo.config import ROOT
from echo.errors import Conflict
from echo.languages import gettext
from echo.services.library import (
    adding,
    card,
    catalogue,
    choice,
    gguf_header,
    names,
    plans,
    room,
    safetensors_header,
)
from echo.services.library.card import Card
from echo.services.library.catalogue import Catalogue
from echo.services.library.choice import Choice
from echo.services.library.models import InstalledModel, ModelFiles
from echo.services.library.plans import From, Plan, Planner
from echo.services.library.progress import Progress, Work, silent
from echo.services.library.shelf import Shelf


class Library:
    """The models of one folder. Any number of processes may use it at once."""

    def __init__(
        self,
        folder: Path,
        width: float = room.WIDTHS["float32"],
        known: Catalogue | None = None,
        root: Path = ROOT,
    ) -> None:
        """`width` is the bytes of one number as models will be served: it decides what fits."""
        self.folder = folder
        self.width = width
        self.catalogue = known or catalogue.load()
        self._shelf = Shelf(folder, self.catalogue, root)

    def installed(self) -> tuple[InstalledModel, ...]:
        """Return every model, the embedded one first; incomplete ones, too."""
        return self._shelf.installed()

    def get(self, name: str) -> InstalledModel:
        """Return a model by its name; raises NotFound, saying how it could be had."""
        return self._shelf.get(name)

    def files(self, name: str) -> ModelFiles:
        """Return what an engine needs to serve a model; raises NotFound, Conflict (it is incomplete)."""
        return self._shelf.files(name)

    def card(self, name: str) -> Card:
        """Return what is recommended for a model: in the repository, beside its files, or its base's."""
        return card.read(self._shelf.card_folders(name))

    def files_at(self, path: Path) -> ModelFiles:
        """Return what an engine needs to serve a folder or GGUF file that is not in the library.

        Raises:
            InvalidInput: it is a file, and no GGUF file.
        """
        path = path.expanduser().resolve()
        if path.is_dir():
            return ModelFiles(name=path.name, folder=path)
        weights = safetensors_header.count(gguf_header.read(path).shapes)
        place = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
        home = self.folder / ".files" / f"{path.stem}-{place}"
        return ModelFiles(name=path.stem, gguf=path, home=home, weights=weights)

    def plan(
        self,
        source: str,
        name: str | None = None,
        base: str | None = None,
        only: From | None = None,
    ) -> Plan:
        """Look at what adding this would do, without doing it.

        Args:
            source: a name of the catalogue, or of a model whose adding was cut; a folder, a GGUF file or an
                adapter's folder; a model of the Hub (`owner/name`, or `owner/name/file.gguf`).
            name: what to call it; made of the source where it is None.
            base: the installed model that an adapter stands on, where it does not say so itself.
            only: the one place to fetch a model of the catalogue from.

        Raises:
            InvalidInput: it cannot be served, or nothing is known by these words.
            Conflict: the name is taken.
            SourceFailed: the Hub does not give it.
        """
        planner = Planner(self.catalogue, self.installed())
        plan = planner.plan(source, name, base, only, self._shelf.records.begun())
        adding.refuse_taken(self._shelf, plan.name)
        return plan

    def refuse_name(self, name: str) -> None:
        """Check what a model that is made here shall be called.

        Raises:
            InvalidInput: no model may have this name.
            Conflict: it is taken.
        """
        names.checked(name)
        plans.refuse_catalogue_name(self.catalogue, name)
        adding.refuse_taken(self._shelf, name)
        if self._shelf.home(name).exists():
            raise Conflict(
                gettext(
                    "%(name)s is in the way. Remove it, or choose another name.",
                    name=self._shelf.home(name),
                )
            )

    def disk_needed(self, plan: Plan) -> int:
        """Return the bytes that a plan takes on the disk, with what it is served from."""
        below = self.disk_needed(plan.base) if plan.base else 0
        return below + adding.disk_needed(plan, self.width)

    def add(
        self, plan: Plan, progress: Progress = silent, cancel: threading.Event | None = None
    ) -> InstalledModel:
        """Carry a plan out: fetch what is missing, check it, note it.

        What is complete is kept when it is cut in the middle: the same plan goes on from there.

        Raises:
            StorageUnavailable: disk or memory are not enough; both numbers are in the text.
            SourceFailed: it cannot be had, or is not what it should be.
            InvalidInput: what came cannot be served.
            Conflict: the name is taken, another process adds or removes it, or `cancel` was set.
        """
        stop = cancel or threading.Event()
        if plan.base is not None:
            self.add(plan.base, progress, stop)
        work = Work(plan.name, self._shelf.home(plan.name), progress, stop)
        adding.carry_out(plan, self._shelf, work, self.width)
        if self.is_unwanted(plan.name):
            self._shelf.records.choose(lambda choices: choices.wanting(plan.name))
        return self.get(plan.name)

    def remove(self, name: str) -> InstalledModel:
        """Remove a model and what was made of it; files that lie elsewhere stay where they are.

        Raises:
            NotFound: there is none of this name.
            Conflict: it is part of Echo, another model stands on it, or another process works on it.
        """
        model = self.get(name)
        self.refuse_removal(model)
        records = self._shelf.records
        with records.held(model.name):
            self.refuse_removal(model)
            records.forget(model.name)
            shutil.rmtree(self._shelf.home(model.name), ignore_errors=True)
        records.choose(lambda choices: choices.without(model.name))
        return model

    def refuse_removal(self, model: InstalledModel) -> None:
        """Raise Conflict where a model cannot be removed."""
        if model.source == "repository":
            raise Conflict(
                gettext("%(model)s is part of Echo and cannot be removed.", model=model.name)
            )
        standing = [other.name for other in self.installed() if other.base == model.name]
        if standing:
            raise Conflict(
                gettext(
                    "On %(model)s stands %(standing)s: remove that first.",
                    model=model.name,
                    standing=names.joined(standing),
                )
            )

    def owns(self, model: InstalledModel) -> bool:
        """Tell whether the model's files lie in the library, and go when it is removed."""
        return model.path.is_relative_to(self.folder)

    @property
    def default(self) -> str | None:
        """The model that answers where none is named; None: the best one that fits."""
        return self._shelf.records.choices().default

    def choose_default(self, name: str | None) -> InstalledModel | None:
        """Set the default, or (None) let the best one that fits answer again.

        Raises:
            NotFound: there is none of this name.
            Conflict: it is incomplete.
        """
        model = self.get(name) if name else None
        if model is not None:
            self.files(model.name)
        self._shelf.records.choose(
            lambda choices: choices.with_default(model.name if model else None)
        )
        return model

    def is_unwanted(self, name: str) -> bool:
        """Tell whether somebody removed this model: the setup does not bring it back."""
        return name in self._shelf.records.choices().unwanted

    def best(self, memory: int | None) -> Choice:
        """Return the model that answers where none is named: the default, or the best one that fits.

        Args:
            memory: bytes that it may take; None: whatever it takes.

        Raises:
            NotFound: nothing is installed that can be served.
        """
        known = {model.name: model for model in self.installed()}
        models = [model for model in known.values() if _can_be_served(model, known)]
        default = next((model for model in models if model.name == self.default), None)
        if default is not None:
            return Choice(default)
        found = choice.best(models, self.catalogue, memory, self.width)
        if self.default is None:
            return found
        return Choice(
            found.model,
            (
                gettext("%(name)s is the default and cannot be served.", name=self.default),
                *found.passed_over,
            ),
        )


def _can_be_served(model: InstalledModel, known: Mapping[str, InstalledModel]) -> bool:
    below = known.get(model.base) if model.base else model
    return below is not None and all(each.state == "installed" for each in (model, below))
