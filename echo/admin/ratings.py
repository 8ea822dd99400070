"""Thumbs on single answers, with a link to each. Changes nothing."""

from __future__ import annotations

from typing import Any

from echo.admin import cells
from echo.admin.access import Guarded
from echo.admin.filters import FromDay, IdIs, UntilDay, WholeChoiceIs
from echo.admin.table_view import TableView
from echo.limits import RATING_REASONS
from echo.models import MessageRating


def _reasons(_view: Any, _context: Any, row: MessageRating, _name: str) -> Any:
    return ", ".join(RATING_REASONS.get(each, each) for each in row.reasons) or cells.NOTHING


class Ratings(Guarded, TableView):
    """What people thought of answers; the answers themselves stand behind the links."""

    routes = ("index_view", "export")
    about = "Thumbs on answers. Opening an answer is noted in the audit trail, and its reader is shown it."
    can_view_details = False
    column_list = ("rating", "reasons", "comment", "message_id", "user_id", "created_at")
    column_labels = {
        "rating": "Thumb",
        "message_id": "Answer",
        "user_id": "Person",
        "created_at": "Given",
    }
    column_default_sort = ("created_at", True)
    sorts = ("created_at",)
    searched = (MessageRating.comment,)
    newest = "created_at"
    column_filters = (
        WholeChoiceIs(MessageRating.rating, "Thumb", "rating", [("1", "Good"), ("-1", "Bad")]),
        IdIs(MessageRating.user_id, "Person's number", "user_id"),
        FromDay(MessageRating.created_at, "From", "from"),
        UntilDay(MessageRating.created_at, "Until", "until"),
    )
    column_formatters = {
        "rating": cells.thumb,
        "reasons": _reasons,
        "comment": cells.cut,
        "message_id": cells.message,
        "user_id": cells.person,
        "created_at": cells.moment,
    }
    exported = ("message_id", "user_id", "rating", "reasons", "comment", "created_at")

    def __init__(self) -> None:
        super().__init__(MessageRating, "Ratings", "ratings")
