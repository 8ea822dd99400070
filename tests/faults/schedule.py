"""One person's random acts in several windows, out of a seed, and what must be true when all is quiet."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from contextlib import closing
from typing import Any, Final

import requests

from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.windows import Windows
from tests.live.server import LiveServer, wait_until

ACTS: Final = 10
LONGEST_PAUSE: Final = 0.35
SETTLED_WITHIN: Final = 90.0
LIVE: Final = ("queued", "streaming")
WEIGHTS: Final = {
    "send": 8, "stop": 4, "regenerate": 3, "edit": 3, "continue": 4, "select": 2, "cut": 4, "open": 3,
    "reload": 3, "close": 1, "save": 2, "rename": 1, "program": 2, "delete_and_undo": 1,
}  # fmt: skip
TOLD: Final = ("stop", "regenerate", "continue", "select", "save")  # the window chooses what fits
KINDS: Final = ("brief", "some", "some", "long", "fails")


class Schedule:
    """Several windows of one person; `run` acts, `check` says what is wrong afterwards."""

    def __init__(
        self, seed: int, server: LiveServer, proxy: CuttingProxy, windows: Windows
    ) -> None:
        self.seed = seed
        self._by = random.Random(seed)
        self._server, self._proxy, self._windows = server, proxy, windows
        self._person = server.member(f"person{seed}")
        self._csrf = self._person.csrf
        self._names: list[str] = []
        self._opened = 0
        self.sent: list[str] = []
        self.done: list[str] = []  # the acts, for whoever reads a failure
        self.compared = 0  # messages that were shown and looked up

    def run(self) -> None:
        self._open(None)
        self._send(self._names[0])
        for _ in range(ACTS):
            act = self._by.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            window = self._by.choice(self._names)
            self.done.append(f"{act} in {window}")
            if act in TOLD:
                self._windows.tell(window, act)
            else:
                getattr(self, f"_{act}")(window)
            time.sleep(self._by.random() * LONGEST_PAUSE)

    # ── acts ────────────────────────────────────────────────────────────────────────────────

    def _open(self, beside: str | None, conversation: str | None = None) -> None:
        """Another window; it shows what `beside` shows, or this conversation."""
        self._opened += 1
        name = f"{self.seed}-{self._opened}"
        self._windows.tell(
            name,
            "open",
            url=self._proxy.url,
            cookie=self._person.cookie,
            polling=self._by.random() < 0.25,
            conversation=conversation or (self._conversation() if beside else None),
        )
        self._names.append(name)

    def _reload(self, window: str) -> None:
        if self._windows.state(window)["pending"]:
            return  # a page warns before what was not sent is lost
        conversation = self._conversation()  # also where this is the only window
        self._windows.tell(window, "close")
        self._names.remove(window)
        self._open(window, conversation)

    def _close(self, window: str) -> None:
        if len(self._names) > 1 and not self._windows.state(window)["pending"]:
            self._windows.tell(window, "close")
            self._names.remove(window)

    def _send(self, window: str) -> None:
        text = f"{self._by.choice(KINDS)} question {len(self.sent) + 1} of {self.seed}"
        self.sent.append(text)
        self._windows.tell(window, "send", text=text)

    def _edit(self, window: str) -> None:
        self._windows.tell(window, "edit", text=f"{self._by.choice(KINDS)} edit by {self.seed}")

    def _cut(self, _window: str) -> None:
        self._proxy.cut(0.3, self._by)

    def _rename(self, _window: str) -> None:
        if conversation := self._conversation():
            self._post(f"/conversations/{conversation}/rename", data={"title": "Another name"})

    def _delete_and_undo(self, _window: str) -> None:
        if conversation := self._conversation():
            self._post(f"/conversations/{conversation}/delete")
            self._post(f"/conversations/{conversation}/restore")
            for window in self._names:
                self._windows.tell(window, "reopen")

    def _program(self, _window: str) -> None:
        """A program asks in the conversation that the windows show, and does not stay for the end."""
        if conversation := self._conversation():
            body = {"prompt": f"brief program of {self.seed}", "conversation_id": conversation}
            self._post("/chat", json=body)

    def _conversation(self) -> str | None:
        found = (self._windows.state(name)["id"] for name in self._names)
        return next(filter(None, found), None)

    def _post(self, path: str, **body: Any) -> None:
        with contextlib.suppress(requests.RequestException):  # nobody serves just now
            self._person.http.post(
                self._server.url + path,
                headers={"X-CSRFToken": self._csrf, "X-Requested-With": "XMLHttpRequest"},
                timeout=10,
                **body,
            )

    # ── afterwards ──────────────────────────────────────────────────────────────────────────

    def settle(self) -> None:
        """Wait until nothing moves."""
        for name in self._names:
            wait_until(lambda name=name: self._is_quiet(name), f"{name} is quiet", SETTLED_WITHIN)
        wait_until(lambda: not self._live(), f"no row of {self.seed} is live", SETTLED_WITHIN)

    def check(self) -> list[str]:
        """Return what is wrong once nothing moves; closes the windows."""
        self.settle()
        wrong = self._lost_or_doubled()
        for name in self._names:
            wrong += self._differences(name)
        if conversation := self._conversation():
            self._open(self._names[0])
            fresh = self._names[-1]
            wait_until(lambda: self._windows.state(fresh)["loaded"], f"{fresh} has opened")
            wrong += [f"{conversation}: {each}" for each in self._differences(fresh)]
        for name in self._names:
            self._windows.tell(name, "close")
        return wrong

    def _is_quiet(self, name: str) -> bool:
        state = self._windows.state(name)
        if state["failures"] and not state["loaded"]:  # what the page offers as "try again"
            self._windows.tell(name, "reopen")
        return bool(state["connected"] and state["quiet"] and state["loaded"])

    def _differences(self, name: str) -> list[str]:
        """Return where a window shows another text or state than the database has."""
        stored = {row["id"]: row for row in self._rows()}
        wrong = []
        for shown in self._windows.state(name)["rows"]:
            row = stored.get(shown["id"])
            self.compared += 1
            if row is None:
                wrong.append(f"{name} shows {shown['id']}, which is not stored")
            elif (shown["text"], shown["status"]) != (row["text"], row["status"]):
                wrong.append(
                    f"{name} shows {shown['id']} as {shown['status']} with {len(shown['text'])} characters, "
                    f"stored is {row['status']} with {len(row['text'])}"
                )
        return wrong

    def _lost_or_doubled(self) -> list[str]:
        """Each question is stored once; one that was refused, and says so, at most once."""
        refused = {
            row["text"]
            for name in self._names
            for row in self._windows.state(name)["pending"]
            if row["status"] == "refused"
        }
        asked = [row["text"] for row in self._rows() if row["role"] == "user"]
        wrong = []
        for text in self.sent:
            least = 0 if text in refused else 1
            if not least <= asked.count(text) <= 1:
                wrong.append(f"{text!r} is stored {asked.count(text)} times")
        return wrong

    def _live(self) -> list[dict[str, Any]]:
        return [row for row in self._rows() if row["status"] in LIVE]

    def _rows(self) -> list[dict[str, Any]]:
        path = self._server.folder / "instance" / "echo.sqlite3"
        with closing(sqlite3.connect(path, timeout=30)) as database:
            database.row_factory = sqlite3.Row
            found = database.execute(
                "SELECT m.id, m.role, m.text, m.status FROM messages m JOIN users u ON u.id = m.user_id "
                "WHERE u.username = ?",
                (self._person.name,),
            )
            return [dict(row) for row in found]
