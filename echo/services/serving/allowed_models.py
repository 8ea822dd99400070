"""Who may use which model, and what a turn has once one is chosen (by `models.Models.choose`)."""

from __future__ import annotations

from dataclasses import dataclass

from echo.errors import Forbidden, InvalidInput
from echo.generation import SamplingParams
from echo.languages import gettext
from echo.policies import RANKS, RoleName
from echo.services.library.card import NO_CARD, Card
from echo.services.serving.model_settings import Settled


@dataclass(frozen=True)
class Chosen:
    """The model of one turn."""

    name: str
    settled: Settled
    defaults: SamplingParams
    """What its authors recommend."""
    card: Card = NO_CARD
    """What whoever tuned it recommends."""


def may_use(role: RoleName, settled: Settled) -> bool:
    return RANKS.index(role) >= RANKS.index(settled.least_role)


def refuse_unknown(name: str) -> InvalidInput:
    return InvalidInput(
        gettext("There is no model “%(name)s” here. Please choose another one.", name=name[:64]),
        field="model",
    )


def refuse_role(name: str) -> Forbidden:
    return Forbidden(
        gettext("You may not use the model “%(name)s”. Please choose another one.", name=name)
    )
