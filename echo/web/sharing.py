"""Shared chats as their readers see them: read by a link, copied into one's own. Knows services only.

The link is all that a reader has: no robot keeps it, no address that it leads to is told of it
(`Referrer-Policy`, `rel="noreferrer"`), and no cache has what it showed once it is stopped.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, jsonify, make_response, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from echo.errors import NotFound
from echo.languages import gettext
from echo.models import User
from echo.services.sharing import continuing, links, shares
from echo.web import replies

blueprint = Blueprint("sharing", __name__)

NEVER_LISTED: Final = "noindex, nofollow, noarchive, nosnippet, noimageindex"


@blueprint.after_request
def _keep_robots_off(response: Response) -> Response:
    response.headers["X-Robots-Tag"] = NEVER_LISTED
    return response


def _reader() -> User | None:
    return current_user if current_user.is_authenticated else None


@blueprint.get("/share/<token>")
def read(token: str) -> Response:
    """Show the copy; whatever is wrong with a link, the answer is the same."""
    try:
        share = links.find(token, _reader())
    except NotFound:
        if replies.wants_json():
            raise
        return make_response(render_template("shared_gone.html", token=token), 404)
    return make_response(render_template("shared.html", share=share, token=token))


@blueprint.post("/share/<token>/opened")
def opened(token: str) -> Response:
    """Count a browser that has shown it: programs that follow links to look at them do not come here."""
    links.count_opening(links.find(token, _reader(), with_copy=False), _reader())
    return jsonify(status="ok")


@blueprint.post("/share/<token>/continue")
def go_on(token: str) -> BaseResponse:
    """Copy it into a new conversation of the reader's own."""
    row = continuing.copy(current_user.id, links.find(token, current_user))
    return replies.go(url_for("home.conversation", conversation_id=row.id))


@blueprint.post("/profile/shared/<share_id>/stop")
def stop(share_id: str) -> BaseResponse:
    """End one of one's own links."""
    shares.stop(current_user.id, share_id)
    return replies.go(
        url_for("own_data.index", _anchor="shared"), gettext("The link shows nothing any more.")
    )
