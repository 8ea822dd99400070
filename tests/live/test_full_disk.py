"""A disk that is full: refused with a word, also by pages, and over as soon as there is room again."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from tests.live.server import PATIENCE, LiveServer, wait_until


@contextmanager
def nothing_can_be_written(server: LiveServer) -> Iterator[None]:
    """No file of the server's can grow, its log among them."""
    assert server.process
    pid = server.process.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


def test_a_full_disk_is_told_and_ends_nothing(own_server: LiveServer) -> None:
    """The process ended: what could not be written to its log was raised in the middle of the hub."""
    own_server.start()
    ada = own_server.member("ada")
    tab, other = ada.tab(), ada.tab()
    token = ada.csrf
    slow = tab.send("slow")
    tab.wait_for("receive_message", slow["reply"]["id"], count=3)
    with nothing_can_be_written(own_server):
        for _ in range(3):
            for accept, kind in (
                ("text/html", "text/html"),
                ("application/json", "application/json"),
            ):
                headers = {"Accept": accept, "X-CSRFToken": token, "Referer": own_server.url}
                names = {"username": "lovelace", "email": "ada@example.org"}
                page = ada.in_time("POST", "/profile", names, headers)
                assert (page.status_code, page.headers["Content-Type"].split(";")[0]) == (503, kind)
            read = ada.http.get(f"{own_server.url}/profile", timeout=PATIENCE)
            assert read.status_code == 200  # what is there can still be read
            assert "lovelace" not in read.text
            assert requests.get(f"{own_server.url}/healthz", timeout=PATIENCE).status_code == 200
        refused = other.ask("send_message", {"client_id": "c", "text": "brief"})
        assert refused["error"]["code"] == "storage", refused
        other.cut()  # what the libraries say of that cannot be written either
    wait_until(own_server.is_ready, "there is room again")
    again = tab.send("brief", client_id="c")
    assert tab.wait_for("message_finished", again["reply"]["id"])["status"] == "complete"
    tab.ask("stop_message", {"message_id": slow["reply"]["id"]})
    tab.wait_for("message_finished", slow["reply"]["id"])
    stored = {row["id"]: row["text"] for row in tab.stored(slow["conversation_id"])}
    assert stored[slow["reply"]["id"]] == tab.text_of(slow["reply"]["id"])
    tab.close()
    assert "could not be written)" in own_server.log.read_text()
