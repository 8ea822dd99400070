"""What all admin pages share: only planned routes, and forms that keep what was typed. Knows no page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import flash, redirect
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from echo.errors import EchoError


class Page:
    """Mixin, to be named before Flask-Admin's own class: `routes` lists the views that are reachable."""

    routes: ClassVar[tuple[str, ...]]
    _urls: list[tuple[Any, ...]]

    def create_blueprint(self, admin: Any) -> Any:
        self._urls = [rule for rule in self._urls if rule[1] in self.routes]
        return super().create_blueprint(admin)  # type: ignore[misc]

    def _run_view(self, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the view once; Flask-Admin would try a second way after any TypeError inside it."""
        return view(self, *args, **kwargs)


def handle(
    form: FlaskForm, show: Callable[[], str], act: Callable[[], object], *, done: str, url: str
) -> Any:
    """Show the form; when it was sent and is right, do `act` and go to `url`, saying `done`.

    A refusal shows the form again, with the reason under its field and the refusal's own status.
    """
    if not form.is_submitted():
        return show()
    if not form.validate():
        return show(), 400
    try:
        act()
    except EchoError as error:
        _explain(form, error)
        return show(), error.status
    return _go(url, done)


def _explain(form: FlaskForm, error: EchoError) -> None:
    if error.field in form:
        field: Any = form[error.field]
        field.errors = [*field.errors, error.text]
    else:
        flash(error.text, "error")


def _go(url: str, message: str) -> Response:
    flash(message, "success")
    return redirect(url)
