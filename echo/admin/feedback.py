"""Feedback: read, marked as seen, answered. Knows nothing of single replies and their thumbs."""

from __future__ import annotations

from typing import Any, Final

from flask import redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from echo.admin import cells, sentences
from echo.admin.access import Guarded
from echo.admin.bulk import BulkAct
from echo.admin.columns import PAGES, Column, On
from echo.admin.filters import ChoiceIs, IdIs, WholeChoiceIs, days
from echo.admin.pages import handle, shown_version
from echo.admin.table_view import TableView
from echo.forms.admin import AnswerForm
from echo.limits import FEEDBACK_CATEGORIES
from echo.models import Feedback, FeedbackState
from echo.services.chats import feedback
from echo.services.people import account_facts

STATES: Final = [(state.value, state.capitalize()) for state in FeedbackState]
STARS: Final = [("1", "1 star"), *((str(n), f"{n} stars") for n in range(2, 6))]


def _answerer(row: Feedback, _name: str) -> Any:
    names = account_facts.names([row.answered_by])
    return sentences.person(row.answered_by, names, cells.NOTHING)


class FeedbackList(Guarded, TableView):
    """What people think of Echo. Opening a new one marks it as seen."""

    routes = ("index_view", "details_view", "open", "answer", "action_view", "export")
    about = "Opinions left with the feedback form. Their writers see the answers."
    columns = (
        Column("id", on=On.DETAILS | On.CSV),
        Column("user_id", on=On.CSV),
        Column("opinion", cell=cells.cut, is_long=True),
        Column("state", cell=cells.tag, sort=("state",)),
        Column("category", cell=cells.tag, is_minor=True),
        Column("rating", "Stars", cells.stars, sort=("rating",)),
        Column("user", "Person", cells.named_person, on=PAGES),
        Column("created_at", "Left", cells.moment, sort=("created_at", "id")),
        Column("answer", on=On.DETAILS | On.CSV, is_long=True),
        Column("answered_by", "Answered by", _answerer, on=On.DETAILS | On.CSV),
        Column("answered_at", "Answered", cells.moment, on=On.DETAILS | On.CSV),
        Column("answer_read_at", "Answer read", cells.moment, on=On.DETAILS),
    )
    column_default_sort = ("id", True)
    searched = (Feedback.opinion, Feedback.answer)
    column_filters = (
        IdIs(Feedback.user_id, "Person's number", "user_id"),
        ChoiceIs(Feedback.state, "State", "state", STATES),
        ChoiceIs(Feedback.category, "Category", "category", list(FEEDBACK_CATEGORIES.items())),
        WholeChoiceIs(Feedback.rating, "Stars", "rating", STARS),
        *days(Feedback.created_at),
    )
    bulk_acts = {  # fixed by the class
        "seen": BulkAct(
            "Mark as seen",
            "Mark these as seen? Those that were seen or answered before stay as they are.",
            "Marked as seen",
            feedback.mark_seen,
        ),
    }
    list_template = "admin/feedback_list.html"
    details_template = "admin/feedback.html"

    def __init__(self) -> None:
        super().__init__(Feedback, "Feedback", "feedback")

    def row_title(self, row: Feedback) -> str:
        return " ".join(row.opinion.split())[: cells.CUT]

    @expose("/open/", methods=("POST",))
    def open(self) -> Any:
        """Mark a new one as seen and show it; a button, since looking at an address changes nothing."""
        row: Feedback = self.get_one(request.args.get("id", ""))
        feedback.mark_seen(current_user, row.id)
        return redirect(url_for(".details_view", id=row.id))

    @expose("/answer/", methods=("GET", "POST"))
    def answer(self) -> Any:
        """Write to the person; a second answer takes the place of the first."""
        row: Feedback = self.get_one(request.args.get("id", ""))
        form = AnswerForm(obj=row)

        def act() -> None:
            feedback.answer(current_user, row.id, str(form.answer.data), str(form.version.data))

        def show() -> str:
            version = shown_version(form, feedback.version(row))
            page: str = self.render("admin/answer_form.html", form=form, row=row, version=version)
            return page

        url = url_for(".details_view", id=row.id)
        return handle(
            form, show, act, done="The answer is stored and shown to its reader.", url=url
        )
