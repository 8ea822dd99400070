"""What a server must survive: its own sudden end, rude clients, and very many of them."""

from __future__ import annotations

import re
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

import pytest
import requests
import websocket
from websocket import ABNF

from tests.live.server import (
    PASSWORD,
    PATIENCE,
    SLOW_TEXT,
    LiveServer,
    LiveTab,
    Person,
    wait_until,
)
from tests.waiting import SOON

Tabs = Callable[[Person], LiveTab]


def raw_socket(person: Person, **options: object) -> websocket.WebSocket:
    """A websocket that has joined the default namespace, and nothing else."""
    url = person.server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    wire = websocket.create_connection(url, cookie=person.cookie, timeout=PATIENCE, **options)
    assert wire.recv().startswith("0")
    wire.send("40")
    assert wire.recv().startswith("40")
    return wire


def test_kill_mid_stream_loses_a_second_at_most_and_the_answer_goes_on(
    own_server: LiveServer,
) -> None:
    own_server.start()
    ada = own_server.member("ada")
    tab = ada.tab()
    asked = tab.send("slow")
    reply = asked["reply"]["id"]
    tab.wait_for("receive_message", reply, count=50)
    seen_at = time.monotonic()
    before = tab.text_of(reply)
    tab.wait_for("receive_message", reply, count=100)  # more than a second of text
    assert time.monotonic() - seen_at > 1.0
    own_server.kill()
    tab.gone.wait(PATIENCE)
    own_server.start()
    tab = ada.tab()
    question, stored = tab.stored(asked["conversation_id"])
    assert (question["text"], stored["status"]) == ("slow", "interrupted")
    assert stored["text"].startswith(before)
    assert SLOW_TEXT.startswith(stored["text"])
    assert tab.ask("continue_message", {"message_id": reply})["ok"]
    tab.wait_for("receive_message", reply, count=2)
    tab.ask("stop_message", {"message_id": reply})
    tab.wait_for("message_finished", reply)
    final = tab.stored(asked["conversation_id"])[1]
    assert len(final["text"]) > len(stored["text"])
    assert final["text"].startswith(stored["text"])
    tab.close()


def test_sigterm_mid_stream_finishes_or_marks_every_reply(own_server: LiveServer) -> None:
    own_server.start()
    ada = own_server.member("ada")
    tab = ada.tab()
    brief, slow = tab.send("Hi"), tab.send("slow")
    tab.wait_for("receive_message", slow["reply"]["id"], count=3)
    assert own_server.process
    began = time.monotonic()
    own_server.process.send_signal(signal.SIGTERM)
    finished = tab.wait_for("message_finished", brief["reply"]["id"])
    assert finished["status"] == "complete"  # it had the time to end by itself
    interrupted = tab.wait_for("message_finished", slow["reply"]["id"])
    assert own_server.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 30
    assert interrupted["status"] == "interrupted"
    tab.gone.wait(PATIENCE)
    own_server.start()
    tab = ada.tab()
    stored = tab.stored(slow["conversation_id"])[1]
    assert (stored["status"], stored["seq"]) == ("interrupted", interrupted["seq"])
    assert stored["text"]
    tab.close()


def test_link_for_the_first_super_admin_is_printed_and_works_once(own_server: LiveServer) -> None:
    own_server.start()
    links = re.findall(r"http://\S+(/setup/\S+)", own_server.output.read_text())
    assert len(links) == 1
    root, late = own_server.person("root"), own_server.person("late")
    fields = {"password": PASSWORD, "confirm_password": PASSWORD}
    done = root.post(links[0], username="root", email="root@example.org", **fields)
    assert done.json()["status"] == "redirect", done.text
    assert root.http.get(own_server.url + "/profile", timeout=PATIENCE).status_code == 200
    again = late.http.get(own_server.url + links[0], timeout=PATIENCE)
    assert again.status_code == 404
    assert own_server.stop(signal.SIGINT) == 0
    own_server.start()  # and now that there is one, no link is printed any more
    assert len(re.findall("/setup/", own_server.output.read_text())) == 1


def test_message_of_a_megabyte_is_refused_and_the_server_goes_on(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    tab, other = tabs(ada), tabs(ada)
    for size in (500_000, 1_100_000):
        error = tab.ask("send_message", {"client_id": "big", "text": "x" * size})["error"]
        assert error["code"] == "too_long"
    # what is larger than any message by far is not even answered: the connection is closed
    tab.socket.emit("send_message", {"client_id": "big", "text": "x" * 5_000_000})
    assert tab.gone.wait(PATIENCE)
    assert other.send("brief")["ok"]
    assert tabs(ada).send("brief")["ok"]


GARBAGE = [
    "",
    "\x00\x01\x02",
    "4",
    "42",
    "42[",
    '42["send_message"',
    '42{"a":1}',
    "42[]",
    "42[1,2,3]",
    '42["send_message",{"text":"Hi"}]]]]',
    '42["connect"]',
    '42["disconnect"]',
    '421234567890123456789012345678901234567890["send_message","Hi"]',
    '451-["send_message",{"_placeholder":true,"num":0}]',
    "459999999-[]",
    '43["x"]',
    "49",
    "40/admin,",
    "41",
    "3probe",
    "9",
    "[" * 5000,
    "42" + "[" * 5000,
    "2" * 5000,
]


def test_garbage_on_the_wire_harms_nobody_else(ada: Person, tabs: Tabs) -> None:
    tab = tabs(ada)
    for packet in GARBAGE:
        wire = raw_socket(ada)
        with (
            closing(wire.sock),
            suppress(OSError, websocket.WebSocketException),  # the server may hang up
        ):
            wire.send(packet)
            wire.send_binary(b"\xff\xfe" + packet.encode())
            wire.send('42["nobody","home"]')
    wire = raw_socket(ada)
    with closing(wire.sock):
        wire.send(b"\xff\xfe not utf-8", opcode=ABNF.OPCODE_TEXT)
    assert tab.send("brief")["ok"]


def test_broken_http_harms_nobody_else(server: LiveServer, ada: Person, tabs: Tabs) -> None:
    tab = tabs(ada)
    for rude in (
        b"\x16\x03\x01\x02\x00\x01\x00",  # a TLS greeting
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nabc",
        b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"\r\n\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as wire:
            wire.sendall(rude)
    assert tab.send("brief")["ok"]
    assert requests.get(f"{server.url}/healthz", timeout=PATIENCE).status_code == 200


def test_300_quick_connections_and_none_is_refused(server: LiveServer, ada: Person) -> None:
    wires, failures = [], []

    def connect() -> None:
        for _ in range(30):
            try:
                wires.append(raw_socket(ada))
            except Exception as failure:
                failures.append(failure)

    threads = [threading.Thread(target=connect) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(wires) == 300
    assert requests.get(f"{server.url}/healthz", timeout=PATIENCE).status_code == 200
    for wire in wires:
        wire.sock.close()
    visitor = requests.Session()
    for _ in range(200):
        assert visitor.get(f"{server.url}/healthz", timeout=PATIENCE).status_code == 200


def test_reader_who_stops_reading_disturbs_nobody(server: LiveServer, ada: Person) -> None:
    asleep = raw_socket(ada, sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    tab = LiveTab(ada)
    slow = tab.send("slow")
    room = f'{{"conversation_id":"{slow["conversation_id"]}"}}'
    asleep.send(f'42["open_conversation",{room}]')  # and from now on it reads nothing
    tab.wait_for("receive_message", slow["reply"]["id"], count=20)
    answer = tab.send("Hi")
    assert tab.wait_for("message_finished", answer["reply"]["id"])["status"] == "complete"
    assert requests.get(f"{server.url}/healthz", timeout=PATIENCE).status_code == 200
    tab.ask("stop_message", {"message_id": slow["reply"]["id"]})
    assert tab.wait_for("message_finished", slow["reply"]["id"])["status"] == "stopped"
    asleep.sock.close()
    tab.close()


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:1", "null", "http://127.0.0.1.evil.example"],
)
def test_foreign_origin_is_refused(origin: str, ada: Person) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException):
        raw_socket(ada, origin=origin)
    polling = ada.http.get(
        f"{ada.server.url}/socket.io/?EIO=4&transport=polling",
        headers={"Origin": origin},
        timeout=PATIENCE,
    )
    assert polling.status_code == 400
    assert "Access-Control-Allow-Origin" not in polling.headers


def test_own_origin_is_taken(ada: Person) -> None:
    raw_socket(ada, origin=ada.server.url).close()


def test_visitor_gets_no_socket(server: LiveServer) -> None:
    url = server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    wire = websocket.create_connection(url, timeout=PATIENCE)
    with closing(wire.sock):
        assert wire.recv().startswith("0")
        wire.send("40")
        assert wire.recv().startswith("44")  # the namespace is refused
        wire.send('420["send_message","Hi"]')
        with suppress(OSError, websocket.WebSocketException):  # nothing more, or a hang-up
            wire.settimeout(1.0)
            assert not str(wire.recv()).startswith("43")


def test_logout_elsewhere_ends_the_socket_within_a_second(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    guest = server.member("guest")
    tab, other = tabs(guest), tabs(ada)
    began = time.monotonic()
    left = guest.http.post(
        f"{server.url}/logout",
        data={"csrf_token": guest.csrf},
        headers={"Referer": server.url},
        timeout=PATIENCE,
    )
    assert left.status_code == 200, left.text[:300]
    assert tab.gone.wait(PATIENCE)
    assert time.monotonic() - began < SOON
    assert tab.named("session_ended")
    assert other.send("brief")["ok"]


def test_database_that_is_locked_for_seconds_only_delays(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    import sqlite3

    tab = tabs(ada)
    path = server.folder / "instance" / "echo.sqlite3"
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("begin immediate")
    release = threading.Timer(2.0, lambda: writer.execute("rollback"))
    release.start()
    began = time.monotonic()
    asked = tab.send("brief")
    assert time.monotonic() - began > 1.0
    assert tab.wait_for("message_finished", asked["reply"]["id"])["status"] == "complete"
    release.join()
    writer.close()
    wait_until(server.is_ready, what="ready again")


def test_second_server_on_the_same_port_is_refused_in_one_line(
    server: LiveServer, ada: Person, tabs: Tabs
) -> None:
    tab = tabs(ada)
    reply = tab.send("slow")["reply"]["id"]
    second = server.command()
    assert second.returncode == 2
    assert str(server.port) in second.stderr
    assert "Traceback" not in second.stderr
    tab.ask("stop_message", {"message_id": reply})
    assert tab.wait_for("message_finished", reply)["status"] == "stopped"  # its row was left alone
