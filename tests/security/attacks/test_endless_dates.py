"""Dates that no calendar has, in headers: Python finds them too large, which werkzeug lets through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.http import http_date

from echo.remote.failures import retry_after

FILE = "/static/js/page.js"
DATES = {
    "a year": "Sun, 06 Nov 999999999999 08:49:37 GMT",
    "a day": f"Sun, {'1' * 400} Nov 1994 08:49:37 GMT",
    "an hour": f"Sun, 06 Nov 1994 {'9' * 20}:49:37 GMT",
    "a second": f"Sun, 06 Nov 1994 08:49:{'9' * 30} GMT",
    "a zone": "Sun, 06 Nov 1994 08:49:37 +99999999999999",
}
HEADERS = ("Date", "If-Modified-Since", "If-Range", "If-Unmodified-Since")


def status(client: FlaskClient, path: str, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(path, headers=named, buffered=True).status_code


@pytest.mark.parametrize("date", DATES.values(), ids=DATES)
@pytest.mark.parametrize("header", HEADERS)
def test_a_date_that_none_can_be_is_none(header: str, date: str, client: FlaskClient) -> None:
    """A range is sent only of what is still the same, and nobody can tell that by such a date."""
    for path in (FILE, "/login", "/healthz"):
        assert status(client, path, **{header: date}) == 200, path
    expected = 200 if header == "If-Range" else 206
    assert status(client, FILE, Range="bytes=0-3", **{header: date}) == expected


def test_dates_that_there_are_count(client: FlaskClient) -> None:
    tomorrow, long_ago = http_date(datetime.now(UTC) + timedelta(days=1)), http_date(0)
    assert status(client, FILE, If_Modified_Since=tomorrow) == 304
    assert status(client, FILE, If_Modified_Since=long_ago) == 200
    for condition, expected in ((tomorrow, 206), (long_ago, 200), ('"elsewhere"', 200)):
        assert status(client, FILE, Range="bytes=0-3", If_Range=condition) == expected


@pytest.mark.parametrize("date", DATES.values(), ids=DATES)
def test_a_server_elsewhere_asks_for_no_such_rest(date: str) -> None:
    assert retry_after({"Retry-After": date}) is None
