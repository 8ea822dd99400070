"""Texts that people use again: their own, and those that are shared with their role. Knows no tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select

from echo.errors import Conflict, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import FORM_SLACK, PROMPT_CHARS, PROMPT_NAME_CHARS, PROMPTS_MAX
from echo.models import RoleName, SavedPrompt, SharedPrompt
from echo.models.types import new_id
from echo.policies import up_to
from echo.services.storage import transaction
from echo.text import composed, folded, is_blank, one_newline, storable

FORM: Final = 1
"""Of what is exported; Echo reads every form up to this one."""
LOOKED_AT: Final = 10 * PROMPTS_MAX  # of a file; more than anybody has
MISSING: Final = {"name": mark("A prompt needs a name."), "text": mark("A prompt needs a text.")}
LONG: Final = {
    "name": mark("A prompt's name has at most %(most)s characters."),
    "text": mark("A prompt's text has at most %(most)s characters."),
}


def full() -> str:
    """Say that there are as many prompts as there may be."""
    return gettext(
        "%(most)s prompts are the most. Please delete some first.", most=number(PROMPTS_MAX)
    )


@dataclass(frozen=True)
class Wording:
    """A prompt's name and text, checked."""

    name: str
    text: str


def checked(name: Any, text: Any) -> Wording:
    """Return a name and a text as they are stored; raises InvalidInput or TooLong with their field."""
    return Wording(
        " ".join(_checked(name, "name", PROMPT_NAME_CHARS).split()),
        _checked(text, "text", PROMPT_CHARS),
    )


def _checked(value: Any, field: str, most: int) -> str:
    if not isinstance(value, str) or is_blank(value):
        raise InvalidInput(gettext(MISSING[field]), field=field)
    said = storable(str(one_newline(value)).strip())
    if len(said) <= FORM_SLACK * most:
        said = composed(said)
    if len(said) > most:
        raise TooLong(
            gettext(LONG[field], most=number(most)),
            field=field,
        )
    return said


def own(user_id: int) -> list[SavedPrompt]:
    """Return a person's own prompts by name."""
    rows = db.session.scalars(select(SavedPrompt).where(SavedPrompt.user_id == user_id))
    return sorted(rows, key=_by_name)


def shared(role: RoleName) -> list[SharedPrompt]:
    """Return the prompts that are shared with a role, by name."""
    query = select(SharedPrompt).where(SharedPrompt.least_role.in_(up_to(role)))
    rows = db.session.scalars(query)
    return sorted(rows, key=_by_name)


def _by_name(row: SavedPrompt | SharedPrompt) -> tuple[str, str]:
    return folded(row.name), row.id


def find(user_id: int, prompt_id: str) -> SavedPrompt:
    """Return one of a person's own; raises NotFound for any other."""
    row = db.session.get(SavedPrompt, storable(prompt_id))
    if row is None or row.user_id != user_id:
        raise NotFound(gettext("There is no such prompt, or it is not yours."))
    return row


def make(user_id: int, wording: Wording) -> SavedPrompt:
    """Keep one more prompt; raises Conflict where there are too many."""
    row = SavedPrompt(id=new_id(), user_id=user_id, name=wording.name, text=wording.text)

    def work() -> None:
        if _count(user_id) >= PROMPTS_MAX:
            raise Conflict(full())
        db.session.add(row)

    transaction(work)
    return row


def _count(user_id: int) -> int:
    query = select(func.count()).where(SavedPrompt.user_id == user_id)
    return db.session.scalar(query) or 0


def change(user_id: int, prompt_id: str, wording: Wording) -> None:
    """Give an own prompt another name and text; raises NotFound."""

    def work() -> None:
        row = find(user_id, prompt_id)
        row.name, row.text = wording.name, wording.text

    transaction(work)


def remove(user_id: int, prompt_id: str) -> Wording:
    """Delete an own prompt for good and return what it said; raises NotFound."""

    def work() -> Wording:
        row = find(user_id, prompt_id)
        db.session.delete(row)
        return Wording(row.name, row.text)

    return transaction(work)


def exported(user_id: int) -> dict[str, Any]:
    """Return a person's own prompts as they are imported again, here or elsewhere."""
    return {
        "echo_prompts": FORM,
        "prompts": [{"name": row.name, "text": row.text} for row in own(user_id)],
    }


@dataclass(frozen=True)
class Imported:
    """What came of an import: how many are new, and what was left out, with the reason."""

    made: int
    skipped: list[tuple[str, str]]


def import_all(user_id: int, found: Any) -> Imported:
    """Keep the prompts of an export: Echo's own form, or a list of names (titles) and texts (contents).

    What cannot be kept is left out and told; what is here already, word for word, is not made twice.

    Raises:
        InvalidInput: there is no list of prompts in it.
        TooLong: there are thousands.
    """
    rows = found.get("prompts") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise InvalidInput(gettext("There is no list of prompts in this file."), field="prompts")
    if len(rows) > LOOKED_AT:
        raise TooLong(full(), field="prompts")

    def work() -> Imported:
        known = {Wording(row.name, row.text) for row in own(user_id)}
        new, skipped = _sorted_out(rows, known)
        db.session.add_all(
            SavedPrompt(id=new_id(), user_id=user_id, name=one.name, text=one.text) for one in new
        )
        return Imported(len(new), skipped)

    return transaction(work)


def _sorted_out(
    rows: list[Any], known: set[Wording]
) -> tuple[list[Wording], list[tuple[str, str]]]:
    new: list[Wording] = []
    skipped: list[tuple[str, str]] = []
    for at, row in enumerate(rows, 1):
        try:
            wording = _read(row)
        except (InvalidInput, TooLong) as refusal:
            skipped.append((gettext("Number %(number)s", number=at), refusal.text))
            continue
        if wording in known:
            skipped.append((wording.name, gettext("It is here already.")))
        elif len(known) >= PROMPTS_MAX:
            skipped.append((wording.name, full()))
        else:
            known.add(wording)
            new.append(wording)
    return new, skipped


def _read(row: Any) -> Wording:
    """Return one prompt of a file: what other programs call title or command, and content, is read too."""
    if not isinstance(row, dict):
        raise InvalidInput(gettext("It is no prompt."))
    name = next((row[key] for key in ("name", "title", "command") if row.get(key)), None)
    text = next((row[key] for key in ("text", "content", "prompt") if row.get(key)), None)
    return checked(name, text)
