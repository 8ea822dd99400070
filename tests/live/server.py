"""The real `run.py` in a process of its own, and people who use it from outside."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
import socketio
from flask import Flask

from tests.live import accounts
from tests.live.ports import free_port
from tests.live.prefork import Forked, prefork

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "correct horse battery"
PATIENCE = 120.0
SLOW_TEXT = " ".join(f"word{number}" for number in range(2000))

SCRIPT: dict[str, Any] = {
    "log": True,  # a full monkey patch hangs as soon as the engine's thread logs: decision 1
    "replies": [
        {"match": "slow", "text": SLOW_TEXT, "delay_ms": 20, "first_delay_ms": 5},
        {"match": "drip", "text": SLOW_TEXT, "delay_ms": 300, "first_delay_ms": 1},
        {
            "match": "call it",
            "text": '<tool_call>\n{"name": "count", "arguments": {"of": [7]}}\n</tool_call>',
            "delay_ms": 1,
        },
        {"match": "brief", "text": "A brief answer.", "delay_ms": 1, "first_delay_ms": 1},
    ],
    "default": {
        "text": " ".join(f"piece{number}" for number in range(60)),
        "delay_ms": 20,
        "first_delay_ms": 20,
    },
}


class LiveServer:
    """`run.py` on a free port with an instance folder of its own; `start` may be called again."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        script = folder / "script.json"
        script.write_text(json.dumps(SCRIPT))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PORT": str(self.port),
            "ECHO_INSTANCE": str(folder / "instance"),
            "ECHO_ENGINE": "scripted",
            "ECHO_TITLES": "off",  # each answer would be followed by a question of Echo's own
            "ECHO_SCRIPT": str(script),
            "ECHO_MAX_NEW_TOKENS": "4096",
            **settings,
        }
        self.cold = False  # start by `python run.py` itself, imports and all
        self.process: subprocess.Popen[bytes] | Forked | None = None
        self.output = folder / "output.txt"
        self.log = folder / "log.txt"

    def start(self, patience: float = PATIENCE) -> LiveServer:
        self.process = self._run((), os.devnull, self.output, self.log)
        wait_until(self.is_ready, f"the server is ready; its log: {self.log}", patience)
        return self

    def is_ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.log.read_text()[-3000:]}")
        try:
            return requests.get(f"{self.url}/readyz", timeout=20).status_code == 200
        except requests.RequestException:
            return False

    def kill(self) -> None:
        """As `kill -9`: no chance to save anything."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, by: signal.Signals = signal.SIGTERM, patience: float = PATIENCE) -> int:
        """As `kill`: an orderly end; returns the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(by)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        with tempfile.TemporaryDirectory() as folder:
            given, out, err = (Path(folder) / name for name in ("in", "out", "err"))
            given.write_text(stdin)
            running = self._run(words, given, out, err)
            try:
                code = running.wait(PATIENCE)
            finally:
                running.kill()  # if it has not ended by then
            return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())

    def _run(
        self, words: tuple[str, ...], stdin: Path | str, out: Path, err: Path
    ) -> subprocess.Popen[bytes] | Forked:
        if not self.cold:
            return prefork().start(list(words), self.folder, self.environment, [stdin, out, err])
        with open(stdin, "rb") as given, out.open("ab") as output, err.open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, str(ROOT / "run.py"), *words],
                cwd=self.folder,
                env=self.environment,
                stdin=given,
                stdout=output,
                stderr=errors,
            )

    @cached_property
    def app(self) -> Flask:
        """What makes accounts on this server, which has been started."""
        return accounts.app_on(self.folder / "instance", self.environment)

    def person(self, name: str) -> Person:
        """Somebody without an account, or with one who is not signed in."""
        return Person(self, name)

    def member(self, name: str, role: str = "user") -> Person:
        """Somebody with a new account who is signed in."""
        accounts.make(self.app, name, PASSWORD, role)
        return Person(self, name).sign_in()


def wait_until(true: Any, what: str, seconds: float = PATIENCE, step: float = 0.05) -> Any:
    """Ask again and again until `true()` is; for other processes there is no event to wait for."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {seconds} s: {what}")
        time.sleep(step)
    return value


class Person:
    """Somebody with an account and a browser's cookie."""

    def __init__(self, server: LiveServer, name: str) -> None:
        self.server = server
        self.name = name
        self.http = requests.Session()

    def sign_in(self, user_agent: str = "") -> Person:
        """Be signed in on a device of one's own, without the form."""
        if user_agent:
            self.http.headers["User-Agent"] = user_agent
        named = accounts.sign_in(self.server.app, self.name, str(self.http.headers["User-Agent"]))
        for name, value in named.items():
            self.http.cookies.set(name, value, domain="127.0.0.1", path="/")
        return self

    def post(self, path: str, **data: str) -> requests.Response:
        """Fill in the form on `path` as the page's script does, as if it had been shown for a while."""
        page = self.in_time("GET", path).text
        hidden = dict(re.findall(r'name="(csrf_token|opened_at)"[^>]*value="([^"]*)"', page))
        if "opened_at" in hidden:
            hidden["opened_at"] = accounts.time_of_form(self.server.app)
        headers = {"X-Requested-With": "XMLHttpRequest", "Referer": self.server.url}
        return self.in_time("POST", path, {"website": "", **hidden, **data}, headers)

    def in_time(self, method: str, path: str, *how: dict[str, str]) -> requests.Response:
        """Ask again where it was too early: an address gets one form a second, and gives one."""
        data, headers = how or ({}, {})
        while True:
            response = self.http.request(
                method, self.server.url + path, data=data, headers=headers, timeout=PATIENCE
            )
            if response.status_code != 429:
                return response
            time.sleep(0.3)

    def sign_up(self) -> Person:
        """Make an account by the form."""
        answer = self.post(
            "/signup",
            username=self.name,
            email=f"{self.name}@example.org",
            password=PASSWORD,
            confirm_password=PASSWORD,
        )
        assert answer.status_code == 200, answer.text
        return self

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies)

    def cookie_of_another_browser(self) -> str:
        """Return the session's cookies with those that a proxy gives to each browser."""
        cookies = self.http.cookies.get_dict()
        with contextlib.suppress(requests.RequestException):  # nobody serves just now
            cookies |= requests.get(f"{self.server.url}/healthz", timeout=20).cookies.get_dict()
        return "; ".join(f"{name}={value}" for name, value in cookies.items())

    @property
    def csrf(self) -> str:
        page = self.http.get(self.server.url + "/", timeout=PATIENCE).text
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found, page[:500]
        return found[1]

    def tab(self) -> LiveTab:
        return LiveTab(self)


class LiveTab:
    """A tab with a real websocket; it keeps what it hears and applies `seq` as the page does."""

    def __init__(self, person: Person, reconnection: bool = False) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.gone = threading.Event()
        self._news = threading.Condition()
        self.socket = socketio.Client(reconnection=reconnection)
        self.socket.on("*", self._hear)
        self.socket.on("disconnect", self._end)
        self.socket.connect(
            person.server.url, headers={"Cookie": person.cookie}, transports=["websocket"],
            wait_timeout=PATIENCE,
        )  # fmt: skip
        self._wire = self.socket.eio.ws.sock

    def _end(self) -> None:
        """The client forgets a wire that was cut, and closes one under its own reader: wake that."""
        with contextlib.suppress(OSError):
            self._wire.shutdown(socket.SHUT_RDWR)
        self._wire.close()
        self.gone.set()

    def _hear(self, name: str, payload: dict[str, Any]) -> None:
        with self._news:
            self.heard.append((name, payload))
            self._news.notify_all()

    def ask(self, name: str, payload: Any) -> dict[str, Any]:
        return dict(self.socket.call(name, payload, timeout=PATIENCE))

    def send(self, text: str, **fields: Any) -> dict[str, Any]:
        answer = self.ask("send_message", {"text": text, **fields})
        assert answer["ok"], answer
        return answer

    def named(self, name: str, message_id: str | None = None) -> list[dict[str, Any]]:
        return [
            payload
            for heard, payload in list(self.heard)
            if heard == name and message_id in (None, payload.get("message_id"))
        ]

    def wait_for(self, name: str, message_id: str | None = None, count: int = 1) -> dict[str, Any]:
        with self._news:
            arrived = self._news.wait_for(
                lambda: len(self.named(name, message_id)) >= count, timeout=PATIENCE
            )
        assert arrived, f"{name} came {len(self.named(name, message_id))} times only"
        return self.named(name, message_id)[count - 1]

    def text_of(self, message_id: str) -> str:
        # each message has a thread of its own in this client, so that they may come in another order
        pieces = sorted(self.named("receive_message", message_id), key=lambda piece: piece["seq"])
        numbers = [piece["seq"] for piece in pieces]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
        return "".join(piece["text"] for piece in pieces)

    def stored(self, conversation_id: str) -> list[dict[str, Any]]:
        opened = self.ask("open_conversation", {"conversation_id": conversation_id})
        return list(opened["messages"])

    def cut(self) -> None:
        """Cut the wire without a goodbye, as a lost network does."""
        self._wire.shutdown(socket.SHUT_RDWR)
        self.gone.wait(PATIENCE)

    def close(self) -> None:
        self.socket.disconnect()
