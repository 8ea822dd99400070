"""The table of rate limits, by real requests, as page and as JSON."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from limits import parse

from echo.limits import RATE_LIMITS
from echo.models import User
from echo.services.sign_in import login_delays
from tests.conftest import PASSWORD
from tests.web.browser import AJAX, Browser

CONTRACT = {
    # protocol.md, by hand: a changed table must be a changed contract
    ("GET", "/"): "5/second",
    ("POST", "/signup"): "1/second",
    ("POST", "/login"): "1/second",
    ("POST", "/logout"): "3/second",
    ("POST", "/feedback"): "1/second",
    ("POST", "/profile"): "5/second",
    ("POST", "/clear_discussion"): "1/second",
}


def statuses(browser: Browser, method: str, path: str, count: int, **options: Any) -> list[int]:
    return [browser.open(path, method=method, **options).status_code for _ in range(count)]


@pytest.mark.parametrize(("route", "rate"), CONTRACT.items(), ids=lambda value: str(value))
@pytest.mark.parametrize("headers", [{}, AJAX], ids=["page", "ajax"])
def test_each_row_of_the_contract_is_enforced(
    route: tuple[str, str], rate: str, headers: dict[str, str], client: Browser, limits_on: None
) -> None:
    method, path = route
    allowed = parse(rate).amount
    first = statuses(client, method, path, allowed, headers=headers)
    assert 429 not in first
    for _ in range(4 * allowed + 4):  # a new second may begin meanwhile
        response = client.open(path, method=method, headers=headers)
        if response.status_code == 429:
            break
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) >= 1
    if headers:
        assert response.get_json()["status"] == "error"
    else:
        assert response.mimetype == "text/html"
        assert "fast" in response.text


@pytest.mark.parametrize("path", ["/login", "/signup", "/forgot"])
def test_a_page_is_opened_twice_in_a_second(path: str, client: Browser, limits_on: None) -> None:
    """A double click, or two people behind one address; what is sent stays limited as the table says."""
    assert statuses(client, "GET", path, 3) == [200, 200, 200]
    assert 429 in statuses(client, "GET", path, 30)
    if path != "/forgot":  # ten a minute
        assert 429 in statuses(client, "POST", path, 6)


def test_table_in_the_code_has_the_contracts_rows(app: Any) -> None:
    adapter = app.url_map.bind("localhost")
    for (method, path), rate in CONTRACT.items():
        endpoint, _ = adapter.match(path, method=method)
        assert RATE_LIMITS[endpoint] == rate


def test_another_address_is_not_limited(client: Browser, limits_on: None) -> None:
    while client.post("/signup").status_code != 429:
        pass
    other = {"REMOTE_ADDR": "10.1.2.3"}
    assert client.post("/signup", environ_overrides=other).status_code == 400


def test_looking_at_a_form_does_not_use_up_the_post(client: Browser, limits_on: None) -> None:
    assert client.get("/signup").status_code == 200
    assert client.post("/signup").status_code == 400


def test_health_is_never_limited(client: Browser, limits_on: None) -> None:
    assert set(statuses(client, "GET", "/healthz", 30)) == {200}


def try_to_log_in(client: Browser, form_time: Any, number: int, name: str, password: str) -> Any:
    return client.ajax(
        "/login",
        {"credentials": name, "password": password, "website": "", "opened_at": form_time()},
        environ_overrides={"REMOTE_ADDR": f"10.0.0.{number}"},
    )


@pytest.fixture
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate limit alone: without the growing delay after five wrong passwords in a row."""
    monkeypatch.setattr(login_delays, "FREE_TRIES", 1000)


@pytest.fixture
def a_second_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let a second pass by the clock of the limits: one try a second is taken."""
    real, passed = time.time, 0.0

    def step() -> None:
        nonlocal passed
        passed += 1.01
        monkeypatch.setattr(time, "time", lambda: real() + passed)

    return step


def test_ten_tries_per_account_from_one_network(
    client: Browser,
    ada: User,
    limits_on: None,
    no_delays: None,
    form_time: Any,
    a_second_later: Callable[[], None],
) -> None:
    names = ("ada", "ADA", " ada", "ada@example.org")
    for number in range(10):
        response = try_to_log_in(client, form_time, 1, names[number % 4], "wrong")
        assert response.status_code == 401
        a_second_later()
    locked = try_to_log_in(client, form_time, 1, "ada", PASSWORD)
    assert locked.status_code == 429
    assert locked.get_json()["field"] == "credentials"
    assert 60 < int(locked.headers["Retry-After"]) <= 900
    assert "Too many tries" in locked.get_json()["message"]
    assert "passkey" in locked.get_json()["message"]
    assert try_to_log_in(client, form_time, 2, "ada", PASSWORD).status_code == 200


def test_tries_for_an_unknown_account_are_counted_alike(
    client: Browser,
    ada: User,
    limits_on: None,
    no_delays: None,
    form_time: Any,
    a_second_later: Callable[[], None],
) -> None:
    refused = ""
    while "Too many tries" not in refused:
        a_second_later()
        answer = try_to_log_in(client, form_time, 1, "nobody", "wrong").get_json()
        refused = answer["message"]
    assert try_to_log_in(client, form_time, 12, "nobody", "wrong").status_code == 401
    assert try_to_log_in(client, form_time, 13, "ada", PASSWORD).status_code == 200
