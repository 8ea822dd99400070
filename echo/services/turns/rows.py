"""The rows of a turn: found, read as a history, and written. Knows no engine and nobody who watches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect, select, update
from sqlalchemy.exc import IntegrityError

from echo import cluster, errors
from echo.clock import utc_now
from echo.extensions import db
from echo.generation import ChatMessage, FinishReason
from echo.languages import gettext, mark
from echo.models import Conversation, GuardDecision, Message, MessageStatus
from echo.models.conversation import LIVE_STATUSES
from echo.models.types import new_id
from echo.services.accounts import accounts
from echo.services.chats import conversations, message_tree, together
from echo.services.chats.titles import automatic_title
from echo.services.documents import in_chats
from echo.services.guardrails import decisions
from echo.services.guardrails.judging import Met
from echo.services.numbers import rollups
from echo.services.storage import execute, transaction
from echo.services.turns.figures import Figures

GOES_ON = mark("This answer is being written already.")
NOT_ASKED = mark("Somebody else has asked for this answer.")


class HeadMoved(Exception):
    """Somebody else has asked in a chat of several meanwhile: the question stands below that."""


@dataclass(frozen=True)
class Question:
    """What a person asks; `conversation_id` None makes a new conversation, perhaps in a folder.

    Of a question that is edited only text, `client_id` and `zone` count.
    """

    text: str
    client_id: str | None = None
    conversation_id: str | None = None
    parent_id: str | None = None
    settings: dict[str, Any] | None = None
    folder_id: str | None = None
    persona_id: str | None = None
    """Whom a new conversation is begun with."""
    documents: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    zone: str | None = None
    """Of the clocks that whoever asks sees, by its name."""
    met: tuple[Met, ...] = ()
    refusal: str | None = None
    """What rules say to it, and why it is not answered, where they have looked at it (`guarded`)."""


@dataclass(frozen=True)
class Asked:
    """The committed rows of a turn."""

    conversation: Conversation
    message: Message
    reply: Message


def question(
    conversation: Conversation,
    user_id: int,
    parent_id: str | None,
    text: str,
    client_id: str | None,
) -> Message:
    """Return a question's row, not yet stored; `user_id` asks it."""
    return Message(
        id=new_id(),
        conversation_id=conversation.id,
        user_id=user_id,
        parent_id=parent_id,
        role="user",
        text=text,
        client_id=client_id,
    )


def reply(question: Message, user_id: int, model: str) -> Message:
    """Return the row of a reply that waits for the engine, not yet stored; `user_id` asks for it."""
    return Message(
        id=new_id(),
        conversation_id=question.conversation_id,
        user_id=user_id,
        parent_id=question.id,
        role="assistant",
        status=MessageStatus.QUEUED,
        model=model,
        node=cluster.here().node,
    )


def already_asked(user_id: int, client_id: str | None) -> Asked | None:
    """Return the rows that this `client_id` made before, if it did."""
    if client_id is None:
        return None
    message = db.session.scalar(
        select(Message).where(Message.user_id == user_id, Message.client_id == client_id)
    )
    if message is None:
        return None
    conversation = conversations.readable(user_id, message.conversation_id)
    replies = select(Message).where(Message.parent_id == message.id).order_by(Message.ordinal)
    return Asked(conversation, message, db.session.scalars(replies.limit(1)).one())


def must_be_asked(user_id: int, client_id: str | None) -> Asked:
    """Return the rows of another request with the same `client_id`, which has just won the race."""
    repeated = already_asked(user_id, client_id)
    if repeated is None:
        raise errors.StorageUnavailable(gettext("This could not be saved. Please try again."))
    return repeated


def above(reply_id: str) -> str | None:
    """Return the reply that a reply's question was asked under, if there is one."""
    question = db.session.get_one(Message, str(db.session.get_one(Message, reply_id).parent_id))
    return question.parent_id


def asked_reply(user_id: int, message_id: str, *, or_owner: bool = False) -> Message:
    """Return a reply that the user has asked for; with `or_owner` any reply of a chat of their own.

    Raises:
        NotFound: it is not there, or in no chat that they may read.
        InvalidInput: it is a question.
        Forbidden: somebody else has asked for it.
    """
    row = conversations.readable_message(user_id, message_id)
    if row.role != "assistant":
        raise errors.InvalidInput(gettext("This is not an answer."), field="message_id")
    if row.user_id != user_id and not (or_owner and _owns(user_id, row)):
        raise errors.Forbidden(gettext(NOT_ASKED), field="message_id")
    return row


def _owns(user_id: int, row: Message) -> bool:
    return db.session.get_one(Conversation, row.conversation_id).user_id == user_id


def history(leaf_id: str | None) -> list[ChatMessage]:
    """Return the branch as the model reads it, without questions that were refused or got no answer."""
    branch = list(message_tree.said_in(leaf_id))
    guarded = [row.id for row in branch if row.guarded and row.id != leaf_id]
    why_is_gone = {row.id for row in branch if row.guarded and row.author_gone}
    refused = decisions.refusals(guarded).keys() | why_is_gone
    rows = [row for row in branch if row.id not in refused and row.parent_id not in refused]
    answered = {row.parent_id for row in rows if row.role == "assistant" and row.text}
    return [
        ChatMessage(row.role, row.text)
        for row in rows
        if row.text and (row.role == "assistant" or row.id in answered or row.id == leaf_id)
    ]


def insert(
    conversation: Conversation,
    messages: list[Message],
    added: in_chats.Added = in_chats.NOTHING,
    decided: Sequence[GuardDecision] = (),
    is_below_head: bool = False,
) -> bool:
    """Store the rows and show their branch; False when the same `client_id` was stored meanwhile.

    `is_below_head`: they belong below what is shown last.

    Raises:
        HeadMoved: something else is shown last by now.
        NotFound: since it was looked up, the conversation was deleted, or whoever asks was taken out of it.
        SignedOut: their account was switched off since.
    """

    def work() -> None:
        accounts.refuse_closed(messages[-1].user_id)
        may_be_named = conversation.title_from_question
        if inspect(conversation).persistent:
            found = _locked(conversation, messages[-1].user_id)
            may_be_named = bool(found.title_from_question)
            if is_below_head and found.head_id != messages[0].parent_id:
                raise HeadMoved
        else:
            conversations.let_go_of_what_is_gone(conversation)
        db.session.add(conversation)
        db.session.flush()
        in_chats.link(conversation, added)
        first = message_tree.next_ordinal(conversation.id)
        if first == 1 and may_be_named:  # it may have been made empty
            conversation.title = automatic_title(messages[0].text)
        for offset, row in enumerate(messages):
            row.ordinal = first + offset
            db.session.add(row)
        db.session.flush()  # what was decided is about these
        db.session.add_all(decided)
        conversation.head_id = messages[-1].id
        conversation.message_count = messages[-1].ordinal
        conversation.updated_at = utc_now()
        if messages[-1].user_id == conversation.user_id:
            conversation.archived_at = None  # it is in use again

    try:
        transaction(work)
    except IntegrityError:
        return False
    decisions.announce(decided)
    return True


def _locked(conversation: Conversation, user_id: int) -> Any:
    """Return what it is now; until the commit nobody deletes or renames it, or asks in it.

    Raises:
        NotFound: it is deleted by now, or the person may not ask in it any more.
    """
    columns = Conversation.deleted_at, Conversation.title_from_question, Conversation.head_id
    query = select(*columns).where(Conversation.id == conversation.id)
    found = db.session.execute(query.with_for_update()).one_or_none()
    may_ask = conversation.user_id == user_id or together.is_member(conversation.id, user_id)
    if found is None or found.deleted_at is not None or not may_ask:
        raise errors.NotFound(gettext(conversations.NOT_FOUND), field="conversation_id")
    return found


CUT_SHORT = (MessageStatus.STOPPED, MessageStatus.INTERRUPTED, MessageStatus.FAILED)
END = (Message.status, Message.finish_reason, Message.error_code, Message.error_text, Message.node)


@dataclass(frozen=True)
class Claim:
    """A reply that goes on, and how it had ended before."""

    reply_id: str
    end: dict[str, Any]


def claim(conversation: Conversation, reply: Message) -> Claim:
    """Make a reply that was cut short a live one again; of several who try at once one succeeds.

    Raises:
        InvalidInput: it is not cut short.
        Conflict: somebody else was first, or it is still being written.
        NotFound, SignedOut: as `insert`.
    """

    def work() -> Claim:
        accounts.refuse_closed(reply.user_id)
        _locked(conversation, reply.user_id)
        found = db.session.execute(select(*END).where(Message.id == reply.id)).one()._asdict()
        _refuse_uncut(MessageStatus(found["status"]), found["finish_reason"])
        claimed = db.session.execute(
            update(Message)
            .where(Message.id == reply.id, Message.status == found["status"])
            .values(
                status=MessageStatus.QUEUED,
                finish_reason=None,
                error_code=None,
                error_text=None,
                node=cluster.here().node,
            )
        )
        if not claimed.rowcount:  # type: ignore[attr-defined]
            raise errors.Conflict(gettext(GOES_ON))
        conversation.updated_at = utc_now()
        rollups.mark_stale(reply.created_at)
        return Claim(reply.id, found)

    claim = transaction(work)
    db.session.refresh(reply)  # its text may have grown since it was read
    return claim


def _refuse_uncut(status: MessageStatus, finish_reason: str | None) -> None:
    if status in LIVE_STATUSES:
        raise errors.Conflict(gettext(GOES_ON))
    if status not in CUT_SHORT and finish_reason != FinishReason.LENGTH:
        raise errors.InvalidInput(gettext("This answer is not cut short."), field="message_id")


def figures_of(reply: Message) -> Figures:
    """Return what the writing of a reply has taken before; nothing for one that has not begun."""
    if reply.total_ms is None and not reply.text:
        return Figures()
    return Figures(
        reply.completion_tokens or 0, reply.queue_ms, reply.first_token_ms, reply.total_ms
    )


def give_back(claim: Claim) -> None:
    """Let a claimed reply that cannot go on be as it was."""
    execute(update(Message).where(Message.id == claim.reply_id).values(claim.end))
