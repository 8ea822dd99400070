"""What several routes ask of a request: a number, the fields of a form, a fresh proof. Knows no one route."""

from __future__ import annotations

from typing import Final, TypeVar

from flask import g, session
from pydantic import Field
from werkzeug.datastructures import ImmutableMultiDict

from echo.api.bodies import Query, Text
from echo.errors import NotFound
from echo.forms.fields import Form, check
from echo.services.sign_in import devices
from echo.services.sign_in.programs import Program

F = TypeVar("F", bound=Form)

ID_CHARS: Final = 64
NUMBER_MAX: Final = 2**63 - 1


class After(Query):
    """Where a page begins."""

    after: Text | None = Field(
        None, min_length=1, max_length=ID_CHARS, description="`next` of the page before"
    )


def number(text: str, most: int = NUMBER_MAX) -> int:
    """Return the number that an address names; raises NotFound for what no row can have."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        raise NotFound("There is nothing with this number.")
    if not 1 <= int(text) <= most:
        raise NotFound("There is nothing with this number.")
    return int(text)


def checked(kind: type[F], values: dict[str, str], *without: str) -> F:
    """Return a page's own form with these values; raises InvalidInput with the first thing that is wrong.

    `without`: fields that nobody fills in here.
    """
    form = kind(ImmutableMultiDict(values), meta={"csrf": False})
    for name in without:
        del form[name]
    check(form)
    return form


def require_proof() -> None:
    """Raise StepUpNeeded unless the person has lately proved who they are; making a key was a proof."""
    program: Program | None = g.get("program")  # whose door this was has put it there
    if program is None:
        devices.require_fresh(devices.find(session.get(devices.SESSION_KEY)))
    elif program.device is not None:
        devices.require_fresh(program.device)
