"""The JSON protocol of forms, and its twin for browsers without JavaScript. Knows no one form."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, jsonify, redirect, request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from echo.errors import EchoError, InvalidInput

FOR_PROGRAMS: Final = ("/api/", "/v1/", "/metrics")


def is_for_programs() -> bool:
    """Tell whether the address is one that programs ask, which never answers as a page."""
    return request.path == "/chat" or request.path.startswith(FOR_PROGRAMS)


def wants_json() -> bool:
    """Tell whether the client prefers JSON to a page."""
    if (
        is_for_programs()
        or request.is_json
        or request.headers.get("X-Requested-With") == "XMLHttpRequest"
    ):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def go(url: str, message: str | None = None) -> Response:
    """Send the person to `url`, with a flash message to be shown there."""
    if message:
        flash(message, "success")
    if wants_json():
        return jsonify(status="redirect", url=url)
    return redirect(url)


def done(message: str, url: str) -> Response:
    """Say that it worked: a toast where the page stays, else a flash message at `url`."""
    if wants_json():
        return jsonify(status="ok", message=message)
    flash(message, "success")
    return redirect(url)


def refused(error: EchoError) -> Response:
    """Return the JSON form of a refusal, with its own status."""
    response = jsonify(status="error", field=error.field, message=error.text)
    response.status_code = error.status
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return response


def check(form: FlaskForm) -> None:
    """Raise the form's first error as the tree's own, if there is one."""
    if form.validate():
        return
    found = ((str(errors[0]), name) for name, errors in form.errors.items() if errors)
    text, name = next(found, ("Please check the form.", None))
    raise InvalidInput(text, field=name)


def show_error(form: FlaskForm, error: EchoError) -> None:
    """Put a refusal under the field that it belongs to, or on the page when there is none."""
    field: Any = form._fields.get(error.field) if error.field else None
    if field is None:
        flash(error.text, "error")
    else:
        field.errors = [*field.errors, error.text]
