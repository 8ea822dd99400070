"""Echo as an application of its own: its manifest and its service worker, for everybody. Knows no person.

What is kept for reading without a connection, and for whom, is decided in the browser (docs/app.md).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, request

from echo.languages import gettext, here, mark
from echo.web.template_helpers import PAGE_COLOURS, asset, version

blueprint = Blueprint("installing", __name__)

NAME: Final = "Echo"
ICONS: Final = (
    ("icon-192.png", 192, "any"),
    ("icon-512.png", 512, "any"),
    ("icon-maskable-192.png", 192, "maskable"),
    ("icon-maskable-512.png", 512, "maskable"),
)
"""Drawn from the logo by scripts/app_icons.py."""
SHORTCUTS: Final = ((mark("New chat"), ""), (mark("Search chats"), "#search"))


@blueprint.get("/manifest.webmanifest")
def manifest() -> Response:
    """What a system needs to know to install Echo beside its other applications."""
    return Response(json.dumps(_manifest()), mimetype="application/manifest+json")


@blueprint.get("/sw.js")
def service_worker() -> Response:
    """The worker, below the line that names this release: another release is another worker."""
    text = (Path(str(current_app.static_folder)) / "service_worker.js").read_text()
    response = Response(
        f"const RELEASE = {json.dumps(version())};\n{text}", mimetype="text/javascript"
    )
    response.headers["Service-Worker-Allowed"] = f"{request.script_root}/"
    return response


def _manifest() -> dict[str, Any]:
    home = f"{request.script_root}/"
    return {
        "id": home,
        "name": NAME,
        "short_name": NAME,
        "description": gettext("A chat with a language model that runs on your own machine."),
        "lang": here().code,
        "dir": here().direction,
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "theme_color": PAGE_COLOURS["light"],
        "background_color": PAGE_COLOURS["light"],
        "icons": [
            {
                "src": asset(f"img/{file}"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for file, size, purpose in ICONS
        ],
        "shortcuts": [
            {"name": gettext(name), "url": home + place, "icons": [_shortcut_icon()]}
            for name, place in SHORTCUTS
        ],
    }


def _shortcut_icon() -> dict[str, str]:
    file, size, _ = ICONS[0]
    return {"src": asset(f"img/{file}"), "sizes": f"{size}x{size}", "type": "image/png"}
