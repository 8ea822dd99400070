"""Programs that ask wrongly: a status of its own, JSON, the field at fault, and never a page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from tests.web.browser import Browser

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
BODIES: list[tuple[dict[str, Any], int, str | None]] = [
    ({"data": {"prompt": "Hi"}}, 400, "prompt"),
    ({"data": "prompt=Hi", "content_type": "text/plain"}, 400, "prompt"),
    ({"data": b'{"prompt":"Hi"}', "content_type": "application/xml"}, 400, "prompt"),
    ({"data": b'{"prompt":"Hi"}', "content_type": ""}, 400, "prompt"),
    ({"data": b"", "content_type": "application/json"}, 400, "prompt"),
    ({"data": b"{", "content_type": "application/json"}, 400, "prompt"),
    ({"json": {}}, 400, "prompt"),
    ({"json": {"prompt": 1}}, 400, "prompt"),
    ({"json": {"prompt": " "}}, 400, "prompt"),
    ({"json": {"prompt": "Hi", "top_k": 1.5}}, 400, "top_k"),
    ({"json": {"prompt": "Hi", "top_k": True}}, 400, "top_k"),
    ({"json": {"prompt": "Hi", "max_new_tokens": 10.000001}}, 400, "max_new_tokens"),
    ({"json": {"prompt": "Hi", "temperature": "hot"}}, 400, "temperature"),
    ({"json": {"prompt": "Hi", "nonsense": 1}}, 400, "nonsense"),
    ({"json": {"prompt": "Hi", "conversation_id": 7}}, 400, "conversation_id"),
]


@pytest.mark.parametrize(("body", "status", "field"), BODIES)
def test_a_wrong_body(
    body: dict[str, Any], status: int, field: str | None, ada_browser: Browser
) -> None:
    answer = ada_browser.post("/chat", headers=PAGE, **body)
    assert (answer.status_code, answer.is_json) == (status, True), answer.text[:200]
    assert answer.get_json()["field"] == field
    assert answer.get_json()["status"] == "error"


@pytest.mark.parametrize(
    "key", [None, "Bearer echo_sk_" + "x" * 40, "Bearer", "Basic YTpi", "Bearer \u00e9"]
)
@pytest.mark.parametrize("csrf", [True, False])
def test_nobody_who_asks(key: str | None, csrf: bool, app: Flask, client: Browser) -> None:
    app.config.update(WTF_CSRF_ENABLED=csrf, WTF_CSRF_CHECK_DEFAULT=csrf)
    headers = {**PAGE, **({"Authorization": key} if key else {})}
    answer = client.post("/chat", json={"prompt": "Hi"}, headers=headers)
    unknown = 400 if csrf and key is None else 401  # it may be a page that was open for too long
    assert (answer.status_code, answer.is_json) == (unknown, True)
    assert re.search("sign in|API key", answer.get_json()["message"])


@pytest.mark.parametrize(("method", "status"), [("GET", 405), ("PUT", 405), ("DELETE", 405)])
def test_a_wrong_method(method: str, status: int, ada_browser: Browser) -> None:
    answer = ada_browser.open("/chat", method=method, headers=PAGE)
    assert (answer.status_code, answer.is_json) == (status, True)
    assert ada_browser.get("/api/nothing", headers=PAGE).is_json


def test_whole_numbers_written_with_a_point_are_taken(ada_browser: Browser) -> None:
    assert ada_browser.post("/chat", json={"prompt": "Hi", "top_k": 5.0}).status_code == 200
