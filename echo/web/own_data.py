"""One's own data: taking them along, how long they are kept, deleting the account, who looked.

Knows services and forms only.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from echo.clock import utc_now
from echo.errors import InvalidInput
from echo.forms.guardrails import ObjectionForm
from echo.forms.own_account import DeleteMeForm, RetentionForm
from echo.languages import gettext, mark
from echo.limits import IMPORT_BYTES
from echo.models import GuardAct, GuardPlace
from echo.services import audit
from echo.services.accounts import accounts, names
from echo.services.chats import feedback, retention
from echo.services.guardrails import decisions
from echo.services.people import archive, deletion, profile_data
from echo.services.sharing import links, shares
from echo.web import form_pages, replies, sessions, step_up

blueprint = Blueprint("own_data", __name__, url_prefix="/profile")

TICKET_COOKIE: Final = "echo_export"
TICKET_SECONDS: Final = 60
TICKET_CHARS: Final = 40
WHAT_WAS_DONE: Final = {
    audit.Act.CONVERSATION_OPENED: mark("opened one of your chats"),
    audit.Act.MESSAGE_OPENED: mark("opened one of your messages"),
    audit.Act.MESSAGES_LISTED: mark("saw some of your messages, or your chats' titles, in a list"),
}
DECIDED: Final = {
    (GuardPlace.QUESTION, GuardAct.FLAG): mark("Your question was flagged"),
    (GuardPlace.QUESTION, GuardAct.WARN): mark("A warning about your question"),
    (GuardPlace.QUESTION, GuardAct.MASK): mark("Words of your question were masked"),
    (GuardPlace.QUESTION, GuardAct.REFUSE): mark("Your question was not answered"),
    (GuardPlace.ANSWER, GuardAct.FLAG): mark("An answer was flagged"),
    (GuardPlace.ANSWER, GuardAct.WARN): mark("A warning about an answer"),
    (GuardPlace.ANSWER, GuardAct.MASK): mark("Words of an answer were masked"),
    (GuardPlace.ANSWER, GuardAct.REFUSE): mark("An answer was ended"),
}


@blueprint.get("/data")
def index() -> str:
    return render_template("own_data.html", **_forms())


def _forms(**shown: Any) -> dict[str, Any]:
    """Return both forms of the page, one of them perhaps with what was sent and refused."""
    own_days = profile_data.of(current_user.id).retention_days
    return {
        "retention_form": RetentionForm(None, retention_days=str(own_days or "")),
        "delete_form": DeleteMeForm(None),
        "site_days": retention.site_days(),
        "in_force": retention.in_force(own_days),
        "import_megabytes": IMPORT_BYTES // 1_000_000,
        "opinions": feedback.own(current_user.id),
        "decided": decisions.own(current_user.id),
        "decided_words": DECIDED,
        "shared": [(row, links.token_of(row)) for row in shares.living(current_user.id)],
        "possible": shares.possible(),
        "seen_by": shares.SEEN_BY,
        **shown,
    }


@blueprint.get("/export")
def export() -> BaseResponse:
    """Download everything. The cookie tells the page's script that the archive is made."""
    step_up.require()
    name = f"echo-{current_user.username}-{utc_now():%Y-%m-%d}.zip"
    response = replies.download(archive.make(current_user), name)
    ticket = request.args.get("ticket", "")
    if ticket.isalnum() and len(ticket) <= TICKET_CHARS:
        response.set_cookie(TICKET_COOKIE, ticket, max_age=TICKET_SECONDS, samesite="Strict")
    return response


@blueprint.post("/retention", endpoint="retention")
def set_retention() -> BaseResponse:
    form = RetentionForm()

    def act() -> BaseResponse:
        step_up.require()  # a shorter time deletes old chats
        retention.choose(current_user.id, form.days)
        return replies.done(gettext("Saved."), url_for("own_data.index"))

    return form_pages.handle(form, "own_data.html", act, **_forms(retention_form=form))


@blueprint.post("/answers/read")
def read_answers() -> BaseResponse:
    """Put the notice of answered feedback and objections away."""
    feedback.mark_answers_read(current_user.id)
    decisions.mark_answers_read(current_user.id)
    return replies.done(gettext("Marked as read."), url_for("own_data.index"))


@blueprint.post("/decisions/<decision_id>/objection")
def object_to(decision_id: str) -> BaseResponse:
    """Object to what a guardrail decided about one's words."""
    form = ObjectionForm()

    def act() -> BaseResponse:
        decisions.object_to(current_user.id, decision_id, str(form.objection.data))
        said = gettext("Your objection is with the people who run this server.")
        return replies.done(said, url_for("own_data.index", _anchor="guardrails"))

    return form_pages.handle(form, "own_data.html", act, **_forms(objected=(decision_id, form)))


@blueprint.post("/delete")
def delete_me() -> BaseResponse:
    """Delete the account after its name was typed and the person has proved again who they are."""
    form = DeleteMeForm()

    def act() -> BaseResponse:
        if names.fold(str(form.username.data)) != current_user.username_key:
            raise InvalidInput(gettext("This is not your name here."), field="username")
        step_up.require()
        number = current_user.id
        deletion.delete_account(accounts.get(number))
        sessions.forget(number)
        return replies.go(url_for("home.index"), gettext("Your account is deleted. Good-bye!"))

    return form_pages.handle(form, "own_data.html", act, **_forms(delete_form=form))


@blueprint.get("/looks")
def looks() -> str:
    found = audit.looks_at(current_user.id)
    return render_template("looks.html", looks=found, done=WHAT_WAS_DONE)
