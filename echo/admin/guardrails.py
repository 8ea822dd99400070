"""The rules of guardrails: listed, made, tried, switched, changed, deleted. Knows services and forms."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup

from echo.admin import cells, guard_words
from echo.admin.access import Guarded
from echo.admin.columns import EVERYWHERE, Column, On
from echo.admin.filters import ChoiceIs, IsTrue
from echo.admin.pages import Deleting, explain, go, handle, shown_version
from echo.admin.table_view import TableView
from echo.errors import EchoError
from echo.forms.guardrails import RuleForm
from echo.languages import gettext, mark
from echo.models import GuardAct, GuardKind, GuardPlace, GuardRule
from echo.services.guardrails import classifier, rules
from echo.services.guardrails.judging import Verdict, judge


def _place(row: GuardRule, _name: str) -> str:
    return str(gettext(guard_words.PLACES[GuardPlace(row.place)]))


def _kind(row: GuardRule, _name: str) -> str:
    return str(gettext(guard_words.KINDS[GuardKind(row.kind)]))


def _act(row: GuardRule, _name: str) -> Markup:
    act = gettext(guard_words.BRIEF_ACTS[GuardAct(row.act)])
    return Markup('<span class="tag" data-kind="{}">{}</span>').format(row.act, act)


class Guardrails(Deleting, Guarded, TableView):
    """Rules that look at what is asked and answered."""

    routes = (
        "index_view", "details_view", "create_view", "edit_view", "delete_view", "switch", "export",
    )  # fmt: skip
    proof_for = ("create_view", "edit_view", "delete_view", "switch")
    about = mark(
        "Rules that look at questions before the model reads them, and at answers before anybody does. "
        "People see what was decided about their words, and why, and may object."
    )
    can_create = can_edit = True
    delete_template, deleted = "admin/guardrail_delete.html", mark("The rule is deleted.")
    create_label = mark("New rule")
    columns = (
        Column("id", on=On.DETAILS | On.CSV),
        Column("name", mark("Name"), cells.cut, sort=("name", "id")),
        Column("is_on", mark("On"), cells.yes_no, sort=("is_on", "id")),
        Column("place", mark("Looks at"), _place),
        Column("kind", mark("For"), _kind, is_minor=True),
        Column("what", mark("What"), cells.cut, is_long=True, is_minor=True),
        Column("threshold", mark("How sure"), on=On.DETAILS | On.CSV),
        Column("act", mark("Does"), _act, on=EVERYWHERE),
        Column("reason", mark("Reason"), cells.cut, on=On.DETAILS | On.CSV, is_long=True),
        Column("created_at", mark("Since"), cells.moment, sort=("created_at", "id")),
    )
    column_default_sort = ("created_at", True)
    newest = "created_at"
    searched = (GuardRule.name, GuardRule.what)
    column_filters = (
        IsTrue(GuardRule.is_on, mark("On"), "on"),
        ChoiceIs(GuardRule.act, mark("Does"), "act", [(act.value, act.value) for act in GuardAct]),
    )
    list_template = "admin/guardrails.html"
    details_template = "admin/guardrail.html"

    def __init__(self) -> None:
        super().__init__(GuardRule, mark("Guardrails"), "guardrails")

    def row_title(self, row: GuardRule) -> str:
        return row.name

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        form = _form()
        done = gettext("The rule is stored.")
        return self._edit(form, None, lambda: rules.add(current_user, _wanted(form)), done)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        row: GuardRule = self.get_one(request.args.get("id", ""))
        form = _form(row)

        def act() -> None:
            rules.change(current_user, row.id, _wanted(form), str(form.version.data or ""))

        return self._edit(form, row, act, gettext("The rule is saved."))

    def _edit(self, form: RuleForm, row: GuardRule | None, act: Any, done: str) -> Any:
        def show(tried: Verdict | None = None) -> str:
            version = shown_version(form, rules.version(row) if row else "")
            page: str = self.render(
                "admin/guardrail_form.html", form=form, row=row, version=version, tried=tried
            )
            return page

        if "try" in request.form:
            return self._try(form, show)
        return handle(form, show, act, done=done, url=url_for(".index_view"))

    def _try(self, form: RuleForm, show: Any) -> Any:
        """Show what the rule would do to a text; nothing is stored."""
        if not form.validate():
            return show(), 400
        try:
            rule = _wanted(form).rule
        except EchoError as error:
            explain(form, error)
            return show(), error.status
        return show(judge(str(form.sample.data or ""), [rule], GuardPlace.QUESTION))

    @expose("/switch/", methods=("POST",))
    def switch(self) -> Any:
        """Let a rule hold, or not."""
        row: GuardRule = self.get_one(request.args.get("id", ""))
        is_on = request.form.get("is_on") == "y"
        rules.switch(current_user, row.id, is_on)
        done = gettext("The rule holds from now on.") if is_on else gettext("The rule is off.")
        return go(url_for(".index_view"), done)

    def remove(self, row_id: str) -> None:
        rules.remove(current_user, row_id)


def _form(row: GuardRule | None = None) -> RuleForm:
    form = RuleForm(obj=row)
    form.place.choices = guard_words.choices(guard_words.PLACES)
    kinds = dict(guard_words.KINDS)
    if not classifier.folder() and (row is None or row.kind != GuardKind.CLASSIFIER):
        del kinds[GuardKind.CLASSIFIER]
    form.kind.choices = guard_words.choices(kinds)
    form.act.choices = guard_words.choices(guard_words.ACTS)
    return form


def _wanted(form: RuleForm) -> rules.Wanted:
    return rules.Wanted(
        name=str(form.name.data),
        place=str(form.place.data),
        kind=str(form.kind.data),
        what=str(form.what.data),
        act=str(form.act.data),
        reason=str(form.reason.data),
        threshold=form.threshold.data,
        is_on=bool(form.is_on.data),
    )
