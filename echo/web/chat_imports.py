"""An import of chats that goes on after the answer: begun, looked at, stopped, put away. Knows services."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, request
from flask_login import current_user

from echo.errors import InvalidInput
from echo.extensions import take_bodies_of
from echo.languages import gettext
from echo.limits import IMPORT_REQUEST_BYTES
from echo.models import ChatImport
from echo.services.chats.imports import runs

blueprint = Blueprint("chat_imports", __name__, url_prefix="/profile/import")


@blueprint.url_value_preprocessor
def _allow_files(endpoint: str | None, _values: Any) -> None:
    """Take larger bodies here than elsewhere; must run before the CSRF check reads the form."""
    if endpoint == "chat_imports.begin":
        take_bodies_of(IMPORT_REQUEST_BYTES)


@blueprint.get("")
def state() -> dict[str, Any]:
    """Tell how far one's import has come, or how the last one ended."""
    return _told(runs.of(current_user.id))


@blueprint.post("")
def begin() -> tuple[dict[str, Any], HTTPStatus]:
    """Take a file; it is imported after the answer."""
    uploaded = request.files.get("file")
    if uploaded is None or not uploaded.filename:
        raise InvalidInput(gettext("Choose a file."), field="file")
    return _told(runs.begin(current_user.id, uploaded.stream)), HTTPStatus.ACCEPTED


@blueprint.post("/stop")
def stop() -> dict[str, Any]:
    runs.stop(current_user.id)
    return _told(runs.of(current_user.id))


@blueprint.post("/forget")
def forget() -> dict[str, Any]:
    """Put the report away."""
    runs.forget(current_user.id)
    return _told(runs.of(current_user.id))


def _told(row: ChatImport | None) -> dict[str, Any]:
    if row is None:
        return {"state": None}
    goes_on = row.state in runs.GOING_ON
    return {
        "state": row.state,
        "goes_on": goes_on,
        "kept": row.kept,
        "total": row.total,
        "is_stopping": row.stop_asked,
        "error": row.error,
        **({} if goes_on else row.report),
    }
