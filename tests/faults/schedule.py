"""One person's random acts in several windows, out of a seed, and what must be true when all is quiet."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import requests
from sqlalchemy.exc import SQLAlchemyError

from echo.errors import EchoError
from tests.faults.accounts import give_role, send_form, signed_in, switch
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.stored import Stored
from tests.faults.windows import Windows
from tests.live.server import LiveServer, Person, wait_until

ACTS: Final = 10
LONGEST_PAUSE: Final = 0.35
SETTLED_WITHIN: Final = 120.0  # on a machine that does much else
LIVE: Final = ("queued", "streaming")
WEIGHTS: Final = {
    "send": 32, "stop": 16, "regenerate": 12, "edit": 12, "continue": 16, "select": 8, "cut": 16, "open": 12,
    "reload": 12, "close": 4, "save": 8, "rename": 4, "program": 8, "delete_and_undo": 4, "clear": 3,
    "sign_out_elsewhere": 2, "switch_off_and_on": 1, "lose_a_role": 2,
}  # fmt: skip
TOLD: Final = ("stop", "regenerate", "continue", "select", "save")  # the window chooses what fits
AWAY: Final = (requests.RequestException, EchoError, SQLAlchemyError, AssertionError)
KINDS: Final = ("brief", "some", "some", "long", "fails")


class Schedule:
    """Several windows of one person; `run` acts, `check` says what is wrong afterwards."""

    def __init__(
        self, seed: int, server: LiveServer, proxy: CuttingProxy, windows: Windows
    ) -> None:
        self.seed = seed
        self._by = random.Random(seed)
        self._server, self._proxy, self._windows = server, proxy, windows
        self._stored = Stored(server)
        server.member(name := f"person{seed}").http.close()
        self._person = signed_in(server, name)
        self._csrf = self._person.csrf
        self._names: list[str] = []
        self._out: list[str] = []  # windows whose session was ended
        self._unsure: list[str] = []  # those of whom that is not yet known
        self._drafts: set[str] = set()  # what pages had not sent when they left
        self._opened = 0
        self.sent: list[str] = []
        self.done: list[str] = []  # the acts, for whoever reads a failure
        self.compared = 0  # messages that were shown and looked up

    def run(self) -> None:
        self.ask_anew()
        for _ in range(ACTS):
            act = self._by.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            window = self._by.choice(self._names)
            self.done.append(f"{act} in {window}")
            if act in TOLD:
                self._windows.tell(window, act)
            else:
                getattr(self, f"_{act}")(window)
            time.sleep(self._by.random() * LONGEST_PAUSE)

    def ask_anew(self) -> None:
        """Begin a chat in another window."""
        self._open(None)
        self._send(self._names[-1])

    # ── acts in windows ─────────────────────────────────────────────────────────────────────

    def _open(self, beside: str | None, conversation: str | None = None) -> None:
        """Another window; it shows what `beside` shows, or this conversation."""
        self._opened += 1
        name = f"{self.seed}-{self._opened}"
        shown = conversation or (self._conversation() if beside else None)
        where = {"url": self._proxy.url, "cookie": self._person.cookie_of_another_browser()}
        polling = self._by.random() < 0.25
        self._windows.tell(name, "open", polling=polling, conversation=shown, **where)
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

    # ── acts elsewhere ──────────────────────────────────────────────────────────────────────

    def _rename(self, _window: str) -> None:
        if conversation := self._conversation():
            self._post(f"/conversations/{conversation}/rename", data={"title": "Another name"})

    def _delete_and_undo(self, _window: str) -> None:
        """Every window shows it again, as one does whose person follows the undo."""
        if conversation := self._conversation():
            self._post(f"/conversations/{conversation}/delete")
            self._post(f"/conversations/{conversation}/restore")
            for window in self._names:
                self._windows.tell(window, "show", id=conversation)

    def _clear(self, _window: str) -> None:
        """The chat is gone from every window; what is asked next begins another one."""
        if conversation := self._conversation():
            self._post("/clear_discussion", data={"conversation_id": conversation})

    def _program(self, _window: str) -> None:
        """A program asks in the conversation that the windows show, and does not stay for the end."""
        if conversation := self._conversation():
            body = {"prompt": f"brief program of {self.seed}", "conversation_id": conversation}
            self._post("/chat", json=body)

    def _sign_out_elsewhere(self, _window: str) -> None:
        """In another browser the person ends the session of these windows, and goes on there."""
        there = self._surely(lambda: signed_in(self._server, self._person.name))
        self._surely(lambda: send_form(there, "/profile/devices/revoke-others"))
        self._go_on_as(there)

    def _switch_off_and_on(self, _window: str) -> None:
        """An administrator shuts the person out and lets them in again."""
        root = self._surely(lambda: signed_in(self._server, "root"))
        for active in (False, True):
            self._surely(partial(switch, root, self._stored, self._person.name, active))
        root.http.close()
        self._go_on_as(self._surely(lambda: signed_in(self._server, self._person.name)))

    def _lose_a_role(self, _window: str) -> None:
        """A super admin gives the person a role and takes it away: windows are told, sessions go on."""
        root = self._surely(lambda: signed_in(self._server, "root"))
        for role in ("analyst", "user"):
            self._surely(partial(give_role, root, self._stored, self._person.name, role))
        root.http.close()
        self._unsure += self._names  # one that had no connection just then was not told
        self._leave_windows([])

    def _leave_windows(self, out: list[str]) -> None:
        """Nobody acts in the windows until now any more, of which some are signed out; another one opens."""
        beside = self._names[0]
        self._out += out
        self._names = []
        self._open(beside)

    def _go_on_as(self, person: Person) -> None:
        """The windows until now are signed out; another one opens in the new session."""
        self._person.http.close()
        self._person = person
        self._csrf = self._surely(lambda: person.csrf)
        self._leave_windows(self._names + self._unsure)
        self._unsure = []

    def _conversation(self) -> str | None:
        found = (self._windows.state(name)["id"] for name in (*self._names, *self._out))
        return next(filter(None, found), None)

    def _post(self, path: str, **body: Any) -> None:
        with contextlib.suppress(requests.RequestException):  # nobody serves just now
            self._person.http.post(
                self._server.url + path,
                headers={"X-CSRFToken": self._csrf, "X-Requested-With": "XMLHttpRequest"},
                timeout=10,
                **body,
            )

    def _surely(self, act: Callable[[], Any]) -> Any:
        """Try until something comes of it, and return that: the server may be away just now."""

        def tried() -> Any:
            with contextlib.suppress(*AWAY):
                return act()

        return wait_until(tried, f"{self.done[-1]} is done", SETTLED_WITHIN)

    # ── afterwards ──────────────────────────────────────────────────────────────────────────

    def settle(self) -> None:
        """Wait until nothing moves."""
        for name in self._unsure:
            self._wait_for(name, self._has_ended_or_is_quiet)
            if self._has_ended(name):
                self._drafts |= self._pending_in(name)
                self._windows.tell(name, "close")  # the page that is told so loads itself anew
            else:
                self._names.append(name)
        self._unsure = []
        for name in self._names:
            self._wait_for(name, self._is_quiet)
        for name in self._out:
            self._wait_for(name, self._has_ended)
        wait_until(lambda: not self._live(), f"no row of {self.seed} is live", SETTLED_WITHIN)

    def _wait_for(self, name: str, what: Callable[[str], bool]) -> None:
        try:
            wait_until(partial(what, name), what.__name__, SETTLED_WITHIN)
        except AssertionError as failure:
            stored = [(row["id"], row["status"], len(row["text"])) for row in self._rows()]
            told = f"{failure}: {self._windows.state(name)} after {self.done}; stored: {stored}"
            raise AssertionError(told) from None

    def check(self) -> list[str]:
        """Return what is wrong once nothing moves; closes the windows."""
        self.settle()
        wrong = self._lost_or_doubled()
        shown = {self._windows.state(name)["id"] for name in self._names} - {None}
        for name in self._names:
            wrong += self._differences(name)
        for conversation in sorted(shown):
            self._open(None)
            fresh = self._names[-1]
            self._windows.tell(fresh, "show", id=conversation)
            self._wait_for(fresh, self._is_quiet)
            wrong += [f"{conversation}: {each}" for each in self._differences(fresh)]
        wrong += self._seen_by_who_is_out()
        for name in (*self._names, *self._out):
            self._windows.tell(name, "close")
        self._person.http.close()
        return wrong

    def _is_quiet(self, name: str) -> bool:
        state = self._windows.state(name)
        if state["failures"] and not state["loaded"]:  # what the page offers as "try again"
            self._windows.tell(name, "reopen")
        return bool(state["connected"] and state["quiet"] and state["loaded"])

    def _has_ended(self, name: str) -> bool:
        return self._windows.state(name)["ended"] is not None

    def _has_ended_or_is_quiet(self, name: str) -> bool:
        return self._has_ended(name) or self._is_quiet(name)

    def _differences(self, name: str) -> list[str]:
        """Return where a window shows another text, state or end than the database has."""
        rows = self._rows()
        stored = {row["id"]: row for row in rows}
        wrong, shown = [], self._windows.state(name)["rows"]
        for one in shown:
            row = stored.get(one["id"])
            self.compared += 1
            if row is None:
                wrong.append(f"{name} shows {one['id']}, which is not stored")
            elif (one["text"], one["status"]) != (row["text"], row["status"]):
                wrong.append(
                    f"{name} shows {one['id']} as {one['status']} with {len(one['text'])} characters, "
                    f"stored is {row['status']} with {len(row['text'])}"
                )
        below = [row for row in rows if shown and row["parent_id"] == shown[-1]["id"]]
        return wrong + [f"{name} ends above {row['id']}: {row['text'][:40]!r}" for row in below]

    def _seen_by_who_is_out(self) -> list[str]:
        """Who is signed out has no connection, and nothing of anybody else's on the screen."""
        stored = {row["id"] for row in self._rows()}
        wrong = []
        for name in self._out:
            state = self._windows.state(name)
            if state["connected"]:
                wrong.append(f"{name} is signed out and connected")
            if others := {row["id"] for row in state["rows"]} - stored:
                wrong.append(f"{name} shows what is another person's: {others}")
        return wrong

    def _lost_or_doubled(self) -> list[str]:
        """Each question is stored once; one that a window still holds as not taken, at most once."""
        held = self._drafts.union(*map(self._pending_in, (*self._names, *self._out)))
        asked = [row["text"] for row in self._rows() if row["role"] == "user"]
        wrong = []
        for text in self.sent:
            least = 0 if text in held else 1
            if not least <= asked.count(text) <= 1:
                wrong.append(f"{text!r} is stored {asked.count(text)} times")
        return wrong

    def _pending_in(self, name: str) -> set[str]:
        return {row["text"] for row in self._windows.state(name)["pending"]}

    def _live(self) -> list[dict[str, Any]]:
        return [row for row in self._rows() if row["status"] in LIVE]

    def _rows(self) -> list[dict[str, Any]]:
        return self._stored.messages_of(self._person.name)
