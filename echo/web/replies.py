"""The JSON protocol of forms, and its twin for browsers without JavaScript. Knows no one form."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO, Any, Final, TypeVar
from urllib.parse import quote

from flask import flash, jsonify, redirect, request
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from echo.errors import EchoError
from echo.extensions import shown_key

R = TypeVar("R", bound=Response)
BLOCK_BYTES: Final = 64 * 1024
FOR_PROGRAMS: Final = ("/api/", "/v1/", "/chat/", "/metrics/")


def is_for_programs() -> bool:
    """Tell whether a program asks: the address never answers as a page, or a key is shown."""
    return f"{request.path}/".startswith(FOR_PROGRAMS) or shown_key() is not None


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
    response = jsonify(status="error", code=error.code, field=error.field, message=error.text)
    response.status_code = error.status
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return response


def show_error(form: FlaskForm, error: EchoError) -> None:
    """Put a refusal under the field that it belongs to, or on the page when there is none."""
    field: Any = form._fields.get(error.field) if error.field else None
    if field is None:
        flash(error.text, "error")
    else:
        field.errors = [*field.errors, error.text]


def download(file: IO[bytes], name: str) -> Response:
    """Return a ZIP to keep under this name, block by block; the file is closed at the end."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    response = Response(_blocks(file), mimetype="application/zip")
    response.call_on_close(file.close)  # also for a client that left before the first block
    response.headers["Content-Length"] = str(size)
    return kept_as(response, name)


def kept_as(response: R, name: str) -> R:
    """Have the browser keep an answer under this name, of whatever letters it is, without quotation marks."""
    plain = "".join(char if char.isascii() else "_" for char in name)
    told = f'attachment; filename="{plain}"'
    if plain != name:
        told += f"; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Disposition"] = told
    return response


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK_BYTES):
            yield block
