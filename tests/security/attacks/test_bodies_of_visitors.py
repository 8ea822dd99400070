"""Who has no account does not make the server keep a large body: it is sent away before that is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from echo.config import ROOT
from tests.web.conftest import csrf_on

__all__ = ["csrf_on"]

LARGE = (
    "/api/documents",
    "/documents",
    "/api/conversations/import",
    "/profile/import",
    "/profile",
    "/personas",
    "/personas/x/change",
    "/v1/audio/transcriptions",
)


class Untouched:
    """A body that nobody may read."""

    def read(self, _size: int = -1) -> bytes:
        pytest.fail("the body of a visitor is read")

    readline = readinto = read


def environ(path: str, **headers: str) -> dict[str, Any]:
    kind = "multipart/form-data; boundary=x"
    builder = EnvironBuilder(path=path, method="POST", content_type=kind, headers=headers)
    made = builder.get_environ()
    return made | {"CONTENT_LENGTH": "4000000", "wsgi.input": Untouched()}


@pytest.mark.parametrize("path", LARGE)
@pytest.mark.parametrize("key", ["", "Bearer echo_sk_wrong"])
def test_a_visitors_body_is_not_read(path: str, key: str, app: Flask, csrf_on: None) -> None:
    asked = environ(path, **({"Authorization": key} if key else {}))
    body, status, _headers = run_wsgi_app(app, asked)
    assert status[:3] in ("302", "401"), b"".join(body)


def test_every_address_of_large_bodies_asks_who_sends_them() -> None:
    """Nobody sets the length beside `take_bodies_of`."""
    found = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "echo").rglob("*.py")
        if re.search(r"max_content_length\s*=", Path(path).read_text())
    ]
    assert found == ["echo/extensions.py"]
