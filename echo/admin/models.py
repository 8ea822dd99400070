"""Models: what answers, what it takes and who may use it; loaded, settled, added, removed.

Knows no engine and no files: `services/serving` does all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import request, url_for
from flask_admin import BaseView, expose
from flask_login import current_user

from echo import policies
from echo.admin import model_words, settings_now, words
from echo.admin.access import Guarded
from echo.admin.model_adding import ModelAdding
from echo.admin.pages import Page, go, handle
from echo.config import Settings
from echo.errors import EchoError
from echo.forms.admin import ModelSettingsForm
from echo.languages import gettext, mark
from echo.limits import GENERATION_RANGES
from echo.policies import FROM_ROLE_ON, Right
from echo.services.serving import Models, ModelView

AUTO: Final = "auto"


class ModelsPage(Guarded, ModelAdding, Page, BaseView):
    """A card for each model on offer."""

    routes = (
        "index", "load", "unload", "make_default", "edit", "remove", "refresh", *ModelAdding.acts,
    )  # fmt: skip
    proof_for = ("make_default", "edit", "remove", *ModelAdding.acts_with_proof)

    def __init__(self) -> None:
        super().__init__(name=mark("Models"), endpoint="admin_models", url="models")

    @expose("/")
    def index(self) -> Any:
        return self.listing()

    def listing(self, refusal: EchoError | None = None) -> str:
        """Show the list; its part alone to the script that draws it anew."""
        offered = Models.here()
        adder = offered.adder
        is_part = request.headers.get("X-Requested-With") == "XMLHttpRequest"
        page: str = self.render(
            "admin/models_part.html" if is_part else "admin/models.html",
            shown=[model_words.shown(view) for view in offered.views()],
            memory=offered.memory(),
            mark=offered.mark(),
            adding=adder.last if adder else None,
            unfinished=adder.unfinished() if adder else [],
            can_add=adder is not None,
            may_change=policies.allows(current_user.role_name, Right.SYSTEM),
            refusal=refusal,
        )
        return page

    @expose("/load/", methods=("POST",))
    def load(self) -> Any:
        """Begin to load a model; the list shows how far it is."""
        return self.done(Models.here().load, mark("%(model)s is being loaded."))

    @expose("/unload/", methods=("POST",))
    def unload(self) -> Any:
        """Free a model's memory, if it is answering nobody."""
        sentence = mark(
            "%(model)s is no longer in memory, and is loaded again when somebody asks it."
        )
        return self.done(Models.here().unload, sentence)

    @expose("/default/", methods=("POST",))
    def make_default(self) -> Any:
        """Let a model answer where none is chosen."""
        sentence = mark("%(model)s answers now wherever no other is chosen.")
        return self.done(Models.here().make_default, sentence, _after_a_restart())

    @expose("/refresh/", methods=("POST",))
    def refresh(self) -> Any:
        """Offer what was added by command since the start."""
        Models.here().refresh()
        return go(url_for(".index"), gettext("The list is that of the disk now."))

    @expose("/edit/", methods=("GET", "POST"))
    def edit(self) -> Any:
        """Settle what holds for one model."""
        view = Models.here().view(request.args.get("name", ""))
        settled = view.settled
        form = ModelSettingsForm(data={**vars(settled), **settled.sampling})
        form.least_role.choices = words.choices(FROM_ROLE_ON)

        def act() -> None:
            Models.here().settle(current_user, view.name, _values(form))

        def show() -> str:
            page: str = self.render(
                "admin/model_form.html", form=form, view=view, beneath=settings_now.beneath(view)
            )
            return page

        return handle(form, show, act, done=_saved(view, form), url=url_for(".index"))

    @expose("/remove/", methods=("GET", "POST"))
    def remove(self) -> Any:
        """Say what goes, then remove a model."""
        name = (request.form if request.method == "POST" else request.args).get("name", "")
        if request.method == "POST":
            return self.done(Models.here().remove, mark("%(model)s is removed."))
        model, refusal = Models.here().removal(name)
        return self.render(
            "admin/model_remove.html",
            model=model,
            refusal=refusal,
            goes=Models.here().owns(model),
            size=model_words.size(model),
        )

    def done(self, act: Callable[[Any, str], object], sentence: str, later: str = "") -> Any:
        """Do something to the model that is named; a refusal shows the list with its reason."""
        name = request.form.get("name", "")
        try:
            act(current_user, name)
        except EchoError as refusal:
            return self.listing(refusal), refusal.status
        return go(url_for(".index"), f"{gettext(sentence, model=name)} {later}".rstrip())


def _after_a_restart() -> str:
    """Return which model is the default one then, where it is not the one that is chosen now."""
    settings = Settings.here()
    if settings.engine == "openai":
        return gettext(
            "After a restart it is that of ECHO_ENGINE_MODEL again, or the servers' first."
        )
    if settings.model == AUTO:
        return ""
    return gettext("After a restart it is ECHO_MODEL again: %(model)s.", model=settings.model)


def _values(form: ModelSettingsForm) -> dict[str, Any]:
    """Return the form as `Models.settle` takes it: an empty field is None."""
    sampling = {name: form[name].data for name in GENERATION_RANGES}
    return {
        "least_role": form.least_role.data,
        "help": bool(form.help.data),
        "calls_tools": bool(form.calls_tools.data),
        "system_prompt": form.system_prompt.data or None,
        "context_length": form.context_length.data,
        "template": form.template.data or None,
        "sampling": {name: value for name, value in sampling.items() if value is not None},
    }


def _saved(view: ModelView, form: ModelSettingsForm) -> str:
    """Return what is said when it is saved: some values act only when the model is loaded."""
    window = view.settled.context_length != form.context_length.data
    template = view.settled.template != (form.template.data or None)
    if view.status.state != "ready" or not (window or template):
        sentence = mark("The settings of %(model)s are saved and hold from the next answer on.")
    elif window and template:
        sentence = mark(
            "Saved. The window and the chat template of %(model)s change when it is loaded next: "
            "unload it, then load it."
        )
    elif window:
        sentence = mark(
            "Saved. The window of %(model)s change when it is loaded next: unload it, then load it."
        )
    else:
        sentence = mark(
            "Saved. The chat template of %(model)s change when it is loaded next: "
            "unload it, then load it."
        )
    return gettext(sentence, model=view.name)
