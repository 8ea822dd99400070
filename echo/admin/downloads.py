"""Downloads of everything: begun, watched and fetched by who asked. Knows no kind's inside."""

from __future__ import annotations

from typing import Any, Final

from flask import jsonify, redirect, request, send_file, url_for
from flask_admin import BaseView, expose
from flask_babel import format_decimal
from flask_login import current_user
from werkzeug.wrappers import Response

from echo.admin.access import Guarded
from echo.admin.pages import Page
from echo.errors import EchoError
from echo.languages import gettext, mark
from echo.services import downloads

UNITS: Final = (mark("bytes"), "kB", "MB", "GB")


class DownloadsPage(Guarded, Page, BaseView):
    """One row for each kind; its file is made while one waits, and is there for an hour."""

    routes = ("index", "begin", "state", "fetch")
    proof_for = ("begin",)

    def __init__(self) -> None:
        super().__init__(name=mark("Downloads"), endpoint="admin_downloads", url="downloads")

    @expose("/")
    def index(self) -> Any:
        return self._page()

    def _page(self, refusal: EchoError | None = None) -> Any:
        return self.render(
            "admin/downloads.html",
            kinds=downloads.KINDS,
            made=downloads.Downloads.here().of(current_user),
            refusal=refusal,
            asked_for=request.form.get("kind"),
            in_words=in_words,
        )

    @expose("/begin/", methods=("POST",))
    def begin(self) -> Any:
        """Begin to make a file, once the person has proved again who they are."""
        try:
            download = downloads.Downloads.here().begin(current_user, request.form.get("kind", ""))
        except EchoError as error:
            if _by_script():
                raise
            return self._page(error), error.status
        if _by_script():
            return jsonify(status="ok", **download.as_payload())
        return redirect(url_for(".index"))

    @expose("/state/")
    def state(self) -> Response:
        """Tell how far a file is."""
        download = downloads.Downloads.here().own(current_user, request.args.get("id", ""))
        return jsonify(download.as_payload())

    @expose("/file/")
    def fetch(self) -> Response:
        """Send a file that is made; `security_headers` keeps it out of every cache."""
        download = downloads.Downloads.here().ready(current_user, request.args.get("id", ""))
        return send_file(download.path, as_attachment=True, download_name=download.name)


def _by_script() -> bool:
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def in_words(size: int) -> str:
    """Return a number of bytes as a person says it, such as "12.3 MB"."""
    value = float(size)
    for unit in UNITS:
        if value < 1000 or unit == UNITS[-1]:
            break
        value /= 1000
    shown = format_decimal(value, format="#,##0.0" if unit != UNITS[0] else "#,##0")
    return f"{shown} {gettext(unit)}"
