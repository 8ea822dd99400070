"""The admin side: Flask-Admin on Echo's own pages. Knows services and figures, no other edge."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask
from flask_admin import Admin
from flask_admin.theme import Theme

from echo.admin.dashboard import Dashboard
from echo.admin.roles import Roles
from echo.admin.tables import Conversations, FeedbackList, Messages
from echo.admin.users import Users


def init_app(app: Flask) -> None:
    """Register every admin page, in the order of the menu."""
    # matplotlib keeps its list of faces there; it reads the variable when it is first imported
    os.environ.setdefault("MPLCONFIGDIR", str(Path(app.instance_path) / "matplotlib"))
    pages = Admin(
        app,
        name="Echo",
        index_view=Dashboard(),
        theme=Theme(folder="bootstrap4", base_template="admin/base.html"),
        csp_nonce_generator=lambda: app.jinja_env.globals["csp_nonce"](),  # type: ignore[operator]
    )
    for view in (Users(), Roles(), Conversations(), Messages(), FeedbackList()):
        pages.add_view(view)
