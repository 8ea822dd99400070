"""What the settings show of the account and of signing in, as parts of the page. Knows services only."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_login import current_user

from echo.services.people import profile_data
from echo.services.sign_in import second_factor
from echo.web import account, devices

blueprint = Blueprint("settings_panels", __name__, url_prefix="/settings")


@blueprint.get("/account")
def own_account() -> str:
    return render_template(
        "partials/settings_account.html",
        profile=profile_data.of(current_user.id),
        **account.sign_in_ways(),
    )


@blueprint.get("/security")
def security() -> str:
    return render_template(
        "partials/settings_security.html",
        state=second_factor.state(current_user),
        rows=devices.rows(),
    )
