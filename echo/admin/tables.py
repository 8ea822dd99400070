"""Tables that are only read: conversations, messages, feedback. They know no acts."""

from __future__ import annotations

from typing import Any

from flask_login import current_user

from echo.admin import cells
from echo.admin.access import Guarded
from echo.admin.filters import ChoiceIs, FromDay, IdIs, IsTrue, TextIs, UntilDay
from echo.admin.table_view import TableView
from echo.limits import FEEDBACK_CATEGORIES
from echo.models import Conversation, Feedback, Message, MessageStatus
from echo.services import looks


class _Private(TableView):
    """A table of what people wrote in private: each look is written to the audit trail before it is given."""

    def get_one(self, id: Any) -> Any:
        row = super().get_one(id)
        looks.opened(current_user, row)
        return row

    def get_list(self, *args: Any, **kwargs: Any) -> tuple[int, list[Any]]:
        count, rows = super().get_list(*args, **kwargs)
        looks.listed(current_user, [row.user_id for row in rows], self.model.__tablename__)
        return count, rows


class Conversations(Guarded, _Private):
    """Every conversation, the deleted ones too as long as they can be restored."""

    about = (
        "Who talked with Echo, and when. What you see of others is noted in the audit trail, "
        "and they are shown it."
    )
    column_list = ("title", "user_id", "created_at", "updated_at", "deleted_at")
    column_details_list = ("id", *column_list, "pinned", "settings", "head_id")
    column_labels = {
        "user_id": "Person",
        "head_id": "Newest message",
        "created_at": "Begun",
        "updated_at": "Last used",
        "deleted_at": "Deleted",
    }
    column_default_sort = ("id", True)  # ids grow with time, and their index is there anyway
    column_sortable_list = (("created_at", "id"),)
    column_searchable_list = ("title",)
    column_filters = (
        IdIs(Conversation.user_id, "Person's number", "user_id"),
        IsTrue(Conversation.pinned, "Pinned", "pinned"),
        FromDay(Conversation.created_at, "From", "from"),
        UntilDay(Conversation.created_at, "Until", "until"),
    )
    column_formatters = {
        "title": cells.cut,
        "user_id": cells.person,
        "pinned": cells.flag,
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
    column_sortable_list = ("created_at",)
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


class FeedbackList(Guarded, TableView):
    """What people think of Echo."""

    about = "Opinions left with the feedback form."
    column_list = ("opinion", "category", "rating", "user", "created_at")
    column_details_list = ("id", *column_list)
    column_labels = {"user": "Person", "rating": "Stars", "created_at": "Left"}
    column_default_sort = ("id", True)
    column_sortable_list = ("rating", ("created_at", "id"))
    column_searchable_list = ("opinion",)
    column_filters = (
        IdIs(Feedback.user_id, "Person's number", "user_id"),
        ChoiceIs(Feedback.category, "Category", "category", list(FEEDBACK_CATEGORIES.items())),
        FromDay(Feedback.created_at, "From", "from"),
        UntilDay(Feedback.created_at, "Until", "until"),
    )
    column_formatters = {
        "opinion": cells.cut,
        "category": cells.tag,
        "rating": cells.stars,
        "user": cells.named_person,
        "created_at": cells.moment,
    }
    column_formatters_detail = {
        name: cell for name, cell in column_formatters.items() if name != "opinion"
    }
    blocks = ("opinion",)

    def __init__(self) -> None:
        super().__init__(Feedback, "Feedback", "feedback")
