"""Incoming payloads: parsed once into dataclasses; the only place that knows their keys.

It does not know rows or rights. Outgoing shapes are in `echo/services/chats/wire.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from echo.errors import InvalidInput, TooLong
from echo.languages import gettext, number
from echo.limits import (
    API_MESSAGES,
    CLIENT_ID_CHARS,
    COLLECTIONS_PER_CHAT,
    DOCUMENTS_PER_CHAT,
    RATING_COMMENT_CHARS,
    RATING_REASONS,
)
from echo.text import message, one_newline, storable

T = TypeVar("T")
ID_CHARS = 64
SEQ_MAX = 10**9


@dataclass(frozen=True)
class SendMessage:
    text: str
    client_id: str | None
    conversation_id: str | None
    parent_id: str | None
    settings: dict[str, Any] | None
    folder_id: str | None
    is_bare: bool
    documents: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    persona_id: str | None = None


@dataclass(frozen=True)
class OpenConversation:
    conversation_id: str
    before: str | None


@dataclass(frozen=True)
class Resume:
    message_id: str
    after_seq: int


@dataclass(frozen=True)
class EditMessage:
    message_id: str
    client_id: str | None
    text: str


@dataclass(frozen=True)
class SaveMessage:
    message_id: str
    text: str


@dataclass(frozen=True)
class RegenerateMessage:
    message_id: str
    model: str | None


@dataclass(frozen=True)
class AskTemporary:
    messages: tuple[tuple[str, str], ...]
    """Role and text of each, the question last."""
    settings: dict[str, Any]


@dataclass(frozen=True)
class RateMessage:
    message_id: str
    rating: int
    reasons: list[str]
    comment: str


def send_message(raw: Any) -> SendMessage:
    """Parse `send_message`: a dict, or a bare string for the newest conversation."""
    if isinstance(raw, str):
        return SendMessage(message(raw, "text"), None, None, None, None, None, is_bare=True)
    fields = _fields(raw)
    return SendMessage(
        text=message(_required(fields, "text", str), "text"),
        client_id=_identifier(fields, "client_id", CLIENT_ID_CHARS),
        conversation_id=_identifier(fields, "conversation_id"),
        parent_id=_identifier(fields, "parent_id"),
        settings=_optional(fields, "settings", dict),
        folder_id=_identifier(fields, "folder_id"),
        is_bare=False,
        documents=_identifiers(fields, "documents", DOCUMENTS_PER_CHAT),
        collections=_identifiers(fields, "collections", COLLECTIONS_PER_CHAT),
        persona_id=_identifier(fields, "persona_id"),
    )


def open_conversation(raw: Any) -> OpenConversation:
    fields = _fields(raw)
    return OpenConversation(
        _must_identify(fields, "conversation_id"), _identifier(fields, "before")
    )


def close_conversation(raw: Any) -> str:
    return _must_identify(_fields(raw), "conversation_id")


def resume(raw: Any) -> Resume:
    fields = _fields(raw)
    after = _required(fields, "after_seq", int)
    if not 0 <= after <= SEQ_MAX:
        raise InvalidInput(gettext("after_seq is a count of pieces, 0 or more."), field="after_seq")
    return Resume(_must_identify(fields, "message_id"), after)


def message_id(raw: Any) -> str:
    return _must_identify(_fields(raw), "message_id")


def regenerate_message(raw: Any) -> RegenerateMessage:
    fields = _fields(raw)
    return RegenerateMessage(_must_identify(fields, "message_id"), _identifier(fields, "model"))


def edit_message(raw: Any) -> EditMessage:
    fields = _fields(raw)
    return EditMessage(
        message_id=_must_identify(fields, "message_id"),
        client_id=_identifier(fields, "client_id", CLIENT_ID_CHARS),
        text=message(_required(fields, "text", str), "text"),
    )


def save_message(raw: Any) -> SaveMessage:
    fields = _fields(raw)
    text = message(_required(fields, "text", str), "text")
    return SaveMessage(_must_identify(fields, "message_id"), text)


def rate_message(raw: Any) -> RateMessage:
    fields = _fields(raw)
    rating = _required(fields, "rating", int)
    if rating not in (-1, 0, 1):
        raise InvalidInput(gettext("A rating is -1, 0 or 1."), field="rating")
    reasons = _optional(fields, "reasons", list) or []
    if not all(isinstance(reason, str) and reason in RATING_REASONS for reason in reasons):
        raise InvalidInput(
            gettext("Reasons are some of: %(reasons)s.", reasons=", ".join(RATING_REASONS)),
            field="reasons",
        )
    comment = one_newline(_optional(fields, "comment", str) or "")
    if len(comment) > RATING_COMMENT_CHARS:
        raise TooLong(
            gettext(
                "A comment has at most %(most)s characters.", most=number(RATING_COMMENT_CHARS)
            ),
            field="comment",
        )
    return RateMessage(
        _must_identify(fields, "message_id"),
        rating,
        list(dict.fromkeys(reasons)),
        storable(comment),
    )


def ask_temporary(raw: Any) -> AskTemporary:
    fields = _fields(raw)
    sent = _required(fields, "messages", list)
    if not 1 <= len(sent) <= API_MESSAGES:
        raise InvalidInput(
            gettext("messages are 1 to %(most)s.", most=number(API_MESSAGES)), field="messages"
        )
    said = tuple(_said(each) for each in sent)
    if said[-1][0] != "user":
        raise InvalidInput(gettext("The last message is the question."), field="messages")
    return AskTemporary(said, _optional(fields, "settings", dict) or {})


def _said(raw: Any) -> tuple[str, str]:
    """Return role and text of a message that the page holds; an answer may be longer than a question."""
    fields = _fields(raw)
    role, text = _required(fields, "role", str), _required(fields, "text", str)
    if role not in ("user", "assistant"):
        raise InvalidInput(gettext("A role is user or assistant."), field="messages")
    return role, message(text, "text") if role == "user" else storable(text)


def _fields(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise InvalidInput(gettext("Send an object with named fields."))
    return raw


def _required(fields: dict[str, Any], name: str, kind: type[T]) -> T:
    value = _optional(fields, name, kind)
    if value is None:
        raise InvalidInput(gettext("The field %(name)s is missing.", name=name), field=name)
    return value


def _optional(fields: dict[str, Any], name: str, kind: type[T]) -> T | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidInput(
            gettext(
                "The field %(name)s must be of type %(kind)s.",
                name=name,
                kind=kind.__name__,
            ),
            field=name,
        )
    return value


def _identifier(fields: dict[str, Any], name: str, longest: int = ID_CHARS) -> str | None:
    value = _optional(fields, name, str)
    if value is None:
        return None
    if not value.isascii() or not value.isprintable() or not 1 <= len(value) <= longest:
        raise InvalidInput(
            gettext("%(name)s has 1 to %(longest)s plain characters.", name=name, longest=longest),
            field=name,
        )
    return value


def _identifiers(fields: dict[str, Any], name: str, most: int) -> tuple[str, ...]:
    values = _optional(fields, name, list) or []
    if len(values) > most:
        raise InvalidInput(
            gettext("%(name)s are %(most)s at most.", name=name, most=most), field=name
        )
    return tuple(_must_identify({name: value}, name) for value in values)


def _must_identify(fields: dict[str, Any], name: str) -> str:
    value = _identifier(fields, name)
    if value is None:
        raise InvalidInput(gettext("The field %(name)s is missing.", name=name), field=name)
    return value
