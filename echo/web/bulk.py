"""Several chats of the list at once: one request for all of them, or one ZIP. Knows services only."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, jsonify, request
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from echo.clock import utc_now
from echo.errors import InvalidInput
from echo.services.chats import bulk, export, wire
from echo.services.turns import Turns
from echo.web import replies

blueprint = Blueprint("bulk", __name__, url_prefix="/conversations/bulk")

ACTS: Final = ("change", "delete", "restore")


@blueprint.post("")
def act() -> Response:
    """Change, delete or restore, all of them or none; what is not one's own is told as missing."""
    body = _body()
    ids, what = _texts(body, "ids"), body.get("act")
    if what not in ACTS:
        raise InvalidInput("act is change, delete or restore.", field="act")
    if what == "change":
        done = bulk.change(current_user.id, ids, _change(body))
    else:
        do = bulk.remove if what == "delete" else bulk.restore
        done = do(current_user.id, ids)
    live = Turns.here().everywhere.live_among([row.id for row in done.rows])
    told = [wire.conversation(row, row.id in live) for row in done.rows]
    return jsonify(status="ok", conversations=told, missing=done.missing)


@blueprint.post("/export")
def export_zip() -> BaseResponse:
    """Download each as Markdown and as JSON, in one ZIP, which can be imported again."""
    found = bulk.find(current_user.id, _texts(_body(), "ids"))
    return replies.download(export.as_zip(found.rows), f"echo-chats-{utc_now():%Y-%m-%d}.zip")


def _body() -> dict[str, Any]:
    body: Any = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise InvalidInput("Send a JSON object with named fields.")
    return body


def _change(body: dict[str, Any]) -> bulk.Change:
    archived, folder_id = body.get("archived"), body.get("folder_id")
    if not isinstance(archived, bool | None):
        raise InvalidInput("archived is true or false.", field="archived")
    if not isinstance(folder_id, str | None):
        raise InvalidInput("folder_id is a text.", field="folder_id")
    if "folder_id" in body:
        folder_id = folder_id or ""
    return bulk.Change(archived, folder_id, _texts(body, "add_tags"), _texts(body, "remove_tags"))


def _texts(body: dict[str, Any], name: str) -> list[str]:
    values = body.get(name, [])
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        raise InvalidInput(f"{name} is a list of texts.", field=name)
    return values
