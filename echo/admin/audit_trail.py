"""The audit trail: who did what to whom, newest first, and the check of its chain. Changes nothing."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_admin import expose
from flask_login import current_user
from markupsafe import Markup

from echo.admin import cells, sentences
from echo.admin.access import Guarded
from echo.admin.columns import Column, On
from echo.admin.filters import ChoiceIs, IdIs, days
from echo.admin.table_view import TableView
from echo.languages import mark
from echo.models import AuditEvent
from echo.services import audit
from echo.services.audit import Act
from echo.services.people import account_facts


def _what(row: AuditEvent, _name: str) -> Markup:
    return Markup("<span>{}</span>").format(sentences.sentence(row, g.trail_names))


def _detail(row: AuditEvent, _name: str) -> Any:
    return sentences.detail(row) or cells.NOTHING


def _target(row: AuditEvent, _name: str) -> Any:
    return Markup('<span class="id">{}</span>').format(row.target) if row.target else cells.NOTHING


class AuditTrail(Guarded, TableView):
    """Rows are written by the services alone; here they are only read."""

    routes = ("index_view", "verify", "export")
    about = mark(
        "Every act of an administrator and every look into other people's words. Rows stay for ever."
    )
    can_view_details = False
    columns = (
        Column("id", mark("No.")),
        Column("at", mark("When"), cells.moment, sort=("id",)),
        Column("actor_id", on=On.CSV),
        Column("act", mark("What happened"), _what),
        Column("subject_id", on=On.CSV),
        Column("target", mark("Target"), cell=_target),
        Column("detail", mark("In detail"), _detail),
        Column("hash", on=On.CSV),
    )
    column_default_sort = ("id", True)
    column_filters = (
        ChoiceIs(AuditEvent.act, mark("Act"), "act", list(sentences.LABELS.items())),
        IdIs(AuditEvent.actor_id, mark("By person number"), "actor_id"),
        IdIs(AuditEvent.subject_id, mark("About person number"), "subject_id"),
        *days(AuditEvent.at),
    )
    searched = (AuditEvent.target,)
    list_template = "admin/audit.html"

    def __init__(self) -> None:
        super().__init__(AuditEvent, mark("Audit trail"), "audit")

    def may_verify(self) -> bool:
        """Tell whether the button is for the person who looks."""
        return bool(current_user.is_super_admin)

    def prepare(self, rows: list[AuditEvent]) -> None:
        people = [number for row in rows for number in (row.actor_id, row.subject_id)]
        g.trail_names = account_facts.names(people)

    @expose("/verify/", methods=("POST",))
    def verify(self) -> Any:
        """Walk the whole chain and say what was found; the check itself leaves a row after it."""
        verdict = audit.verify()
        audit.record(
            Act.TRAIL_VERIFIED, current_user, rows=verdict.rows, broken_at=verdict.broken_at
        )
        return self.render("admin/verdict.html", verdict=verdict)
