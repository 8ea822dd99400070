"""Ending a device's session from another one, on the real server: its sockets close within a second."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.live.server import PASSWORD, PATIENCE, LiveServer, LiveTab, Person
from tests.waiting import SOON

Tabs = Callable[[Person], LiveTab]


@pytest.fixture
def server(own_server: LiveServer) -> LiveServer:
    """A server of one's own: Ada is on it alone."""
    return own_server.start()


@pytest.fixture
def ada(server: LiveServer) -> Person:
    return server.member("ada")


@pytest.fixture
def phone(server: LiveServer, ada: Person) -> Iterator[Person]:
    """The same person in another browser."""
    same = server.person("ada").sign_in(user_agent="Phone/1.0")
    yield same
    same.http.close()


def press(person: Person, path: str, **data: str) -> requests.Response:
    """Press a button of a page, as its script does."""
    return person.http.post(
        person.server.url + path,
        data=data,
        headers={
            "X-Requested-With": "XMLHttpRequest",
            "X-CSRFToken": person.csrf,
            "Referer": f"{person.server.url}/profile/devices",
        },
        timeout=PATIENCE,
    )


def row_of(person: Person, words: str) -> str:
    """Return the address behind the sign-out button of the device that is named so."""
    page = person.http.get(f"{person.server.url}/profile/devices", timeout=PATIENCE).text
    rows = page.split('<li class="row"')[1:]
    found = re.search(r'action="([^"]+)"', next(row for row in rows if words in row))
    assert found, page
    return found[1]


def assert_ends_soon(tab: LiveTab, begun: float) -> None:
    assert tab.gone.wait(PATIENCE)
    passed = time.monotonic() - begun
    assert [name for name, _ in tab.heard].count("session_ended") == 1
    assert passed < SOON, passed


def test_revoked_device_is_told_and_cut_within_a_second(
    ada: Person, phone: Person, tabs: Tabs
) -> None:
    here, there = tabs(ada), tabs(phone)
    path = row_of(ada, "Phone")
    csrf = ada.csrf  # fetched before the clock starts
    begun = time.monotonic()
    answer = ada.http.post(
        ada.server.url + path,
        headers={"X-Requested-With": "XMLHttpRequest", "X-CSRFToken": csrf},
        timeout=PATIENCE,
    )
    assert answer.status_code == 200, answer.text
    assert_ends_soon(there, begun)
    assert phone.http.get(f"{ada.server.url}/profile", allow_redirects=False).status_code == 302
    here.send("brief, and I am still here")
    assert not here.gone.is_set()
    assert here.named("session_ended") == []


def test_deleted_account_is_cut_everywhere_with_its_running_reply(
    ada: Person, phone: Person, tabs: Tabs
) -> None:
    here, there = tabs(ada), tabs(phone)
    asked = here.send("slow please")
    here.wait_for("receive_message", asked["reply"]["id"])
    answer = press(ada, "/profile/delete", username="ada")
    assert answer.json() == {"status": "redirect", "url": "/"}, answer.text
    for tab in (here, there):
        assert tab.gone.wait(PATIENCE)
        assert len(tab.named("session_ended")) == 1
    refused = Person(ada.server, "ada").post("/login", credentials="ada", password=PASSWORD)
    assert refused.status_code == 401
    assert "rror" not in ada.server.log.read_text()
