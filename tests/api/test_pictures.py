"""Pictures of programs: attached as documents, described, fetched; those for models are refused in words."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from echo.extensions import db
from echo.limits import DESCRIPTION_CHARS
from echo.models import User
from echo.scopes import Scope
from tests.api.test_rest import Program, bob, program, refused
from tests.services.documents.test_documents import settled
from tests.services.test_pictures import opened, saved

__all__ = ["bob", "program"]
PNG = saved(Image.new("RGB", (900, 300), "teal"), "PNG")
PART = "data:image/png;base64,iVBORw0KGgo="


def attached(program: Program, raw: bytes = PNG, name: str = "sea.png") -> str:
    answer = program.ask("POST", "/api/documents", data={"file": (io.BytesIO(raw), name)})
    assert answer.status_code == 201, answer.text
    return settled(answer.get_json()["id"]).id


def test_a_picture_is_attached_described_and_fetched(program: Program) -> None:
    at = f"/api/documents/{attached(program)}"
    told = program.get(at)
    assert (told["kind"], told["picture"]) == ("png", {"width": 900, "height": 300})
    for query, size in (
        ("", (900, 300)),
        ("?size=full", (900, 300)),
        ("?size=preview", (480, 160)),
    ):
        answer = program.ask("GET", f"{at}/picture{query}")
        assert (answer.mimetype, opened(answer.data).size) == ("image/webp", size)
    headers = answer.headers
    assert headers["Cache-Control"] == "private, max-age=3600, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Content-Disposition"].startswith("inline; filename=")
    assert {"Cookie", "Authorization"} <= set(headers["Vary"].replace(" ", "").split(","))

    described = program.ask("PATCH", at, json={"description": " A walrus. "}).get_json()
    assert described["description"] == program.get(at)["description"] == "A walrus."
    found = program.ask("POST", "/api/documents/search", json={"query": "walrus"}).get_json()
    assert [one["text"] for one in found["passages"]] == ["A walrus."]
    assert program.ask("PATCH", at, json={"description": ""}).get_json()["description"] == ""


def test_what_programs_may_not_say_or_see(app: Flask, program: Program, bob: Program) -> None:
    at = f"/api/documents/{attached(program)}"
    text = f"/api/documents/{attached(program, b'Walruses.', 'a.txt')}"
    for body, field in (
        ({}, "description"),
        ({"description": 7}, "description"),
        ({"description": "x" * (DESCRIPTION_CHARS + 1)}, "description"),
        ({"description": "a\0b"}, "description"),
        ({"description": "x", "name": "y"}, "name"),
    ):
        assert refused(program.ask("PATCH", at, json=body)) == (400, "bad_payload", field)
    assert refused(program.ask("PATCH", text, json={"description": "x"}))[:2] == (409, "conflict")
    assert refused(program.ask("GET", f"{text}/picture"))[:2] == (404, "not_found")
    assert refused(program.ask("GET", f"{at}/picture?size=huge"))[2] == "size"
    assert refused(bob.ask("GET", f"{at}/picture"))[:2] == (404, "not_found")
    assert refused(bob.ask("PATCH", at, json={"description": "x"}))[:2] == (404, "not_found")
    program.ask("DELETE", at)
    assert refused(program.ask("GET", f"{at}/picture"))[:2] == (404, "not_found")


def test_keys_that_read_do_not_describe(app: Flask, ada: User, program: Program) -> None:
    at = f"/api/documents/{attached(program)}"
    reads, writes = Program(app, ada, Scope.READ), Program(app, ada, Scope.CHAT)
    assert reads.ask("GET", f"{at}/picture").status_code == 200
    assert reads.ask("PATCH", at, json={"description": "x"}).status_code == 403
    assert writes.ask("PATCH", at, json={"description": "x"}).status_code == 200
    assert writes.ask("GET", f"{at}/picture").status_code == 403
    db.session.rollback()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": PART}}]}]}),
        ("/v1/responses", {"input": [{"role": "user", "content": [
            {"type": "input_image", "image_url": PART}]}]}),
        ("/v1/messages", {"model": "scripted", "max_tokens": 5, "messages": [
            {"role": "user", "content": [{"type": "image", "source": {
                "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]}]}),
    ],
)  # fmt: skip
def test_pictures_for_models_are_refused_in_words(
    program: Program, path: str, body: dict[str, Any]
) -> None:
    answer = program.ask("POST", path, json=body)
    assert answer.status_code == 400
    assert "image" in answer.get_json()["error"]["message"]
    assert "text" in answer.get_json()["error"]["message"]
