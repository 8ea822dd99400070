"""Streamed answers over HTTP: each part leaves as it is made, and a reader who hangs up is noticed."""

from __future__ import annotations

import http.client
import json
import select
import time
from collections.abc import Callable, Iterator
from typing import Any

import eventlet
import pytest

from echo import hub
from tests.live.server import PATIENCE, SLOW_TEXT, LiveServer, LiveTab, Person, wait_until

Tabs = Callable[[Person], LiveTab]
WORDS = SLOW_TEXT.split()


class Program:
    """A program that reads an answer as it comes, part by part, and can hang up."""

    def __init__(self, person: Person, prompt: str, events: bool = True, **body: Any) -> None:
        self.wire = http.client.HTTPConnection("127.0.0.1", person.server.port, timeout=PATIENCE)
        token = person.csrf  # which the cookie holds from now on
        self._headers = {
            "Cookie": person.cookie,
            "X-CSRFToken": token,
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if events else "application/json",
        }
        self.response: http.client.HTTPResponse | None = None
        self._body = json.dumps({"prompt": prompt, **body})
        self._ask()

    def _ask(self) -> None:
        self.wire.request("POST", "/chat", self._body, self._headers)

    def parts(self) -> Iterator[bytes]:
        """Yield what the server wrote at a time: each is one chunk of the transfer."""
        while (response := self.wire.getresponse()).status == 429:  # others asked within the second
            response.read()
            time.sleep(0.5)
            self._ask()
        self.response = response
        assert response.status == 200, response.read()
        while part := response.read1(1 << 20):
            yield part

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for part in self.parts():
            assert part.endswith(b"\n\n"), part
            for block in part.decode().strip().split("\n\n"):
                name, data = block.split("\n")
                yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    def hang_up(self) -> None:
        if self.response is not None:
            self.response.close()  # which holds the socket too
        self.wire.close()


def stored(person: Person, conversation_id: str) -> list[dict[str, Any]]:
    """Return a conversation's messages without watching it."""
    address = f"{person.server.url}/conversations/{conversation_id}/export/json"
    while (response := person.http.get(address, timeout=PATIENCE)).status_code == 429:
        time.sleep(0.5)  # it is downloaded twice within a second, not more often
    messages: list[dict[str, Any]] = response.json()["messages"]
    return messages


def ended(person: Person, conversation_id: str) -> dict[str, Any]:
    """Return the conversation's last reply once it has its last state."""

    def last() -> dict[str, Any] | None:
        reply = stored(person, conversation_id)[-1]
        return None if reply["status"] in ("queued", "streaming") else reply

    reply: dict[str, Any] = wait_until(last, "the reply has ended")
    return reply


@pytest.fixture
def conversation(ada: Person) -> str:
    """A conversation of Ada's with one answer, which nobody watches."""
    program = Program(ada, "brief")
    *_, (name, done) = program.events()
    program.hang_up()
    assert name == "done"
    return str(done["conversation_id"])


def test_each_event_leaves_by_itself_as_soon_as_it_is_made(ada: Person) -> None:
    program = Program(ada, "slow")
    parts = program.parts()
    assert next(parts).startswith(b"event: started\n")
    for _ in range(10):  # 4 KB of events are some forty of them
        part = next(parts)
        assert part.startswith(b"event: message\n")
        assert part.count(b"event: ") == 1, "several left at once"
    program.hang_up()


def test_reply_whose_reader_hangs_up_stops_within_two_tokens(
    ada: Person, conversation: str
) -> None:
    program = Program(ada, "drip", conversation_id=conversation)
    pieces = (data for name, data in program.events() if name == "message")
    seen = "".join(next(pieces)["text"] for _ in range(4))
    program.hang_up()
    reply = ended(ada, conversation)
    assert reply["status"] == "stopped"
    assert reply["text"].startswith(seen)
    assert len(reply["text"].split()) <= len(seen.split()) + 2


def asked_as_json(person: Person, conversation: str) -> Program:
    """Ask for an answer that is told at its end; again where others asked within the second."""
    while True:
        program = Program(person, "slow", events=False, conversation_id=conversation)
        if not select.select([program.wire.sock], [], [], 0.5)[0]:
            return program
        program.hang_up()


def test_reply_asked_for_as_json_stops_too(ada: Person, conversation: str) -> None:
    program = asked_as_json(ada, conversation)
    wait_until(lambda: stored(ada, conversation)[-1]["text"], "the reply has begun")
    program.hang_up()
    assert ended(ada, conversation)["status"] == "stopped"


def test_reply_that_waits_for_another_never_begins_when_its_reader_leaves(
    ada: Person, conversation: str, tabs: Tabs
) -> None:
    first = Program(ada, "drip", conversation_id=conversation)
    assert next(first.events())[0] == "started"
    second = Program(ada, "slow", conversation_id=conversation)
    assert next(second.events())[0] == "started"
    second.hang_up()
    reply = ended(ada, conversation)
    assert (reply["status"], reply["text"]) == ("stopped", "")
    first.hang_up()


def test_reply_that_a_tab_watches_goes_on_when_the_program_leaves(
    ada: Person, conversation: str, tabs: Tabs
) -> None:
    tab = tabs(ada)
    tab.ask("open_conversation", {"conversation_id": conversation})
    program = Program(ada, "Hi", conversation_id=conversation)
    _, started = next(program.events())
    program.hang_up()
    end = tab.wait_for("message_finished", started["message_id"])
    assert end["status"] == "complete"


def test_tab_that_has_closed_the_conversation_does_not_watch_it(
    ada: Person, conversation: str, tabs: Tabs
) -> None:
    tab = tabs(ada)
    tab.ask("open_conversation", {"conversation_id": conversation})
    tab.ask("close_conversation", {"conversation_id": conversation})
    program = Program(ada, "slow", conversation_id=conversation)
    assert next(program.events())[0] == "started"
    program.hang_up()
    assert ended(ada, conversation)["status"] == "stopped"


def test_same_connection_takes_the_next_question(ada: Person, conversation: str) -> None:
    program = Program(ada, "brief", conversation_id=conversation)
    assert [name for name, _ in program.events()][-1] == "done"
    for _ in range(2):  # whoever watched for a hang-up has let go of the connection
        program.wire.request("GET", "/healthz")
        response = program.wire.getresponse()
        assert (response.status, response.read() != b"") == (200, True)
    program.hang_up()


def test_table_is_downloaded_as_it_is_read(server: LiveServer) -> None:
    boss = server.member("tablereader", role="super_admin")
    address = f"{server.url}/admin/users/export/csv/"
    with boss.http.get(address, stream=True, timeout=PATIENCE) as response:
        assert response.status_code == 200, response.text[:300]
        first, second = list(response.iter_content(None))
    assert first.count(b"\n") == 1  # the headings, before a row was read
    assert b"tablereader" in second


def test_whatever_an_application_yields_can_be_read_before_it_yields_more() -> None:
    made, read = eventlet.queue.Queue(), eventlet.queue.Queue()

    def application(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        for sign in (b"a", b"b", b"c"):
            yield sign
            made.put(sign)
            assert read.get(timeout=PATIENCE) == sign

    listener = hub.listen("127.0.0.1", 0)
    server = hub.Server(application, listener)
    wire = eventlet.connect(("127.0.0.1", server.port))
    wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    received = b""
    with eventlet.Timeout(PATIENCE):
        for sign in (b"a", b"b", b"c"):
            while not received.endswith(b"1\r\n" + sign + b"\r\n"):
                received += wire.recv(1000)
            read.put(made.get())
        while not received.endswith(b"0\r\n\r\n"):
            received += wire.recv(1000)
    wire.close()
    server.stop_accepting()
    server.close()


def test_a_server_that_is_closed_has_ended_with_its_idle_connections() -> None:
    server = hub.Server(lambda _environ, _start: [], hub.listen("127.0.0.1", 0))
    idle = eventlet.connect(("127.0.0.1", server.port))
    eventlet.sleep(0.05)  # it is accepted
    server.stop_accepting()
    with pytest.raises(ConnectionRefusedError):
        eventlet.connect(("127.0.0.1", server.port))
    server.close()
    with eventlet.Timeout(PATIENCE):
        assert idle.recv(1) == b""
    idle.close()


@pytest.mark.parametrize("events", [True, False], ids=["events", "json"])
def test_tab_that_watches_hears_of_a_programs_question_before_its_answer(
    events: bool, ada: Person, conversation: str, tabs: Tabs
) -> None:
    tab = tabs(ada)
    tab.ask("open_conversation", {"conversation_id": conversation})
    program = Program(ada, "brief", events, conversation_id=conversation)
    list(program.parts())
    program.hang_up()
    started = tab.wait_for("message_started")
    reply = started["reply"]["id"]
    tab.wait_for("message_finished", reply)
    names = [name for name, _ in tab.heard if name.startswith(("message_", "receive"))]
    assert names.index("message_started") < names.index("receive_message")
    assert started["message"] == tab.stored(conversation)[-2]
    assert started["reply"]["parent_id"] == started["message"]["id"]
    assert tab.text_of(reply) == "A brief answer."
