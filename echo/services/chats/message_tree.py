"""Reading the tree of messages: branches, siblings, leaves. Knows no owners and changes nothing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.orm import aliased

from echo.extensions import db
from echo.limits import VERSIONS_TOLD
from echo.models import Message
from echo.services.storage import chars_of, giving_way, rows_of


def branch(
    leaf_id: str | None, limit: int | None = None, chars: int | None = None
) -> list[Message]:
    """Return the messages from the root (or the newest) down to `leaf_id`, oldest first.

    At most `limit`, and with `chars` no more than make so many characters: the one in which they end is the
    last, so that one alone always comes. The cost grows with what is returned, not with the conversation.
    """
    rows: list[Message] = []
    left = math.inf if chars is None else chars
    for row in chain.from_iterable(upwards(leaf_id, limit)):
        rows.append(row)
        left -= chars_of(row)
        if left <= 0:
            break
    return rows[::-1]


def upwards(leaf_id: str | None, limit: int | None = None) -> Iterator[list[Message]]:
    """Yield a branch from its leaf up, some messages at a time: each may be very long."""
    return _read(_ids(leaf_id, limit))


def downwards(leaf_id: str | None) -> Iterator[list[Message]]:
    """Yield a branch from its root down, some messages at a time."""
    return _read(_ids(leaf_id)[::-1])


def _read(ids: Sequence[str]) -> Iterator[list[Message]]:
    for rows in rows_of(select(Message.id, Message), ids):
        yield [row for _id, row in rows]


def _ids(leaf_id: str | None, limit: int | None = None) -> Sequence[str]:
    """Return the ids of a branch from its leaf up, by one recursive query."""
    if leaf_id is None:
        return []
    path = _path(leaf_id, limit)
    return db.session.scalars(select(path.c.id).order_by(path.c.depth)).all()


def said_in(leaf_id: str | None) -> Iterator[Any]:
    """Yield what models are told of a whole branch, as plain rows: there may be thousands, or long ones."""
    columns = (
        Message.id,
        Message.parent_id,
        Message.role,
        Message.text,
        Message.guarded,
        Message.author_gone,
    )
    for rows in giving_way(rows_of(select(*columns), _ids(leaf_id)[::-1])):
        yield from rows


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
