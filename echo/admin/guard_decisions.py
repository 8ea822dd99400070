"""What guardrails decided: the queue, objections first; each can be left standing or lifted, with an answer.

Words of people stand in it: each look is noted (`PrivateTable`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup

from echo.admin import cells, guard_words, sentences
from echo.admin.access import Guarded
from echo.admin.columns import PAGES, Column, On
from echo.admin.filters import ChoiceIs, IdIs, IsTrue, TextIs, days
from echo.admin.pages import handle, shown_version
from echo.admin.tables import PrivateTable
from echo.forms.guardrails import SettleForm
from echo.languages import gettext, mark
from echo.models import GuardAct, GuardDecision, GuardPlace, GuardState
from echo.services.guardrails import decisions
from echo.services.people import account_facts


def _state(row: GuardDecision, _name: str) -> Markup:
    if row.awaits:
        return Markup('<span class="tag bad">{}</span>').format(gettext("objection"))
    text = gettext(guard_words.STATES[GuardState(row.state)])
    return Markup('<span class="tag" data-kind="{}">{}</span>').format(row.state, text)


def _act(row: GuardDecision, _name: str) -> Markup:
    act = gettext(guard_words.BRIEF_ACTS[GuardAct(row.act)])
    return Markup('<span class="tag" data-kind="{}">{}</span>').format(row.act, act)


def _place(row: GuardDecision, _name: str) -> str:
    return str(gettext(guard_words.PLACES[GuardPlace(row.place)]))


def _message(row: GuardDecision, name: str) -> Any:
    return cells.message(row, name) if row.message_id else row.route


def _answerer(row: GuardDecision, _name: str) -> Any:
    names = account_facts.names([row.answered_by])
    return sentences.person(row.answered_by, names, cells.NOTHING)


class GuardDecisions(Guarded, PrivateTable):
    """What rules decided, those that somebody objects to first."""

    routes = ("index_view", "details_view", "answer", "export")
    about = mark(
        "What guardrails decided about questions and answers; open objections come first. What you see of "
        "others is noted in the audit trail, and they are shown it."
    )
    columns = (
        Column("id", on=On.DETAILS | On.CSV),
        Column("rule_name", mark("Rule"), cells.cut),
        Column("state", mark("State"), _state, sort=("awaits", "created_at", "id")),
        Column("act", mark("Did"), _act),
        Column("place", mark("In"), _place, is_minor=True),
        Column("user_id", mark("Person"), cells.person),
        Column("excerpt", mark("Words"), cells.cut, on=PAGES | On.WORDS, is_long=True),
        Column("objection", mark("Objection"), cells.cut, on=PAGES | On.WORDS, is_long=True),
        Column("reason", mark("Reason"), on=On.DETAILS | On.CSV, is_long=True),
        Column("message_id", mark("Message"), _message, on=On.DETAILS | On.CSV),
        Column("created_at", mark("Decided"), cells.moment, sort=("created_at", "id")),
        Column("objected_at", mark("Objected"), cells.moment, on=On.DETAILS | On.CSV),
        Column("answer", mark("Answer"), on=On.DETAILS | On.WORDS, is_long=True),
        Column("answered_by", mark("Answered by"), _answerer, on=On.DETAILS | On.CSV),
        Column("answered_at", mark("Answered"), cells.moment, on=On.DETAILS | On.CSV),
        Column("answer_read_at", mark("Answer read"), cells.moment, on=On.DETAILS),
    )
    searched = (GuardDecision.rule_name, GuardDecision.excerpt, GuardDecision.objection)
    newest = "created_at"
    column_filters = (
        IsTrue(GuardDecision.awaits, mark("Open objection"), "awaits"),
        ChoiceIs(
            GuardDecision.state, mark("State"), "state",
            [(state.value, text) for state, text in guard_words.STATES.items()],
        ),
        ChoiceIs(
            GuardDecision.act, mark("Did"), "act",
            [(act.value, text) for act, text in guard_words.BRIEF_ACTS.items()],
        ),
        IdIs(GuardDecision.user_id, mark("Person's number"), "user_id"),
        TextIs(GuardDecision.rule_id, mark("Rule"), "rule_id"),
        *days(GuardDecision.created_at),
    )  # fmt: skip
    list_template = "admin/guard_decisions.html"
    details_template = "admin/guard_decision.html"

    def __init__(self) -> None:
        super().__init__(GuardDecision, mark("Guard decisions"), "guard_decisions")

    def _get_default_order(self) -> Iterator[tuple[Any, list[Any], bool]]:
        yield (GuardDecision.awaits, GuardDecision.created_at), [], True

    def row_title(self, row: GuardDecision) -> str:
        return row.rule_name

    @expose("/answer/", methods=("GET", "POST"))
    def answer(self) -> Any:
        """Let a decision stand or lift it; a second answer takes the place of the first."""
        row: GuardDecision = self.get_one(request.args.get("id", ""))
        form = SettleForm(obj=row)
        form.state.choices = guard_words.choices(guard_words.VERDICTS)

        def act() -> None:
            state, version = GuardState(form.state.data), str(form.version.data)
            decisions.settle(current_user, row.id, state, str(form.answer.data), version)

        def show() -> str:
            version = shown_version(form, decisions.version(row))
            page: str = self.render("admin/guard_answer.html", form=form, row=row, version=version)
            return page

        url = url_for(".details_view", id=row.id)
        done = gettext("The answer is stored and shown to its reader.")
        return handle(form, show, act, done=done, url=url)
