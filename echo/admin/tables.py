"""Tables of what people wrote in private: conversations and messages. They know no acts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from flask_login import current_user

from echo.admin import cells
from echo.admin.access import Guarded
from echo.admin.filters import ChoiceIs, FromDay, IdIs, IsThere, IsTrue, TextIs, UntilDay, few
from echo.admin.table_view import TableView
from echo.models import Conversation, Message, MessageStatus, User
from echo.services.people import looks

LONG_AGO: Final = datetime(
    1970, 1, 1, tzinfo=UTC
)  # a comparison uses the index, "is not null" does not


class _Private(TableView):
    """A table of what people wrote in private: each look is written to the audit trail before it is given."""

    export_batch = 100  # each batch may add a row of the trail for each person in it

    def get_one(self, id: Any) -> Any:
        row = super().get_one(id)
        looks.opened(current_user, row)
        return row

    def prepare(self, rows: list[Any]) -> None:
        self.note_looks(current_user, rows)

    def note_looks(self, actor: User, rows: list[Any]) -> None:
        looks.listed(actor, [row.user_id for row in rows], self.model.__tablename__)


class _IsDeleted(IsThere):
    """Conversations that can still be restored, or all others."""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        if value == "0":
            return super().apply(query, value, alias)
        return few(query, Conversation.id, Conversation.deleted_at > LONG_AGO)


class Conversations(Guarded, _Private):
    """Every conversation, the deleted ones too as long as they can be restored."""

    about = (
        "Who talked with Echo, and when. What you see of others is noted in the audit trail, "
        "and they are shown it."
    )
    routes = ("index_view", "details_view", "export")
    column_list = ("title", "user_id", "message_count", "created_at", "updated_at", "deleted_at")
    column_details_list = ("id", *column_list, "pinned", "settings", "head_id")
    column_labels = {
        "user_id": "Person",
        "message_count": "Messages",
        "head_id": "Newest message",
        "created_at": "Begun",
        "updated_at": "Last used",
        "deleted_at": "Deleted",
    }
    column_default_sort = ("created_at", True)
    newest = "created_at"
    sorts = (
        ("message_count", "message_count", "created_at"), "created_at", "updated_at",
    )  # fmt: skip
    searched = (Conversation.title,)
    exported = (
        "id", "user_id", "message_count", "pinned", "created_at", "updated_at", "deleted_at",
    )  # fmt: skip
    exported_words = ("title",)
    column_filters = (
        IdIs(Conversation.user_id, "Person's number", "user_id"),
        IsTrue(Conversation.pinned, "Pinned", "pinned"),
        _IsDeleted(Conversation.deleted_at, "Deleted", "deleted"),
        FromDay(Conversation.created_at, "From", "from"),
        UntilDay(Conversation.created_at, "Until", "until"),
    )
    column_formatters = {
        "title": cells.cut,
        "user_id": cells.person,
        "pinned": cells.flag,
        "message_count": cells.amount,
        "created_at": cells.moment,
        "updated_at": cells.moment,
        "deleted_at": cells.moment,
    }
    details_template = "admin/conversation.html"

    def __init__(self) -> None:
        super().__init__(Conversation, "Conversations", "conversations")


class Messages(Guarded, _Private):
    """Every question and reply."""

    about = (
        "Questions and replies, newest first. What you read of others is noted in the audit trail, "
        "and they are shown it."
    )
    routes = ("index_view", "details_view", "export")
    column_list = (
        "text", "role", "status", "user_id", "completion_tokens", "first_token_ms", "created_at",
    )  # fmt: skip
    column_details_list = (
        "id", "text", "role", "status", "user_id", "conversation_id", "parent_id", "ordinal",
        "model", "finish_reason", "error_code", "error_text", "prompt_tokens", "cached_tokens",
        "completion_tokens", "queue_ms", "first_token_ms", "total_ms", "created_at", "finished_at",
    )  # fmt: skip
    column_labels = {
        "user_id": "Person",
        "conversation_id": "Conversation",
        "parent_id": "Follows",
        "completion_tokens": "Tokens",
        "first_token_ms": "First token, ms",
        "queue_ms": "Waited, ms",
        "total_ms": "Total, ms",
        "created_at": "Written",
        "finished_at": "Finished",
    }
    column_default_sort = ("created_at", True)
    sorts = ("created_at",)
    searched = (Message.text,)
    search_rows = 20_000
    newest = "created_at"
    exported = (
        "id", "conversation_id", "user_id", "role", "status", "model", "finish_reason", "error_code",
        "prompt_tokens", "completion_tokens", "first_token_ms", "total_ms", "created_at",
    )  # fmt: skip
    exported_words = ("text",)
    column_filters = (
        IdIs(Message.user_id, "Person's number", "user_id"),
        TextIs(Message.conversation_id, "Conversation", "conversation_id"),
        ChoiceIs(Message.role, "Written by", "role", [("user", "A person"), ("assistant", "Echo")]),
        ChoiceIs(Message.status, "Status", "status", [(s, s.capitalize()) for s in MessageStatus]),
        FromDay(Message.created_at, "From", "from"),
        UntilDay(Message.created_at, "Until", "until"),
    )
    _tokens = ("prompt_tokens", "cached_tokens", "completion_tokens")
    _times = ("queue_ms", "first_token_ms", "total_ms")
    column_formatters = {
        "text": cells.cut,
        "role": cells.tag,
        "status": cells.tag,
        "user_id": cells.person,
        "created_at": cells.moment,
        "finished_at": cells.moment,
        **dict.fromkeys((*_tokens, *_times), cells.amount),
    }
    column_formatters_detail = {
        **{name: cell for name, cell in column_formatters.items() if name != "text"},
        "conversation_id": cells.conversation,
    }
    blocks = ("text", "error_text")

    def __init__(self) -> None:
        super().__init__(Message, "Messages", "messages")
