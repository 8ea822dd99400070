"""Thumbs on single answers, with a link to each. Changes nothing."""

from __future__ import annotations

from typing import Any

from echo.admin import cells
from echo.admin.access import Guarded
from echo.admin.columns import Column
from echo.admin.filters import IdIs, WholeChoiceIs, days
from echo.admin.table_view import TableView
from echo.languages import gettext, mark
from echo.limits import RATING_REASONS
from echo.models import MessageRating


def _reasons(row: MessageRating, _name: str) -> Any:
    return ", ".join(map(_reason, row.reasons)) or cells.NOTHING


def _reason(name: str) -> str:
    return gettext(RATING_REASONS[name]) if name in RATING_REASONS else name


class Ratings(Guarded, TableView):
    """What people thought of answers; the answers themselves stand behind the links."""

    routes = ("index_view", "export")
    about = mark(
        "Thumbs on answers. Opening an answer is noted in the audit trail, and its reader is shown it."
    )
    can_view_details = False
    columns = (
        Column("rating", mark("Thumb"), cells.thumb),
        Column("reasons", mark("Reasons"), cell=_reasons),
        Column("comment", mark("Comment"), cell=cells.cut),
        Column("message_id", mark("Answer"), cells.message),
        Column("user_id", mark("Person"), cells.person),
        Column("created_at", mark("Given"), cells.moment, sort=("created_at",)),
    )
    column_default_sort = ("created_at", True)
    searched = (MessageRating.comment,)
    newest = "created_at"
    column_filters = (
        WholeChoiceIs(
            MessageRating.rating,
            mark("Thumb"),
            "rating",
            [("1", mark("Good")), ("-1", mark("Bad"))],
        ),
        IdIs(MessageRating.user_id, mark("Person's number"), "user_id"),
        *days(MessageRating.created_at),
    )

    def __init__(self) -> None:
        super().__init__(MessageRating, mark("Ratings"), "ratings")

    def prepare(self, rows: list[MessageRating]) -> None:
        cells.know_people(rows)
