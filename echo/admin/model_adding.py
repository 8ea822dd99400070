"""Adding a model by the admin side: chosen, looked at with all its numbers, begun, stopped.

Knows no list of models: it is a mixin of that page.
"""

from __future__ import annotations

import re
from typing import Any, Final

from flask import url_for
from flask_admin import expose
from flask_login import current_user

from echo.admin import model_words
from echo.admin.pages import explain, go, handle
from echo.errors import EchoError, InvalidInput
from echo.forms.admin import AddModelForm
from echo.languages import gettext, mark
from echo.services.library import room
from echo.services.serving import Adder, Models, Wanted

COMMAND_WORDS: Final = {
    # what the library says to people at a terminal, as it stands in English: to those at the page
    " by --base": mark(" under “Stands on”"),
    " by --name": mark(" under “Name”"),
    "--base": mark("“Stands on”"),
    "--name": mark("“Name”"),
}
LIST_OF_ALL: Final = re.compile(r"[^.。।]*`models list --all`[^.。।]*[.。।]")
"""The sentence that names the command, in whatever language."""


class ModelAdding:
    """Mixin of the page of models."""

    acts = ("add", "begin", "stop", "put_away")
    acts_with_proof = ("add", "begin")

    render: Any

    @expose("/add/", methods=("GET", "POST"))
    def add(self) -> Any:
        """Choose from the catalogue or name something else; then all numbers are said."""
        form = _form()
        if not form.is_submitted():
            return self._choices(form)
        if not form.validate():
            return self._choices(form), 400
        try:
            needs = _adder().look(_wanted(form))
        except EchoError as refusal:
            explain(form, _for_the_page(refusal))
            return self._choices(form), refusal.status
        memory = Models.here().memory()
        return self.render("admin/model_plan.html", form=form, needs=needs, memory=memory)

    @expose("/begin/", methods=("POST",))
    def begin(self) -> Any:
        """Begin to add what was looked at."""
        form = _form()

        def act() -> None:
            try:
                _adder().begin(current_user, _wanted(form))
            except EchoError as refusal:
                raise _for_the_page(refusal) from refusal

        done = gettext("It is being added. You may leave this page meanwhile.")
        return handle(form, lambda: self._choices(form), act, done=done, url=url_for(".index"))

    @expose("/stop/", methods=("POST",))
    def stop(self) -> Any:
        """Stop what is being added; what is complete is kept."""
        _adder().stop()
        return go(url_for(".index"), gettext("It is being stopped. What is complete is kept."))

    @expose("/put-away/", methods=("POST",))
    def put_away(self) -> Any:
        """No longer show how the last one ended."""
        _adder().put_away()
        return go(url_for(".index"), gettext("Put away."))

    def _choices(self, form: AddModelForm) -> str:
        library = _adder().library
        installed = {
            model.name for model in Models.here().installed() if model.state == "installed"
        }
        most = min(room.memory_total(), Models.here().memory().most or room.memory_total())
        page: str = self.render(
            "admin/model_add.html",
            form=form,
            offers=model_words.offers(library, installed, most),
            room=most,
        )
        return page


def _adder() -> Adder:
    adder = Models.here().adder
    if adder is None:
        raise InvalidInput(
            gettext("Echo gives scripted replies at the moment: it serves no models.")
        )
    return adder


def _form() -> AddModelForm:
    """Return the form, with the models that an adapter can stand on."""
    form = AddModelForm()
    whole = [model for model in Models.here().installed() if model.kind != "adapter"]
    bases = [(model.name, model.name) for model in whole if model.state == "installed"]
    form.base.choices = [("", gettext("What the adapter says itself")), *bases]
    return form


def _wanted(form: AddModelForm) -> Wanted:
    return Wanted(str(form.source.data), form.name.data or None, form.base.data or None)


def _for_the_page(refusal: EchoError) -> EchoError:
    """Return the same refusal in the words of the page, at the field that it is about."""
    text = refusal.text
    for command, page in COMMAND_WORDS.items():
        text = text.replace(command, gettext(page))
    text = LIST_OF_ALL.sub(lambda _: " " + gettext("The catalogue is on this page."), text)
    return type(refusal)(text, field=refusal.field or "source", retry_after=refusal.retry_after)
