"""Bodies that do not say their length, as programs send them that write while they think."""

from __future__ import annotations

import json
from collections.abc import Iterator

import requests

from tests.live.programs import key_on
from tests.live.server import PATIENCE, LiveServer, Person


def in_chunks(body: bytes, size: int = 7) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


def test_question_in_chunks_is_answered(server: LiveServer) -> None:
    headers = {"Authorization": f"Bearer {key_on(server, 'chunker')}"}
    body = json.dumps({"messages": [{"role": "user", "content": "brief"}]}).encode()
    answer = requests.post(
        f"{server.url}/v1/chat/completions", in_chunks(body), timeout=PATIENCE,
        headers={**headers, "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "A brief answer."


def test_form_in_chunks_is_read(ada: Person) -> None:
    kind = "application/x-www-form-urlencoded"
    headers = {
        "Content-Type": kind, "X-CSRFToken": ada.csrf, "X-Requested-With": "XMLHttpRequest",
    }  # fmt: skip
    address, body = f"{ada.server.url}/feedback", b"opinion=short&category=speed"
    answer = ada.http.post(address, in_chunks(body), headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["field"]) == (400, "opinion"), answer.text


def test_body_that_is_too_large_is_read_no_further_than_the_limit(ada: Person) -> None:
    """What comes after the limit is cut off, so that this is no JSON any more."""
    headers = {"X-CSRFToken": ada.csrf, "Content-Type": "application/json"}
    body = in_chunks(json.dumps({"prompt": "x" * 3_000_000}).encode(), 100_000)
    answer = ada.http.post(f"{ada.server.url}/chat", body, headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["status"]) == (400, "error"), answer.text
    assert "JSON" in answer.json()["message"]
    assert ada.http.get(f"{ada.server.url}/healthz", timeout=PATIENCE).status_code == 200
