"""What all admin pages share: only planned routes, buttons, forms that keep what was typed. Knows no page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from echo.admin.access import require_fresh_proof
from echo.errors import EchoError
from echo.forms import fields
from echo.languages import gettext


class Page:
    """Mixin, to be named before Flask-Admin's own class: `routes` lists the views that are reachable."""

    routes: ClassVar[tuple[str, ...]]
    proof_for: ClassVar[tuple[str, ...]] = ()
    """Views that ask for a fresh proof of who one is: a stolen session must not become a takeover."""
    _urls: list[tuple[Any, ...]]

    def create_blueprint(self, admin: Any) -> Any:
        self._urls = [rule for rule in self._urls if rule[1] in self.routes]
        return super().create_blueprint(admin)  # type: ignore[misc]

    def _run_view(self, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the view once; Flask-Admin would try a second way after any TypeError inside it."""
        if view.__name__ in self.proof_for:
            require_fresh_proof(self.page_before(view.__name__))
        return view(self, *args, **kwargs)

    def page_before(self, _view: str) -> str | None:
        """Return where somebody goes who will not prove who they are; None: where they came from."""
        return None


class TakingPictures:
    """Mixin, to be named before Flask-Admin's own class: forms of the views in `carrying` bring a picture."""

    carrying: ClassVar[tuple[str, ...]]

    def create_blueprint(self, admin: Any) -> Any:
        view: Any = self
        blueprint = super().create_blueprint(admin)  # type: ignore[misc]
        fields.take_pictures(blueprint, *(f"{view.endpoint}.{name}" for name in self.carrying))
        return blueprint


class Deleting:
    """Mixin: a page that says what goes, and then deletes it."""

    delete_template: str
    deleted: str
    """What is said afterwards (`mark`ed)."""

    def remove(self, row_id: str) -> None:
        """Delete a row in the name of whoever asks."""
        raise NotImplementedError

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> Any:
        view: Any = self
        row = view.get_one(request.args.get("id", ""))
        if request.method != "POST":
            return view.render(self.delete_template, row=row)
        self.remove(row.id)
        return go(url_for(".index_view"), gettext(self.deleted))


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
        explain(form, error)
        return show(), error.status
    return go(url, done)


def explain(form: FlaskForm, error: EchoError) -> None:
    """Say why something was refused: under its field, or above the page."""
    if error.field in form:
        field: Any = form[error.field]
        field.errors = [*field.errors, error.text]
    else:
        flash(error.text, "error")


def go(url: str, message: str) -> Response:
    """Go to `url` and say `message` there."""
    flash(message, "success")
    return redirect(url)


def shown_version(form: FlaskForm, stored: str) -> str:
    """Return the mark that the form carries: a refused one keeps its own, so that no change is missed.

    Who has been told of somebody else's change gets the new mark: the next "Save" is meant.
    """
    if form.is_submitted() and form.version.data and not form.version.errors:
        return str(form.version.data)
    return stored
