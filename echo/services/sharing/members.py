"""Inviting people into a conversation, taking them out, leaving. Knows no pages.

Names are looked up exactly and one at a time: whoever guesses is told the same of a name that nobody has,
of one that is switched off, of one that is in too many chats and of one that wants no invitations; how often
is counted at the edge.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import delete, exists, func, select

from echo import signals
from echo.clock import utc_now
from echo.errors import Conflict, Forbidden, NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.limits import CHATS_JOINED, MEMBERS_PER_CHAT
from echo.models import Conversation, ConversationMember, PersonalPrompt, User
from echo.services.accounts.names import fold
from echo.services.chats import conversations, together
from echo.services.sharing import shares
from echo.services.storage import transaction
from echo.text import storable

NOBODY: Final = mark(
    "Nobody can be invited by this name. It is written as it stands on their profile."
)
NOT_IN: Final = mark("Nobody of this name is in this chat.")


class Person(NamedTuple):
    """Somebody in a conversation."""

    id: int
    username: str
    is_owner: bool


def people(user_id: int, conversation_id: str) -> list[Person]:
    """Return who is in a conversation, its owner first; raises NotFound as `conversations.readable`."""
    row = conversations.readable(user_id, conversation_id)
    ids = [row.user_id, *(member.user_id for member in row.members)]
    names = together.names_of(ids)
    return [Person(each, names[each], each == row.user_id) for each in ids if each in names]


def invite(user_id: int, conversation_id: str, username: str) -> None:
    """Let somebody read a conversation of one's own and ask in it, from now on; who is in it stays.

    Raises:
        NotFound: the conversation is not there, or another's; nobody can be invited by this name.
        Forbidden: the site lets nobody share chats.
        Conflict: there are as many people in it as there may be.
    """
    row = conversations.own(user_id, conversation_id)
    if not shares.possible():
        raise Forbidden(gettext(shares.SWITCHED_OFF["off"]))
    invited = transaction(lambda: _insert(row, username))
    db.session.expire(row, ["members"])
    if invited is not None:
        signals.member_came.send(invited, conversation=row)
        signals.conversation_changed.send(row)


def _insert(row: Conversation, username: str) -> int | None:
    """Return whom this has let in; None where they were in it before."""
    db.session.execute(
        select(Conversation.id).where(Conversation.id == row.id).with_for_update()
    ).all()  # two invitations at once are one after the other
    members = together.member_ids([row.id])[row.id]
    found = _invitable(row, username)
    if found in members:
        return None
    if len(members) >= MEMBERS_PER_CHAT:
        most = MEMBERS_PER_CHAT
        text = gettext("At most %(most)s people can be invited into a chat.", most=most)
        raise Conflict(text, field="username")
    db.session.add(ConversationMember(conversation_id=row.id, user_id=found, invited_at=utc_now()))
    return found


def _invitable(row: Conversation, username: str) -> int:
    """Return who is meant; one statement, whatever is wrong."""
    theirs = (ConversationMember.user_id == User.id) & (
        ConversationMember.conversation_id != row.id
    )
    joined = select(func.count()).where(theirs).scalar_subquery()
    wants_none = exists().where(
        PersonalPrompt.user_id == User.id, PersonalPrompt.invitations_on.is_(False)
    )
    found: int | None = db.session.scalar(
        select(User.id).where(
            User.username_key == fold(storable(username)),
            User.active,
            User.id != row.user_id,
            joined < CHATS_JOINED,
            ~wants_none,
        )
    )
    if found is None:
        raise NotFound(gettext(NOBODY), field="username")
    return found


def take_out(user_id: int, conversation_id: str, username: str) -> None:
    """Take somebody out of one's own conversation, or leave another's: at once, in every window.

    Raises:
        NotFound: there is no such conversation for this person, or nobody of this name in it.
        Forbidden: it is another's, and so is the name.
    """
    row = conversations.readable(user_id, conversation_id)
    member = _member(row, username)
    if user_id not in (row.user_id, member):
        raise Forbidden(gettext("Only whose chat it is takes others out of it."))

    def work() -> None:
        here = ConversationMember.conversation_id == row.id
        db.session.execute(
            delete(ConversationMember)
            .where(here, ConversationMember.user_id == member)
            .execution_options(synchronize_session=False)
        )

    transaction(work)
    together.announce_left(member, row)


def _member(row: Conversation, username: str) -> int:
    found: int | None = db.session.scalar(
        select(User.id)
        .join(ConversationMember, ConversationMember.user_id == User.id)
        .where(
            ConversationMember.conversation_id == row.id,
            User.username_key == fold(storable(username)),
        )
    )
    if found is None:
        raise NotFound(gettext(NOT_IN), field="username")
    return found
