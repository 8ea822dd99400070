"""Feedback: read, marked as seen, answered. Knows nothing of single replies and their thumbs."""

from __future__ import annotations

from typing import Any, Final

from flask import redirect, request, url_for
from flask_admin import expose
from flask_login import current_user

from echo.admin import cells, sentences, words
from echo.admin.access import Guarded
from echo.admin.bulk import BulkAct
from echo.admin.columns import PAGES, Column, On
from echo.admin.filters import ChoiceIs, IdIs, WholeChoiceIs, days
from echo.admin.pages import handle, shown_version
from echo.admin.table_view import TableView
from echo.forms.admin import AnswerForm
from echo.languages import gettext, mark
from echo.limits import FEEDBACK_CATEGORIES
from echo.models import Feedback
from echo.services.chats import feedback
from echo.services.people import account_facts

STARS: Final = [
    ("1", mark("1 star")),
    ("2", mark("2 stars")),
    ("3", mark("3 stars")),
    ("4", mark("4 stars")),
    ("5", mark("5 stars")),
]


def _answerer(row: Feedback, _name: str) -> Any:
    names = account_facts.names([row.answered_by])
    return sentences.person(row.answered_by, names, cells.NOTHING)


class FeedbackList(Guarded, TableView):
    """What people think of Echo. Opening a new one marks it as seen."""

    routes = ("index_view", "details_view", "open", "answer", "action_view", "export")
    about = mark("Opinions left with the feedback form. Their writers see the answers.")
    columns = (
        Column("id", mark("Id"), on=On.DETAILS | On.CSV),
        Column("user_id", on=On.CSV),
        Column("opinion", mark("Opinion"), cell=cells.cut, is_long=True),
        Column("state", mark("State"), cell=cells.tag, sort=("state",)),
        Column("category", mark("Category"), cell=cells.tag, is_minor=True),
        Column("rating", mark("Stars"), cells.stars, sort=("rating",)),
        Column("user", mark("Person"), cells.named_person, on=PAGES),
        Column("created_at", mark("Left"), cells.moment, sort=("created_at", "id")),
        Column("answer", mark("Answer"), on=On.DETAILS | On.CSV, is_long=True),
        Column("answered_by", mark("Answered by"), _answerer, on=On.DETAILS | On.CSV),
        Column("answered_at", mark("Answered"), cells.moment, on=On.DETAILS | On.CSV),
        Column("answer_read_at", mark("Answer read"), cells.moment, on=On.DETAILS),
    )
    column_default_sort = ("id", True)
    searched = (Feedback.opinion, Feedback.answer)
    column_filters = (
        IdIs(Feedback.user_id, mark("Person's number"), "user_id"),
        ChoiceIs(Feedback.state, mark("State"), "state", list(words.FEEDBACK_STATES.items())),
        ChoiceIs(
            Feedback.category, mark("Category"), "category", list(FEEDBACK_CATEGORIES.items())
        ),
        WholeChoiceIs(Feedback.rating, mark("Stars"), "rating", STARS),
        *days(Feedback.created_at),
    )
    bulk_acts = {  # fixed by the class
        "seen": BulkAct(
            mark("Mark as seen"),
            mark("Mark these as seen? Those that were seen or answered before stay as they are."),
            mark("Marked as seen"),
            feedback.mark_seen,
        ),
    }
    list_template = "admin/feedback_list.html"
    details_template = "admin/feedback.html"

    def __init__(self) -> None:
        super().__init__(Feedback, mark("Feedback"), "feedback")

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
            form, show, act, done=gettext("The answer is stored and shown to its reader."), url=url
        )
