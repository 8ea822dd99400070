"""A server that is killed in the middle of an import: said at the next visit, and the rest can follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.live.server import LiveServer, Person, wait_until
from tests.services.test_import_runs import export_of

CHATS = 4_000
PATH = "/profile/import"


def sent(person: Person) -> None:
    files = {"file": ("conversations.json", export_of(CHATS), "application/json")}
    headers = {"X-CSRFToken": person.csrf, "X-Requested-With": "XMLHttpRequest"}
    answer = person.http.post(person.server.url + PATH, files=files, headers=headers, timeout=60)
    assert answer.status_code == 202, answer.text


def told(person: Person) -> dict[str, Any]:
    return dict(person.in_time("GET", PATH).json())


def test_it_is_said_and_nothing_comes_twice(tmp_path: Path) -> None:
    server = LiveServer(tmp_path).start()
    try:
        ada = server.member("ada")
        sent(ada)
        wait_until(lambda: told(ada)["kept"], "the first chats")
        server.kill()
        server.start()
        cut = told(ada)
        assert (cut["state"], cut["total"]) == ("cut", CHATS)
        assert 0 < cut["kept"] < CHATS
        sent(ada)
        wait_until(lambda: not told(ada)["goes_on"], "the end")
        rest = told(ada)
        assert (rest["state"], rest["kept"]) == ("done", rest["total"])
        assert rest["kept"] + rest["skipped_count"] == CHATS
        assert rest["skipped_count"] >= cut["kept"]  # what was shown before it could be counted
    finally:
        server.stop()
