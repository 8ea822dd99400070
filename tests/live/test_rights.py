"""Rights that are lost while sockets live and replies run: told, cut off and refused within a second."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.live.server import PATIENCE, SLOW_TEXT, LiveServer, LiveTab, Person, wait_until
from tests.waiting import SOON

Tabs = Callable[[Person], LiveTab]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of this module's own."""
    server = LiveServer(tmp_path_factory.mktemp("rights")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def root(server: LiveServer) -> Person:
    return server.member("root", role="super_admin")


def get(person: Person, path: str) -> requests.Response:
    return person.http.get(person.server.url + path, timeout=PATIENCE, allow_redirects=False)


def send(person: Person, path: str, **data: str) -> requests.Response:
    return person.http.post(
        person.server.url + path,
        data={"csrf_token": person.csrf, **data},
        headers={"X-Requested-With": "XMLHttpRequest", "Referer": person.server.url},
        timeout=PATIENCE,
    )


def number_of(person: Person) -> int:
    boot = re.search(r'id="boot"[^>]*>(.*?)</script>', get(person, "/").text)
    assert boot
    number: int = json.loads(boot[1])["user"]["id"]
    return number


def edit(root: Person, person: Person, number: int, **changes: str) -> None:
    """Fill in the administrators' form as it is shown, with changes; an absent box is not ticked."""
    path = f"/admin/users/edit/?id={number}"
    version = re.search(r'name="version"[^>]*value="([^"]*)"', get(root, path).text)
    values = {"username": person.name, "email": f"{person.name}@example.org", "role": "user"}
    given = {**values, "version": version[1] if version else "", **changes}
    answer = send(root, path, **given)
    assert answer.status_code == 200, answer.text


def row(server: LiveServer, message_id: str) -> Any:
    """Return a message's status and text as they are stored, whoever may read them."""
    path = server.folder / "instance" / "echo.sqlite3"
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE)
    try:
        query = "select status, text from messages where id = ?"
        return database.execute(query, (message_id,)).fetchone()
    finally:
        database.close()


def ends_at_once(tab: LiveTab, act: Callable[[], object]) -> None:
    act()
    began = time.monotonic()
    assert tab.gone.wait(PATIENCE)
    assert time.monotonic() - began < SOON
    assert tab.named("session_ended")


def test_role_change_reaches_socket_and_pages(server: LiveServer, root: Person, tabs: Tabs) -> None:
    guest = server.member("analyst")
    number = number_of(guest)
    edit(root, guest, number, role="analyst", active="y")
    assert get(guest, "/admin/").status_code == 200
    tab, other = tabs(guest), tabs(root)
    ends_at_once(tab, lambda: edit(root, guest, number, role="user", active="y"))
    assert get(guest, "/admin/").status_code == 403
    assert tabs(guest).send("brief")["ok"]  # still signed in, with the rights of the new role
    assert other.send("brief")["ok"]


def test_deactivation_stops_socket_reply_and_pages(
    server: LiveServer, root: Person, tabs: Tabs
) -> None:
    guest = server.member("noisy")
    number = number_of(guest)
    tab = tabs(guest)
    reply = tab.send("slow")["reply"]["id"]
    tab.wait_for("receive_message", reply, count=10)
    ends_at_once(tab, lambda: edit(root, guest, number))
    status, text = wait_until(
        lambda: (found := row(server, reply))[0] == "stopped" and found,
        what="the reply is stopped",
        seconds=SOON,
    )
    assert len(text) < len(SLOW_TEXT)
    assert row(server, reply) == (status, text)
    assert get(guest, "/profile").headers["Location"].startswith("/login")
    with pytest.raises(Exception, match=r"refused|rejected|One or more namespaces failed"):
        LiveTab(guest)


@pytest.mark.parametrize("by", ["the person", "an administrator"])
def test_deletion_stops_socket_reply_and_pages(
    by: str, server: LiveServer, root: Person, tabs: Tabs
) -> None:
    guest = server.member(f"gone_{len(by)}")
    number = number_of(guest)
    tab = tabs(guest)
    reply = tab.send("slow")["reply"]["id"]
    tab.wait_for("receive_message", reply, count=10)

    def delete() -> None:
        if by == "the person":
            answer = send(guest, "/profile/delete", username=guest.name)
        else:
            answer = send(root, f"/admin/users/delete/?id={number}", typed=guest.name)
        assert answer.status_code == 200, answer.text

    ends_at_once(tab, delete)
    wait_until(lambda: row(server, reply) is None, what="the words are gone", seconds=SOON)
    assert get(guest, "/profile").headers["Location"].startswith("/login")
    assert tabs(root).send("brief")["ok"]
    log = server.log.read_text()
    assert "Traceback" not in log, log[-2000:]


def test_listener_hears_nothing_more_once_its_device_is_revoked(
    server: LiveServer, tabs: Tabs
) -> None:
    """It sends nothing, so that no event of its own could notice."""
    desk = server.member("listener")
    phone = server.person("listener").sign_in()
    writer, listener = tabs(desk), tabs(phone)
    asked = writer.send("slow")
    reply = asked["reply"]["id"]
    listener.ask("open_conversation", {"conversation_id": asked["conversation_id"]})
    listener.wait_for("receive_message", reply, count=3)
    answer = send(desk, "/profile/devices/revoke-others")
    assert answer.status_code == 200, answer.text
    assert listener.gone.wait(SOON)
    assert listener.named("session_ended")
    heard, so_far = len(listener.heard), len(writer.named("receive_message", reply))
    writer.wait_for("receive_message", reply, count=so_far + 20)  # it goes on for the other
    assert len(listener.heard) == heard
    assert get(phone, "/profile").headers["Location"].startswith("/login")
    writer.ask("stop_message", {"message_id": reply})


def test_answers_do_not_name_the_server(server: LiveServer) -> None:
    for path in ("/", "/static/img/favicon.svg", "/nowhere", "/socket.io/?EIO=4&transport=polling"):
        answer = requests.get(server.url + path, timeout=PATIENCE)
        assert not {"Server", "X-Powered-By", "Via"} & set(answer.headers), path
        assert "eventlet" not in str(answer.headers).lower()
