"""Short facts that a person has had remembered: read, added, changed, deleted by them alone. Knows no tokens.

Nothing is remembered by itself: each row was saved by its person's click.
"""

from __future__ import annotations

from sqlalchemy import func, select

from echo.errors import Conflict, NotFound
from echo.extensions import db
from echo.languages import gettext, number
from echo.limits import MEMORIES_MAX
from echo.models import Memory
from echo.models.types import new_id
from echo.services.storage import transaction
from echo.text import storable


def of(user_id: int) -> list[Memory]:
    """Return a person's memories, the newest first."""
    query = select(Memory).where(Memory.user_id == user_id).order_by(Memory.id.desc())
    return list(db.session.scalars(query))


def find(user_id: int, memory_id: str) -> Memory:
    """Return one of a person's own; raises NotFound for any other."""
    row = db.session.get(Memory, storable(memory_id))
    if row is None or row.user_id != user_id:
        raise NotFound(gettext("There is no such memory, or it is not yours."))
    return row


def add(user_id: int, text: str, is_on: bool = True) -> None:
    """Remember one more fact; one that is remembered word for word already is switched on.

    Raises:
        Conflict: there are too many.
    """

    def work() -> None:
        same = select(Memory).where(Memory.user_id == user_id, Memory.text == text)
        if known := db.session.scalars(same).first():
            known.is_on = is_on
            return
        count = select(func.count(Memory.id)).where(Memory.user_id == user_id)
        if (db.session.scalar(count) or 0) >= MEMORIES_MAX:
            raise Conflict(
                gettext(
                    "%(most)s memories are the most. Please delete some first.",
                    most=number(MEMORIES_MAX),
                )
            )
        db.session.add(Memory(id=new_id(), user_id=user_id, text=text, is_on=is_on))

    transaction(work)


def change(user_id: int, memory_id: str, text: str, is_on: bool) -> None:
    """Give a memory other words, or switch it; raises NotFound."""

    def work() -> None:
        row = find(user_id, memory_id)
        row.text, row.is_on = text, is_on

    transaction(work)


def forget(user_id: int, memory_id: str) -> None:
    """Delete a memory for good; raises NotFound."""
    transaction(lambda: db.session.delete(find(user_id, memory_id)))
