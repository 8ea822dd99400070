"""Conversations of several people: who is in one beside its owner, and whose words are whose.

The owner decides who is in it (`services/sharing/members`); here it is looked up, and let go of when an
account goes. Knows no payload but the two small parts of them that tell of people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Select, delete, select, update

from echo import signals
from echo.extensions import db
from echo.languages import mark
from echo.models import Conversation, ConversationDocument, ConversationMember, Message, User
from echo.services.guardrails import decisions
from echo.services.numbers import rollups
from echo.services.storage import execute, in_parts

Payload = dict[str, Any]
LEFT: Final = mark("Somebody who has left")
"""The name over the words of an account that is no more."""


def is_member(conversation_id: str, user_id: int) -> bool:
    """Tell whether a person was invited into a conversation and is in it still."""
    here = ConversationMember.conversation_id == conversation_id
    query = select(ConversationMember.user_id).where(here, ConversationMember.user_id == user_id)
    return db.session.scalar(query) is not None


def attached(conversation_id: str) -> set[str]:
    """Return the ids of the documents that its owner has put into a conversation."""
    here = ConversationDocument.conversation_id == conversation_id
    return set(db.session.scalars(select(ConversationDocument.document_id).where(here)))


def is_alone(row: Conversation, user_id: int) -> bool:
    """Tell whether what is answered to this person stays with its conversation's owner.

    Else nothing that either has for themselves is told to the model. Somebody who has asked and was taken
    out since is not the owner, so that what was theirs stays so.
    """
    return not row.members and row.user_id == user_id


def joined(user_id: int) -> Select[Any]:
    """Return the ids of the conversations that others have invited a person into."""
    return select(ConversationMember.conversation_id).where(ConversationMember.user_id == user_id)


def member_ids(conversation_ids: Iterable[str]) -> dict[str, list[int]]:
    """Return, by conversation, the numbers of its members; for conversations that are about to go."""
    found: dict[str, list[int]] = {each: [] for each in conversation_ids}
    query = select(ConversationMember.conversation_id, ConversationMember.user_id)
    for ids in in_parts(list(found)):
        here = query.where(ConversationMember.conversation_id.in_(ids))
        for conversation_id, user_id in db.session.execute(here):
            found[conversation_id].append(user_id)
    return found


def people_in(conversation_ids: Iterable[str]) -> dict[str, set[int]]:
    """Return, by conversation, the numbers of its members and of whose it is."""
    found = {each: set(members) for each, members in member_ids(conversation_ids).items()}
    owners = select(Conversation.id, Conversation.user_id).where(Conversation.id.in_(found))
    for conversation_id, user_id in db.session.execute(owners):
        found[conversation_id].add(user_id)
    return found


def told(row: Conversation) -> Payload | None:
    """Return whose a conversation is and how many others are in it; None: its owner alone."""
    if not row.members:
        return None
    return {"owner": row.owner.username, "own": True, "members": len(row.members)}


def authors(rows: Sequence[Message]) -> dict[str, Payload]:
    """Return who asked those of these messages that its conversation's owner has not asked.

    The name is None for somebody whose account is no more. One conversation's messages ask one statement,
    and none where all of them are the owner's.
    """
    owners = {each: _owner_of(each) for each in {row.conversation_id for row in rows}}
    theirs = {
        row.id: row.user_id
        for row in rows
        if not row.author_gone and row.user_id != owners[row.conversation_id]
    }
    names = names_of(theirs.values())
    found: dict[str, Payload] = {
        message_id: {"name": names.get(user_id)} for message_id, user_id in theirs.items()
    }
    return found | {row.id: {"name": None} for row in rows if row.author_gone}


def _owner_of(conversation_id: str) -> int | None:
    row = db.session.get(Conversation, conversation_id)
    return None if row is None else row.user_id


def names_of(user_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of those accounts that are there, by number; one that is being deleted has none."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    rows = db.session.execute(select(User.id, User.username).where(User.id.in_(wanted)))
    return {row.id: row.username for row in rows if "/" not in row.username}


def announce_left(user_id: int, row: Conversation) -> None:
    """Tell that somebody is in a conversation no more, to them first: nothing more of it reaches them."""
    db.session.expire(row, ["members"])
    signals.member_left.send(user_id, conversation_id=row.id)
    if row.deleted_at is None:
        signals.conversation_changed.send(row)


def leave_all(user_id: int) -> None:
    """Take somebody out of every conversation of others: their account is being deleted."""
    rows = list(
        db.session.scalars(select(Conversation).where(Conversation.id.in_(joined(user_id))))
    )
    execute(delete(ConversationMember).where(ConversationMember.user_id == user_id))
    for row in rows:
        announce_left(user_id, row)


def _keep_from_models(ids: list[str]) -> None:
    """Of these messages only those that were refused stay `guarded`: their decisions go with the account."""
    refused = decisions.refusals(ids)
    seen = Message.id.in_([each for each in ids if each not in refused])
    db.session.execute(
        update(Message)
        .where(seen)
        .values(guarded=False)
        .execution_options(synchronize_session=False)
    )


def hand_over(user_id: int, most: int) -> bool:
    """Make some of what a person has said in chats of others their owners', said by somebody who has left.

    The text stays: others have answered it, and models have read it. It counts in no sum any more. In the
    caller's transaction; tells whether there was anything.
    """
    query = (
        select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.user_id == user_id, Conversation.user_id != user_id)
        .limit(most)
    )
    ids = list(db.session.scalars(query))
    if not ids:
        return False
    rollups.mark_messages(Message.id.in_(ids))
    _keep_from_models(ids)
    whose = select(Conversation.user_id).where(Conversation.id == Message.conversation_id)
    values = {"author_gone": True, "imported": True, "client_id": None}
    db.session.execute(
        update(Message)
        .where(Message.id.in_(ids))
        .values(user_id=whose.scalar_subquery(), **values)
        .execution_options(synchronize_session=False)
    )
    return True
