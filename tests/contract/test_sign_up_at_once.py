"""Many who sign up with one name or one address at the same moment: one wins, on every database."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import requests

from tests.live.server import PASSWORD, PATIENCE, LiveServer

PEOPLE = 8
SPAM_TRAP_SECONDS = 3.05


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


def sign_up(url: str, number: int, name: str, email: str, start: Barrier) -> tuple[int, str | None]:
    """Fill in the form from an address of one's own; press its button when all others do."""
    with requests.Session() as http:
        http.headers["X-Forwarded-For"] = f"10.9.0.{number + 1}"
        page = http.get(url, timeout=PATIENCE).text
        hidden = dict(re.findall(r'name="(csrf_token|opened_at)"[^>]*value="([^"]*)"', page))
        secret = {"password": PASSWORD, "confirm_password": PASSWORD, "website": ""}
        time.sleep(SPAM_TRAP_SECONDS)  # part of the contract
        start.wait(PATIENCE)
        data = {"username": name, "email": email, **secret, **hidden}
        answer = http.post(
            url, data=data, headers={"X-Requested-With": "XMLHttpRequest"}, timeout=PATIENCE
        )
        return answer.status_code, answer.json().get("field")


@pytest.mark.live
@pytest.mark.parametrize("same", ["username", "email"])
def test_exactly_one_gets_it(same: str, database_url: str, tmp_path: Path) -> None:
    server = LiveServer(tmp_path, DATABASE_URL=database_url, ECHO_TRUSTED_PROXIES="1").start()
    start = Barrier(PEOPLE)

    def rival(number: int) -> tuple[int, str | None]:
        name = "Ada" if same == "username" else f"ada{number}"
        email = "Ada@example.org" if same == "email" else f"ada{number}@example.org"
        return sign_up(f"{server.url}/signup", number, name, email, start)

    try:
        with ThreadPoolExecutor(PEOPLE) as pool:
            answers = list(pool.map(rival, range(PEOPLE)))
    finally:
        server.stop()
    assert sorted(answers, key=str) == [(200, None), *[(409, same)] * (PEOPLE - 1)]
