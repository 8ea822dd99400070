"""Which model answers when nobody names one. It knows sizes and places in the catalogue, and no engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from echo.errors import NotFound
from echo.languages import gettext
from echo.services.library import room
from echo.services.library.catalogue import Catalogue
from echo.services.library.models import InstalledModel


@dataclass(frozen=True)
class Choice:
    """The model that answers, and why better ones do not, a sentence each."""

    model: InstalledModel
    passed_over: tuple[str, ...] = ()


def best(
    installed: Iterable[InstalledModel],
    catalogue: Catalogue,
    memory: int | None,
    width: float,
) -> Choice:
    """Return the best of these models that fits into `memory` bytes (None: whatever it takes).

    Known models stand in the catalogue's order, others by their size among them. Adapters that people made or
    brought answer only where they are named: they serve a purpose. The least model answers where none fits.

    Raises:
        NotFound: nothing is installed that can be served.
    """
    ranked = sorted(
        (model for model in installed if _may_be_chosen(model, catalogue)),
        key=lambda model: catalogue.rank(model.name, model.weights),
        reverse=True,
    )
    passed_over: list[str] = []
    for model in ranked:
        needed = room.memory_needed(model.weights or 0, width)
        if memory is None or needed <= memory or model is ranked[-1]:
            return Choice(model, tuple(passed_over))
        passed_over.append(
            gettext(
                "%(model)s needs %(needed)s of memory, and %(free)s are free.",
                model=model.name,
                needed=room.size(needed),
                free=room.size(memory),
            )
        )
    raise NotFound(gettext("No model is installed that can be served."))


def _may_be_chosen(model: InstalledModel, catalogue: Catalogue) -> bool:
    return model.kind != "adapter" or catalogue.get(model.name) is not None
