"""A person's own words for their conversations: set, added, taken off, counted. Knows no engine.

`Work` and `work` are one tag, called as it was first written. A tag that no conversation bears any more goes;
one whose conversations are deleted and can still be restored is not shown, and waits for them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, exists, func, insert, select

from echo.errors import Conflict, InvalidInput
from echo.extensions import db
from echo.languages import gettext
from echo.limits import FORM_SLACK, TAG_CHARS, TAGS_MAX, TAGS_PER_CHAT
from echo.models import Conversation, ConversationTag, Tag
from echo.models.types import new_id
from echo.services.accounts import accounts
from echo.text import composed, folded, is_blank, storable

JOINERS: Final = dict.fromkeys(map(ord, "\u200c\u200d\ufe0e\ufe0f"))
"""Not seen, but part of how Persian, Hindi and emoji are written; two tags never differ by them alone."""


def key_of(name: str) -> str:
    """Return what makes two spellings one tag."""
    return folded(" ".join(storable(name).translate(JOINERS).split()))


def checked(names: Sequence[str], most: int = TAGS_PER_CHAT) -> dict[str, str]:
    """Return names as they are stored, by their keys.

    Raises:
        InvalidInput: one is empty, too long or holds what nobody sees; too many of them.
    """
    found: dict[str, str] = {}
    _refuse_too_many(names, FORM_SLACK * most)  # before each is looked at
    for name in map(_checked, names):
        found.setdefault(key_of(name), name)
    _refuse_too_many(found, most)
    return found


def _refuse_too_many(names: Collection[str], most: int = TAGS_PER_CHAT) -> None:
    if len(names) > most:
        said = gettext("A chat has at most %(most)s tags.", most=TAGS_PER_CHAT)
        raise InvalidInput(said, field="tags")


def usable(names: Iterable[str]) -> dict[str, str]:
    """Return those names of elsewhere that can be tags here, as many as a chat may have."""
    found: dict[str, str] = {}
    for name in names:
        try:
            found |= {key: one for key, one in checked([name]).items() if key not in found}
        except InvalidInput:
            continue
    return dict(list(found.items())[:TAGS_PER_CHAT])


def _checked(name: str) -> str:
    name = " ".join(composed(storable(name[: FORM_SLACK * TAG_CHARS])).split())
    if is_blank(name) or len(name) > TAG_CHARS:
        said = gettext("A tag has 1 to %(most)s characters.", most=TAG_CHARS)
        raise InvalidInput(said, field="tags")
    if any(is_blank(sign) for sign in name.translate(JOINERS) if sign != " "):
        raise InvalidInput(gettext("A tag holds no characters that nobody sees."), field="tags")
    return name


def of(user_id: int) -> list[tuple[str, int]]:
    """Return the person's tags by name, with how many conversations bear each."""
    rows = db.session.execute(
        select(Tag.key, Tag.name, func.count())
        .join(ConversationTag, ConversationTag.tag_id == Tag.id)
        .join(Conversation, Conversation.id == ConversationTag.conversation_id)
        .where(Tag.user_id == user_id, Conversation.deleted_at.is_(None))
        .group_by(Tag.id, Tag.key, Tag.name)
    )
    return [(name, count) for _key, name, count in sorted(rows)]


def named(user_id: int) -> list[str]:
    """Return all of the person's tags, also those that only deleted conversations bear."""
    rows = db.session.execute(select(Tag.key, Tag.name).where(Tag.user_id == user_id))
    return [name for _key, name in sorted(rows)]


def borne_by(name: str) -> ColumnElement[bool]:
    """Return what is true of a conversation that bears the tag."""
    return Conversation.tags.any(Tag.key == key_of(name))


def put(row: Conversation, names: dict[str, str]) -> None:
    """Give a conversation these tags (`checked`) and no others; raises as `change`."""
    change([row], names, {tag.key: tag.name for tag in row.tags if tag.key not in names})


def change(rows: Sequence[Conversation], add: dict[str, str], remove: dict[str, str]) -> None:
    """Put tags on conversations of one person and take others off; in the caller's transaction.

    Raises:
        InvalidInput: a conversation would have too many.
        Conflict: the person has as many as one may have; those of deleted conversations count too.
    """
    remove = {key: name for key, name in remove.items() if key not in add}
    accounts.alone_with([rows[0].user_id])
    for row in rows:
        _refuse_too_many({tag.key for tag in row.tags} - remove.keys() | add.keys())
    owner, ids = rows[0].user_id, [row.id for row in rows]
    put_on = _rows_of(owner, add)
    gone = select(Tag.id).where(Tag.user_id == owner, Tag.key.in_(remove))
    taken_off = delete(ConversationTag).where(
        ConversationTag.conversation_id.in_(ids), ConversationTag.tag_id.in_(gone)
    )
    db.session.execute(taken_off.execution_options(synchronize_session=False))
    bearing = select(ConversationTag.conversation_id, ConversationTag.tag_id).where(
        ConversationTag.conversation_id.in_(ids)
    )
    has = {tuple(each) for each in db.session.execute(bearing)}  # others may have changed them
    _bear((each, tag.id) for each in ids for tag in put_on.values() if (each, tag.id) not in has)
    _forget_unused([owner])
    for row in rows:
        db.session.expire(row, ["tags"])


def _bear(pairs: Iterable[tuple[str, str]]) -> None:
    db.session.flush()
    rows = [{"conversation_id": chat, "tag_id": tag} for chat, tag in pairs]
    if rows:
        db.session.execute(insert(ConversationTag), rows)


def _rows_of(user_id: int, names: dict[str, str]) -> dict[str, Tag]:
    """Return a person's tags by their keys, made where they are not there."""
    found = _present(user_id, names)
    missing = {key: name for key, name in names.items() if key not in found}
    if missing and _count(user_id) + len(missing) > TAGS_MAX:
        said = gettext(
            "One has at most %(most)s tags. Take one off that is not needed.", most=TAGS_MAX
        )
        raise Conflict(said, field="tags")
    for key, name in missing.items():
        found[key] = Tag(id=new_id(), user_id=user_id, name=name, key=key)
    db.session.add_all(found.values())
    return found


def _present(user_id: int, keys: Collection[str]) -> dict[str, Tag]:
    rows = db.session.scalars(select(Tag).where(Tag.user_id == user_id, Tag.key.in_(keys)))
    return {row.key: row for row in rows}


def _count(user_id: int) -> int:
    return db.session.scalar(select(func.count()).where(Tag.user_id == user_id)) or 0


def keep(user_id: int, wanted: dict[str, list[str]]) -> None:
    """Put tags of elsewhere on new conversations, by their ids; in the caller's transaction.

    A tag beyond those that one may have is left out.
    """
    accounts.alone_with([user_id])
    named = {each: usable(names) for each, names in wanted.items()}
    names = {key: name for own in named.values() for key, name in own.items()}
    room = TAGS_MAX - _count(user_id)
    present = _present(user_id, names)
    new = [key for key in names if key not in present][: max(room, 0)]
    found = _rows_of(user_id, {key: names[key] for key in (*present, *new)})
    _bear((each, found[key].id) for each, own in named.items() for key in own if key in found)


def forget_unused(user_ids: Collection[int]) -> None:
    """Delete the tags that no conversation of these people bears; in the caller's transaction."""
    accounts.alone_with(user_ids)
    _forget_unused(user_ids)


def _forget_unused(user_ids: Collection[int]) -> None:
    db.session.flush()
    is_borne = exists().where(ConversationTag.tag_id == Tag.id)
    unused = delete(Tag).where(Tag.user_id.in_(user_ids), ~is_borne)
    db.session.execute(unused.execution_options(synchronize_session=False))
