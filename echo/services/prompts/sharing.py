"""Prompts that administrators share with roles; each act is a row of the audit trail. Knows no pages."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select

from echo.errors import Conflict, NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.limits import PROMPTS_MAX
from echo.models import RoleName, SharedPrompt, User
from echo.models.types import new_id
from echo.services import audit
from echo.services.audit import Act, Entry
from echo.services.prompts.saved import Wording, full
from echo.services.tokens import mark_of, refuse_changed
from echo.text import storable

CHANGED: Final = mark(
    "Somebody changed this prompt meanwhile. What is stored now stands below; "
    "save again to put yours in its place."
)


def find(prompt_id: str) -> SharedPrompt:
    """Return a shared prompt; raises NotFound."""
    row = db.session.get(SharedPrompt, storable(prompt_id))
    if row is None:
        raise NotFound(gettext("There is no such prompt, or it has been deleted."))
    return row


def version(row: SharedPrompt) -> str:
    """Return a mark of a prompt that changes when anything of it changes."""
    return mark_of(row.name, row.text, row.least_role)


def share(actor: User, wording: Wording, least_role: RoleName) -> None:
    """Share one more prompt with a role and those above it; raises Conflict where there are too many."""
    prompt_id = new_id()

    def work() -> tuple[None, list[Entry]]:
        if (db.session.scalar(select(func.count(SharedPrompt.id))) or 0) >= PROMPTS_MAX:
            raise Conflict(full())
        values = {"name": wording.name, "text": wording.text, "least_role": least_role.value}
        db.session.add(SharedPrompt(id=prompt_id, **values))
        return None, [_entry(Act.PROMPT_SHARED, actor, prompt_id, least_role=least_role.value)]

    audit.transaction(work)


def change(
    actor: User, prompt_id: str, wording: Wording, least_role: RoleName, seen: str | None = None
) -> None:
    """Change a shared prompt.

    Raises:
        NotFound: it is not there.
        Conflict: somebody else changed it since `seen` (field "version").
    """

    def work() -> tuple[None, list[Entry]]:
        row = find(prompt_id)
        refuse_changed(seen, version(row), CHANGED)
        changed: dict[str, object] = {
            name: "changed"
            for name in ("name", "text")
            if getattr(row, name) != vars(wording)[name]
        }
        if row.least_role != least_role:
            changed["least_role"] = [row.least_role, least_role.value]
        row.name, row.text, row.least_role = wording.name, wording.text, least_role.value
        return None, [_entry(Act.PROMPT_CHANGED, actor, prompt_id, **changed)] if changed else []

    audit.transaction(work)


def remove(actor: User, prompt_id: str) -> None:
    """Delete a shared prompt for everybody; raises NotFound."""

    def work() -> tuple[None, list[Entry]]:
        db.session.delete(find(prompt_id))
        return None, [_entry(Act.PROMPT_REMOVED, actor, prompt_id)]

    audit.transaction(work)


def _entry(act: Act, actor: User, prompt_id: str, **detail: object) -> Entry:
    return Entry(act, actor.id, None, f"shared_prompts/{prompt_id}", detail)
