"""A page's half of a conversation, without a browser: one socket and what it has heard."""

from __future__ import annotations

from typing import Any

import eventlet
from flask import Flask
from flask.testing import FlaskClient

from echo.extensions import socketio
from tests.waiting import PATIENCE


class Tab:
    """A browser tab: a socket that acknowledges, and the events that it has heard."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.socket = socketio.test_client(app, flask_test_client=client)
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def ask(self, name: str, *payload: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.socket.emit(name, *payload, callback=True)
        return answer

    def listen(self) -> list[tuple[str, dict[str, Any]]]:
        packets, self.socket.queue = self.socket.queue, []  # the last words before a close too
        for packet in packets:
            self.heard.append((packet["name"], packet["args"][0]))
        return self.heard

    def named(self, name: str, message_id: str | None = None) -> list[dict[str, Any]]:
        return [
            payload
            for heard, payload in self.listen()
            if heard == name and message_id in (None, payload.get("message_id"))
        ]

    def wait_for(self, name: str, message_id: str | None = None, count: int = 1) -> dict[str, Any]:
        """Wait until the event has come `count` times and return the last of them."""
        with eventlet.Timeout(PATIENCE):
            while len(found := self.named(name, message_id)) < count:
                eventlet.sleep(0.005)
        return found[count - 1]

    def text_of(self, message_id: str) -> str:
        return "".join(p["text"] for p in self.named("receive_message", message_id))
