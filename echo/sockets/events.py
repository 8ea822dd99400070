"""The events that clients send, each parsed, handed to a service and acknowledged.

Knows no rows and no engine; rights and limits are in `access.py`, keys in `payloads.py`.
"""

from __future__ import annotations

from typing import Any

import structlog
from flask import request
from flask_socketio import join_room

from echo.errors import NotFound
from echo.extensions import db, socketio
from echo.languages import gettext
from echo.limits import CHARS_PER_PAGE, MESSAGES_PER_PAGE
from echo.models import Conversation, Message, User
from echo.services import storage
from echo.services.chats import conversations, message_tree, ratings, wire
from echo.services.documents import collections, in_chats, shelf
from echo.services.turns import Asked, Question, Turns, catch_up, edits
from echo.sockets import access, live_stats, model_news, payloads, presence, rooms, temporary
from echo.sockets.access import event
from echo.sockets.wire import end_connection

log = structlog.get_logger()

Answer = dict[str, Any]


def register() -> None:
    """Register every event of this module."""
    socketio.on_event("connect", connect)
    socketio.on_event("disconnect", disconnect)
    access.register()


def connect(_auth: Any = None) -> bool:
    """Refuse those who are not signed in; others hear what concerns them.

    A failure ends the connection, so that its client tries again: raised here, it would leave it half-joined,
    neither answered nor ever forgotten.
    """
    try:
        return _let_in()
    except Exception as failure:
        storage.forget_broken_session()
        log.warning("nobody can be let in", error=f"{type(failure).__name__}: {failure}"[:200])
        end_connection(socketio.server.manager.eio_sid_from_sid(request.sid, "/"))  # type: ignore[attr-defined]
        return False


def _let_in() -> bool:
    device = access.current_device()
    if device is None:
        return False
    join_room(rooms.of_user(device.user_id))
    join_room(rooms.of_device(device.id))
    join_room(rooms.of_role(device.user.role_name))
    model_news.greet(request.sid, device.user.role_name)  # type: ignore[attr-defined]
    return True


def disconnect(*_reason: Any) -> None:
    """Let go of what was this connection's."""
    temporary.left()
    presence.gone()


@event("send_message")
def send_message(user: User, raw: Any) -> Answer:
    sent = payloads.send_message(raw)
    conversation_id = sent.conversation_id
    if sent.is_bare:
        conversation_id = conversations.newest_id(user.id)
    question = Question(
        sent.text,
        sent.client_id,
        conversation_id,
        sent.parent_id,
        sent.settings,
        folder_id=sent.folder_id,
        persona_id=sent.persona_id,
        documents=sent.documents,
        collections=sent.collections,
        zone=access.zone(),
    )
    return _started(user, Turns.here().ask(user.id, question))


@event("edit_message")
def edit_message(user: User, raw: Any) -> Answer:
    edit = payloads.edit_message(raw)
    question = Question(edit.text, edit.client_id, zone=access.zone())
    return _started(user, Turns.here().edit(user.id, edit.message_id, question))


@event("save_message")
def save_message(user: User, raw: Any) -> Answer:
    saved = payloads.save_message(raw)
    row = edits.save(user.id, saved.message_id, saved.text)
    return {"message": wire.message(row, message_tree.siblings([row])[row.id])}


def _started(user: User, asked: Asked) -> Answer:
    """Let the sender's own tab watch from now on; the reply's pump tells everybody who does."""
    presence.watch(asked.conversation, user.id)
    siblings = message_tree.siblings([asked.message, asked.reply])
    catch_up([asked.reply], Turns.here().live)  # one that was asked before may end just now
    message, reply = wire.messages([asked.message, asked.reply], siblings)
    return {"conversation_id": asked.conversation.id, "message": message, "reply": reply}


@event("regenerate_message")
def regenerate_message(user: User, raw: Any) -> Answer:
    wanted = payloads.regenerate_message(raw)
    reply = Turns.here().regenerate(user.id, wanted.message_id, wanted.model, access.zone())
    return _started_again(user, reply)


@event("continue_message")
def continue_message(user: User, raw: Any) -> Answer:
    reply = Turns.here().continue_reply(user.id, payloads.message_id(raw))
    return _started_again(user, reply)


def _started_again(user: User, reply: Message) -> Answer:
    presence.watch(db.session.get_one(Conversation, reply.conversation_id), user.id)
    siblings = message_tree.siblings([reply])
    catch_up([reply], Turns.here().live)
    return {"reply": wire.message(reply, siblings[reply.id])}


@event("open_conversation")
def open_conversation(user: User, raw: Any) -> Answer:
    wanted = payloads.open_conversation(raw)
    row = conversations.readable(user.id, wanted.conversation_id)
    leaf = row.head_id
    if wanted.before is not None:
        leaf = _above(user, row.id, wanted.before)
    else:
        presence.watch(row, user.id)
    shown = message_tree.branch(leaf, MESSAGES_PER_PAGE, CHARS_PER_PAGE)
    siblings = message_tree.siblings(shown)
    catch_up(shown, Turns.here().live)
    return {
        "conversation": wire.conversation(row, Turns.here().is_live(row.id), user.id),
        "messages": wire.messages(shown, siblings),
        "live": _live_of(row.id),
        "more": bool(shown and shown[0].parent_id),
        "documents": [
            in_chats.wire_for(document, user.id) for document in shelf.of_conversation(row.id)
        ],
        **({} if wanted.before is not None else _collections_of(row)),
    }


def _collections_of(row: Conversation) -> Answer:
    """Return what a chat's questions are looked up in besides its documents: in one of several, nothing."""
    if row.members:
        return {"collections": [], "folder_collections": []}
    return {
        "collections": collections.in_short(in_chats.of_conversation(row), row.user_id),
        "folder_collections": collections.in_short(in_chats.of_its_folder(row), row.user_id),
    }


def _above(user: User, conversation_id: str, message_id: str) -> str | None:
    """Return the id of the message above one of this conversation."""
    message = conversations.readable_message(user.id, message_id)
    if message.conversation_id != conversation_id:
        raise NotFound(gettext("There is no such message in this conversation."), field="before")
    return message.parent_id


def _live_of(conversation_id: str) -> list[Answer]:
    return [
        {
            "message_id": written.message_id,
            "seq": len(written.pieces),
            "text": "".join(written.pieces),
            "status": written.status,
            **({"position": written.position} if written.position else {}),
        }
        for written in Turns.here().everywhere.written_in(conversation_id)
    ]


@event("close_conversation")
def close_conversation(user: User, raw: Any) -> Answer:
    presence.left(payloads.close_conversation(raw))
    return {}


@event("resume")
def resume(user: User, raw: Any) -> Answer:
    wanted = payloads.resume(raw)
    message = conversations.readable_message(user.id, wanted.message_id)
    row = db.session.get_one(Conversation, message.conversation_id)
    presence.watch(row, user.id)  # first: what comes meanwhile is heard
    return Turns.here().resume(user.id, wanted.message_id, wanted.after_seq)


@event("stop_message")
def stop_message(user: User, raw: Any) -> Answer:
    Turns.here().stop(user.id, payloads.message_id(raw))
    return {}


@event("select_branch")
def select_branch(user: User, raw: Any) -> Answer:
    row = Turns.here().select_branch(user.id, payloads.message_id(raw))
    return {
        "conversation": wire.conversation(row, Turns.here().is_live(row.id), user.id),
        "head_id": row.head_id,
    }


@event("watch_stats")
def watch_stats(_user: User, _raw: Any) -> Answer:
    """Hear the engine's numbers each second, until the connection ends."""
    join_room(live_stats.ROOM)
    live_stats.LiveStats.here().watched()
    return {}


@event("rate_message")
def rate_message(user: User, raw: Any) -> Answer:
    rated = payloads.rate_message(raw)
    ratings.rate_message(user.id, rated.message_id, rated.rating, rated.reasons, rated.comment)
    return {}
