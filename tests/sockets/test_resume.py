"""Random cuts: whatever a tab misses, hears twice or asks again, it ends with the stored row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import eventlet
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo.extensions import db
from echo.generation import Script, ScriptedReply
from echo.models import Message, User
from echo.services.chats import message_tree
from echo.services.turns import pace
from tests.conftest import PATIENCE, Tab

LIVE = ("queued", "streaming")
WORDS = "".join(f"word{number} " for number in range(60))


@pytest.fixture
def script() -> Script:
    return Script(default=ScriptedReply(text=WORDS, delay_ms=2, first_delay_ms=1))


@pytest.fixture(autouse=True)
def fast_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TICK_SECONDS", 0.002)


@dataclass
class Browser:
    """The client's side of the protocol, as small as it can be: a text, a count, a status."""

    message_id: str
    conversation_id: str
    open_new_tab: Callable[[], Tab]
    tab: Tab
    seq: int = 0
    text: str = ""
    status: str = "queued"
    seen: int = field(default=0)

    def hear(self, drop: bool, twice: bool) -> None:
        """Take what has arrived; the network may drop or repeat it."""
        heard = self.tab.listen()
        news, self.seen = heard[self.seen :], len(heard)
        if drop:
            return
        for name, payload in news * (2 if twice else 1):
            if payload.get("message_id") == self.message_id:
                self.take(name, payload)

    def take(self, name: str, payload: dict[str, Any]) -> None:
        if name == "receive_message":
            if payload["seq"] == self.seq + 1:
                self.text, self.seq = self.text + payload["text"], payload["seq"]
            elif payload["seq"] > self.seq + 1:
                self.resume()
        elif name == "message_finished":
            if payload["seq"] != self.seq:
                self.resume()
            self.status = payload["status"]

    def resume(self) -> None:
        answer = self.tab.ask("resume", {"message_id": self.message_id, "after_seq": self.seq})
        assert answer["ok"], answer
        self.text = answer["text"] if answer.get("reset") else self.text + answer["text"]
        self.seq, self.status = answer["seq"], answer["status"]

    def reload(self) -> None:
        """Begin anew from `open_conversation`, as a page that was loaded again does."""
        self.tab, self.seen = self.open_new_tab(), 0
        opened = self.tab.ask("open_conversation", {"conversation_id": self.conversation_id})
        source = next((m for m in opened["live"] if m["message_id"] == self.message_id), None)
        source = source or next(m for m in opened["messages"] if m["id"] == self.message_id)
        self.seq, self.text, self.status = source["seq"], source["text"], source["status"]

    def reconnect(self) -> None:
        """Lose the connection and what was on its way; ask for the rest."""
        self.tab.socket.disconnect()
        self.tab, self.seen = self.open_new_tab(), 0
        self.resume()


steps = st.lists(
    st.tuples(
        st.sampled_from(["hear", "drop", "twice", "reload", "reconnect", "resume"]),
        st.floats(0, 0.02),
    ),
    max_size=10,
)


def stored(app: Flask, message_id: str) -> Message:
    with app.app_context():
        row = db.session.get_one(Message, message_id)
        db.session.expunge(row)
        return row


def walk(browser: Browser, schedule: list[tuple[str, float]]) -> None:
    for step, pause in schedule:
        eventlet.sleep(pause)
        if step in ("hear", "drop", "twice"):
            browser.hear(drop=step == "drop", twice=step == "twice")
        else:
            getattr(browser, step)()


def test_all_schedules_of_cuts_end_with_the_stored_row(
    app: Flask, ada: User, open_tab: Callable[[User], Tab]
) -> None:
    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(steps, st.booleans())
    def converges(schedule: list[tuple[str, float]], stops: bool) -> None:
        tab = open_tab(ada)
        asked = tab.ask("send_message", {"text": "Go"})
        reply = asked["reply"]["id"]
        browser = Browser(reply, asked["conversation_id"], lambda: open_tab(ada), tab)
        walk(browser, schedule)
        if stops:
            browser.tab.ask("stop_message", {"message_id": reply})
        browser.resume()  # what a client does when the connection is back for good
        with eventlet.Timeout(PATIENCE):
            while browser.status in LIVE:
                browser.hear(drop=False, twice=False)
                eventlet.sleep(0.002)
        row = stored(app, reply)
        assert (browser.text, browser.seq, browser.status) == (row.text, row.seq, row.status)
        assert row.text == WORDS or stops
        assert WORDS.startswith(row.text)

    converges()


def test_resume_gives_the_same_at_every_piece_live_and_stored(
    app: Flask, tab: Tab, ada: User
) -> None:
    asked = tab.ask("send_message", {"text": "Go"})
    reply = asked["reply"]["id"]
    tab.wait_for("message_finished", reply)
    pieces = [payload["text"] for payload in tab.named("receive_message", reply)]
    for after in range(len(pieces) + 1):
        answer = tab.ask("resume", {"message_id": reply, "after_seq": after})
        assert answer["text"] == "".join(pieces[after:])
        assert (answer["seq"], answer["status"]) == (len(pieces), "complete")


@pytest.mark.parametrize("how", ["opened", "sent again"])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_reply_that_ends_while_its_rows_are_read_is_told_with_its_end(
    how: str, ada: User, open_tab: Callable[[User], Tab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL others run while rows are read: the row said "queued", and no event came any more."""
    first, second = open_tab(ada), open_tab(ada)
    asked = first.ask("send_message", {"client_id": "c", "text": "Hi"})
    reply = asked["reply"]["id"]
    read, opener = message_tree.siblings, eventlet.getcurrent()

    def slowly(rows: Any) -> Any:
        found = read(rows)
        if eventlet.getcurrent() is opener:
            first.wait_for("message_finished", reply)
        return found

    place = {"conversation_id": asked["conversation_id"]}
    with monkeypatch.context() as patched:
        patched.setattr(message_tree, "siblings", slowly)
        if how == "opened":
            answer = second.ask("open_conversation", place)
            shown = {row["id"]: row for row in answer["messages"]}[reply]
            assert answer["live"] == []
        else:  # its acknowledgement was lost
            shown = second.ask("send_message", {"client_id": "c", "text": "Hi", **place})["reply"]
    assert (shown["id"], shown["status"]) == (reply, "complete")
    assert shown["text"] == first.text_of(reply)
