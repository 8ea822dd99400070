"""The sidebar's lists and acts: partials for HTMX, JSON for acts, downloads. Knows services only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from flask_login import current_user

from echo.errors import InvalidInput, NotFound, TooLong
from echo.languages import gettext, number
from echo.limits import SEARCH_CHARS
from echo.models import Conversation
from echo.services.chats import conversations, export, search, shelves, wire
from echo.services.turns import Turns
from echo.web import conversation_groups, rate_limits, replies

blueprint = Blueprint("conversations", __name__, url_prefix="/conversations")

EXPORTS = {
    "markdown": (export.as_markdown, "text/markdown", "md"),
    "json": (export.as_json, "application/json", "json"),
}


@blueprint.get("")
def listing() -> str:
    query = request.args.get("q")
    if query is not None:
        return _search(query)
    tag = request.args.get("tag")
    shelf = shelves.Shelf(archived=None, tag=tag) if tag else shelves.LIST
    rows, next_cursor = shelves.page(current_user.id, request.args.get("after"), shelf)
    groups = conversation_groups.of(rows)
    return render_template(
        "partials/conversation_list.html", groups=groups, next_cursor=next_cursor
    )


def _search(query: str) -> str:
    if len(query) > SEARCH_CHARS:
        raise TooLong(
            gettext("Search for at most %(most)s characters.", most=number(SEARCH_CHARS)), field="q"
        )
    rate_limits.count_search(current_user.id)
    found = search.search(current_user.id, query.replace("\0", ""))
    return render_template("partials/search_results.html", query=query, found=found)


@blueprint.get("/<conversation_id>/row")
def row(conversation_id: str) -> str:
    found = conversations.readable(current_user.id, conversation_id)
    return render_template(
        "partials/conversation_row.html", conversation=conversation_groups.row_of(found)
    )


@blueprint.post("/<conversation_id>/rename")
def rename(conversation_id: str) -> Response:
    return _changed(
        conversations.rename(current_user.id, conversation_id, request.form.get("title", ""))
    )


@blueprint.post("/<conversation_id>/pin")
def pin(conversation_id: str) -> Response:
    pinned = request.form.get("pinned")
    if pinned not in ("0", "1"):
        raise InvalidInput("pinned is 0 or 1.", field="pinned")
    return _changed(conversations.pin(current_user.id, conversation_id, pinned == "1"))


@blueprint.post("/<conversation_id>/settings")
def settings(conversation_id: str) -> Response:
    values: Any = request.get_json(silent=True)
    if not isinstance(values, dict):
        raise InvalidInput("Send the settings as a JSON object.")
    return _changed(conversations.change_settings(current_user.id, conversation_id, values))


@blueprint.post("/<conversation_id>/delete")
def delete(conversation_id: str) -> Response:
    conversations.remove(current_user.id, conversation_id)
    return jsonify(status="ok", message=gettext("The conversation is deleted."))


@blueprint.post("/<conversation_id>/restore")
def restore(conversation_id: str) -> Response:
    return _changed(conversations.restore(current_user.id, conversation_id))


@blueprint.get("/<conversation_id>/export/<kind>")
def export_as(conversation_id: str, kind: str) -> Response:
    """Download one conversation as `markdown` or `json`."""
    if kind not in EXPORTS:
        raise NotFound(gettext("Conversations are exported as markdown or json."))
    found = conversations.readable(current_user.id, conversation_id)
    write, mimetype, extension = EXPORTS[kind]
    response = Response(write(found, current_user.id), mimetype=mimetype)
    return replies.kept_as(response, export.file_name(found, extension))


def _changed(found: Conversation) -> Response:
    live = Turns.here().is_live(found.id)
    return jsonify(status="ok", conversation=wire.conversation(found, live))
