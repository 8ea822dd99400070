"""What several routes ask of a request: a number, the fields of a form, a fresh proof. Knows no one route."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, TypeVar

from flask import g, session
from flask_login import current_user
from pydantic import Field
from werkzeug.datastructures import ImmutableMultiDict

from echo.api.bodies import Query, Text
from echo.errors import NotFound
from echo.forms.fields import Form, check
from echo.limits import COLLECTIONS_PER_CHAT
from echo.services.documents import in_chats
from echo.services.sign_in import devices
from echo.services.sign_in.programs import Program

F = TypeVar("F", bound=Form)

ID_CHARS: Final = 64
NUMBER_MAX: Final = 2**63 - 1
Id = Annotated[Text, Field(min_length=1, max_length=ID_CHARS)]
CollectionIds = Annotated[list[Id], Field(max_length=COLLECTIONS_PER_CHAT)]


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


def used_collections(collection_ids: list[str] | None) -> list[Callable[[Any], None]]:
    """Return what lets a conversation, or a folder, use these, in the transaction that writes the rest of it.

    Raises:
        NotFound, InvalidInput: as `in_chats.checked`.
    """
    if collection_ids is None:
        return []
    return [partial(in_chats.use, rows=in_chats.checked(current_user.id, collection_ids))]


def require_proof() -> None:
    """Raise StepUpNeeded unless the person has lately proved who they are; making a key was a proof."""
    program: Program | None = g.get("program")  # whose door this was has put it there
    if program is None:
        devices.require_fresh(devices.find(session.get(devices.SESSION_KEY)))
    elif program.device is not None:
        devices.require_fresh(program.device)
