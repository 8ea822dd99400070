"""The admin side: Flask-Admin on Echo's own pages. Knows services and figures, no other edge."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Theme

from echo.admin import charts, health
from echo.admin.audit_trail import AuditTrail
from echo.admin.dashboard import Dashboard
from echo.admin.devices import Devices
from echo.admin.downloads import DownloadsPage
from echo.admin.feedback import FeedbackList
from echo.admin.guard_decisions import GuardDecisions
from echo.admin.guardrails import Guardrails
from echo.admin.health import HealthPage
from echo.admin.invites import Invites
from echo.admin.models import ModelsPage
from echo.admin.personas import SharedPersonas
from echo.admin.pictures import Pictures
from echo.admin.prompts import SharedPrompts
from echo.admin.ratings import Ratings
from echo.admin.roles import Roles
from echo.admin.settings import SiteSettingsPage
from echo.admin.shares import Shares
from echo.admin.tables import Conversations, Messages
from echo.admin.use_today import UseToday
from echo.admin.users import Users
from echo.services.downloads import Downloads


def init_app(app: Flask) -> None:
    """Register every admin page, in the order of the menu."""
    charts.init_app(app)
    health.init_app(app)
    app.extensions["downloads"] = Downloads(Path(app.instance_path) / "downloads")
    pages = Admin(
        app,
        name="Echo",
        index_view=Dashboard(),
        theme=Theme(folder="bootstrap4", base_template="admin/base.html"),
        csp_nonce_generator=lambda: app.jinja_env.globals["csp_nonce"](),  # type: ignore[operator]
    )
    for view in (
        Users(), Devices(), Pictures(), Invites(), Roles(), UseToday(), Conversations(), Messages(),
        Shares(), Ratings(), FeedbackList(), Guardrails(), GuardDecisions(), SharedPrompts(),
        SharedPersonas(), AuditTrail(),
        HealthPage(), ModelsPage(),
        SiteSettingsPage(), DownloadsPage(),
    ):  # fmt: skip
        pages.add_view(view)
