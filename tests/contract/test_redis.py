"""With REDIS_URL: limits and fan-out are shared by two processes, and Redis may go and come back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import RedisServer
from tests.live.server import PATIENCE, LiveServer, LiveTab, Person, wait_until

pytestmark = pytest.mark.live


@pytest.fixture
def two_servers(
    redis_server: RedisServer, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LiveServer, LiveServer]]:
    """Two processes with one database, one Redis and one secret."""
    shared = {
        "REDIS_URL": redis_server.url,
        "DATABASE_URL": postgres_url,
        "SECRET_KEY": "k3Jq9-ZtV7xWm2Rb8Yc4Ld6Nf1Hg5PsTuAeBiCo",
    }
    first = LiveServer(tmp_path_factory.mktemp("first"), **shared).start()
    second = LiveServer(tmp_path_factory.mktemp("second"), **shared).start()
    yield first, second
    for server in (first, second):
        server.kill()


def elsewhere(person: Person, server: LiveServer) -> Person:
    """The same person's cookie at another process."""
    twin = Person(server, person.name)
    twin.http.cookies = person.http.cookies
    return twin


def test_tab_on_another_process_hears_the_stream(
    two_servers: tuple[LiveServer, LiveServer],
) -> None:
    first, second = two_servers
    ada = first.member("ada")
    near, far = ada.tab(), elsewhere(ada, second).tab()
    begun = near.send("brief")
    near.wait_for("message_finished", begun["reply"]["id"])
    far.ask("open_conversation", {"conversation_id": begun["conversation_id"]})
    asked = near.send("Hi", conversation_id=begun["conversation_id"])
    for tab in (near, far):
        end = tab.wait_for("message_finished", asked["reply"]["id"])
        assert end["status"] == "complete"
    assert far.text_of(asked["reply"]["id"]) == near.text_of(asked["reply"]["id"])
    near.close()
    far.close()


def act(person: Person, method: str, path: str) -> int:
    """Do something at the REST API as the page does; return the status."""
    token = re.search(
        r'name="csrf-token" content="([^"]+)"', person.http.get(person.server.url).text
    )
    assert token
    headers = {"X-CSRFToken": token[1], "Referer": person.server.url}
    return person.http.request(method, person.server.url + path, headers=headers).status_code


def invited(owner: Person, near: LiveTab) -> str:
    """Begin a chat in the owner's window and invite the guest; return its id."""
    begun = near.send("brief")
    near.wait_for("message_finished", begun["reply"]["id"])
    chat = begun["conversation_id"]
    assert act(owner, "PUT", f"/api/conversations/{chat}/members/guest") == 200
    return str(chat)


def test_who_is_taken_out_at_another_process_hears_nothing_more(
    two_servers: tuple[LiveServer, LiveServer],
) -> None:
    first, second = two_servers
    ada, ben = first.member("owner"), elsewhere(first.member("guest"), second)
    near, far = ada.tab(), ben.tab()
    chat = invited(ada, near)
    far.ask("open_conversation", {"conversation_id": chat})
    with_both = {"conversation_id": chat, "people": ["guest", "owner"]}
    wait_until(lambda: with_both in near.named("presence_changed"), "both are here")
    asked = near.send("slow", conversation_id=chat)
    far.wait_for("receive_message", asked["reply"]["id"])
    assert act(ada, "DELETE", f"/api/conversations/{chat}/members/guest") == 204
    far.wait_for("conversation_removed")
    wait_until(lambda: near.named("presence_changed")[-1]["people"] == ["owner"], "one is")
    heard = len(far.named("receive_message"))
    seen = len(near.named("receive_message"))
    wait_until(lambda: len(near.named("receive_message")) > seen + 3, "more of it")
    assert len(far.named("receive_message")) == heard
    near.close()
    far.close()


def test_what_ended_while_redis_was_away_ends_elsewhere_once_it_is_back(
    redis_server: RedisServer, two_servers: tuple[LiveServer, LiveServer]
) -> None:
    """A session, and being in a chat of somebody else's: no other process could be told."""
    first, second = two_servers
    ada, ben = first.member("owner"), elsewhere(first.member("guest"), second)
    lost = Person(second, "owner").sign_in().tab()  # another browser of hers
    near, far = ada.tab(), ben.tab()
    chat = invited(ada, near)
    far.ask("open_conversation", {"conversation_id": chat})
    redis_server.stop()
    assert act(ada, "DELETE", f"/api/conversations/{chat}/members/guest") == 204
    assert act(ada, "POST", "/profile/devices/revoke-others") < 400
    redis_server.start()
    lost.wait_for("session_ended")
    asked = near.send("slow", conversation_id=chat)
    wait_until(lambda: len(near.named("receive_message", asked["reply"]["id"])) > 3, "some of it")
    assert far.named("receive_message", asked["reply"]["id"]) == []
    for tab in (near, far, lost):
        tab.close()


def test_redis_may_go_and_come_back(redis_server: RedisServer, tmp_path: Path) -> None:
    server = LiveServer(tmp_path, REDIS_URL=redis_server.url).start()
    try:
        ada = server.member("ada")
        tab = ada.tab()
        assert tab.send("brief")["ok"]
        redis_server.stop()
        gone = tab.send("brief")
        assert tab.wait_for("message_finished", gone["reply"]["id"])["status"] == "complete"
        for page in ("/", "/profile"):  # the profile's numbers are cached
            assert ada.http.get(f"{server.url}{page}", timeout=PATIENCE).status_code == 200
        page = ada.http.get(f"{server.url}/profile", timeout=PATIENCE).text
        token = page.split('name="csrf-token" content="')[1].split('"')[0]
        headers = {"X-CSRFToken": token, "X-Requested-With": "XMLHttpRequest"}
        options = f"{server.url}/login/passkey/options"
        wanted = {"purpose": "sign_in"}
        challenge = ada.http.post(options, json=wanted, headers=headers, timeout=PATIENCE)
        assert challenge.status_code == 503, "a challenge that is not kept must not be given out"
        bob = server.member("bob")
        other = bob.tab()
        assert other.send("brief")["ok"]
        other.close()
        redis_server.start()
        back = tab.send("brief")
        assert tab.wait_for("message_finished", back["reply"]["id"])["status"] == "complete"
        wait_until(server.is_ready, what="ready with Redis back")
        tab.close()
    finally:
        server.kill()
