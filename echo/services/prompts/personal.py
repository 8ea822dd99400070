"""A person's instructions for all chats, and the switches for all of them. Knows no tokens, no prompt."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from echo.errors import Conflict
from echo.extensions import db
from echo.languages import gettext
from echo.models import PersonalPrompt
from echo.services.storage import transaction


@dataclass(frozen=True)
class Personal:
    """What holds for one person."""

    instructions: str = ""
    instructions_on: bool = True
    memory_on: bool = True
    titles_on: bool = True
    tools_on: bool = True
    invitations_on: bool = True

    @property
    def told_instructions(self) -> str:
        """Return what models are told of it: nothing while it is switched off."""
        return self.instructions if self.instructions_on else ""


def of(user_id: int) -> Personal:
    """Return what a person keeps; what is usual where they keep nothing."""
    row = db.session.get(PersonalPrompt, user_id)
    if row is None:
        return Personal()
    return Personal(**{name: getattr(row, name) for name in vars(Personal())})


def keep(user_id: int, **values: object) -> None:
    """Keep these of the values of `Personal`.

    Raises:
        Conflict: another window made the first of them at the same time, again and again.
    """

    def work() -> None:
        row = db.session.get(PersonalPrompt, user_id)
        if row is None:
            db.session.add(row := PersonalPrompt(user_id=user_id, **vars(Personal())))
        for name, value in values.items():
            setattr(row, name, value)

    try:
        transaction(work)
    except IntegrityError as race:
        raise Conflict(
            gettext("This was changed elsewhere at the same time. Please try again.")
        ) from race
