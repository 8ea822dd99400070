"""Reading the tree of messages: branches, siblings, leaves. Knows no owners and changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import aliased

from echo.extensions import db
from echo.limits import VERSIONS_TOLD
from echo.models import Message


def branch(leaf_id: str | None, limit: int | None = None) -> list[Message]:
    """Return the messages from the root (or the `limit` newest) down to `leaf_id`, oldest first.

    One recursive query, so its cost grows with the messages returned, not with the conversation.
    """
    if leaf_id is None:
        return []
    path = _path(leaf_id, limit)
    rows = db.session.scalars(
        select(Message).join(path, Message.id == path.c.id).order_by(path.c.depth.desc())
    )
    return list(rows)


def said_in(leaf_id: str | None) -> Sequence[Any]:
    """Return what models are told of a whole branch, as plain rows: there may be thousands."""
    if leaf_id is None:
        return []
    path = _path(leaf_id)
    columns = (
        Message.id,
        Message.parent_id,
        Message.role,
        Message.text,
        Message.guarded,
        Message.author_gone,
    )
    query = select(*columns).join(path, Message.id == path.c.id).order_by(path.c.depth.desc())
    return db.session.execute(query).all()


def _path(leaf_id: str, limit: int | None = None) -> Any:
    """Return the ids of a branch with how far each is from its leaf, as a query."""
    start = select(Message.id, Message.parent_id, literal(1).label("depth")).where(
        Message.id == leaf_id
    )
    path = start.cte("path", recursive=True)
    parent = aliased(Message)
    step = select(parent.id, parent.parent_id, (path.c.depth + 1).label("depth")).join(
        path, parent.id == path.c.parent_id
    )
    if limit is not None:
        step = step.where(path.c.depth < limit)
    return path.union_all(step)


@dataclass(frozen=True)
class Siblings:
    """A message among its parent's children: the ids of all of them, or of those that are near to it."""

    ids: Sequence[str]
    first: int = 1
    """The number of the first of these, from 1 on."""
    count: int = 1
    """How many there are."""


def siblings(rows: Sequence[Message]) -> dict[str, Siblings]:
    """Return for each message its parent's children, in the order they were made.

    Of very many those around it: each told to each of the others would be their square.
    """
    if not rows:
        return {}
    parents = {row.parent_id for row in rows if row.parent_id is not None}
    wanted: ColumnElement[bool] = Message.parent_id.in_(parents)
    if any(row.parent_id is None for row in rows):
        wanted = wanted | Message.parent_id.is_(None)
    found = db.session.execute(
        select(Message.parent_id, Message.id)
        .where(Message.conversation_id == rows[0].conversation_id, wanted)
        .order_by(Message.ordinal)
    )
    families: dict[str | None, list[str]] = defaultdict(list)
    for parent_id, message_id in found:
        families[parent_id].append(message_id)
    places = {each: at for family in families.values() for at, each in enumerate(family)}
    return {row.id: _around(families[row.parent_id], places.get(row.id, 0)) for row in rows}


def _around(family: list[str], at: int) -> Siblings:
    """Return those of a family that are near to one of them."""
    first = max(0, min(at - VERSIONS_TOLD // 2, len(family) - VERSIONS_TOLD))
    return Siblings(family[first : first + VERSIONS_TOLD], first + 1, len(family))


def newest_leaf(message_id: str, conversation_id: str) -> str:
    """Follow the newest child from `message_id` to a leaf and return the leaf's id."""
    children = db.session.execute(
        select(Message.parent_id, Message.id)
        .where(Message.conversation_id == conversation_id, Message.parent_id.is_not(None))
        .order_by(Message.ordinal)
    )
    # later rows win: the newest child of each parent
    newest: dict[str, str] = {parent_id: child_id for parent_id, child_id in children if parent_id}
    while message_id in newest:
        message_id = newest[message_id]
    return message_id


def next_ordinal(conversation_id: str) -> int:
    """Return the number that the conversation's next message gets."""
    last = db.session.scalar(
        select(func.max(Message.ordinal)).where(Message.conversation_id == conversation_id)
    )
    return (last or 0) + 1
