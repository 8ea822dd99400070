"""Refuses JSON that no page can read, before a form looks for names in it. Knows no form."""

from __future__ import annotations

from typing import Final

from flask import Flask, request

from echo.errors import InvalidInput
from echo.json_shape import refuse_many_values

READ_BY_THEIR_PAGES: Final = (
    "chat_api.chat", "conversations.settings", "bulk.act", "bulk.export_zip", "prompts.import_all",
    "passkeys.registration_options", "passkeys.register", "passkeys.sign_in_options", "passkeys.sign_in",
)  # fmt: skip

READ_BY_THEIR_EDGE: Final = ("/v1/", "/api/")


def init_app(app: Flask) -> None:
    """Look at each JSON body before its page does; one that cannot be parsed is left to the page."""
    app.before_request(_refuse_unreadable)


def _refuse_unreadable() -> None:
    """A body is an object; where a form reads it, one of texts, as browsers send them."""
    if request.path.startswith(READ_BY_THEIR_EDGE) or not request.is_json:
        return
    body = request.get_json(silent=True)
    if body is None:
        return
    if not isinstance(body, dict):
        raise InvalidInput("Send a JSON object with named fields.")
    refuse_many_values(body)
    if request.endpoint in READ_BY_THEIR_PAGES:
        return
    for name, value in body.items():
        if not isinstance(value, str):
            raise InvalidInput(f"The field “{name[:40]}” must be a text.", field=name[:40])
