"""Pages leave compressed as scripts do, but never to another site's wish."""

from __future__ import annotations

import gzip

import pytest

from echo.extensions import PACKED_BYTES
from echo.models import User, Visibility
from echo.services.sharing import Wish, links, shares
from tests.long_chats import long_chat
from tests.web.browser import Browser

PACKED = {"Accept-Encoding": "gzip"}
OWN = {**PACKED, "Sec-Fetch-Site": "same-origin"}


def encoding(browser: Browser, path: str, headers: dict[str, str]) -> str | None:
    response = browser.get(path, headers=headers, buffered=True)
    assert response.status_code == 200
    return response.headers.get("Content-Encoding")


@pytest.mark.parametrize("path", ["/", "/login", "/signup"])
def test_a_page_leaves_compressed_and_is_the_same(client: Browser, path: str) -> None:
    plain = client.get(path)
    packed = client.get(path, headers=PACKED)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) < len(plain.data) / 2
    text = gzip.decompress(packed.data).decode()
    assert text.count("<") == plain.text.count("<")
    assert packed.headers["Content-Length"] == str(len(packed.data))


@pytest.mark.parametrize("path", ["/", "/profile", "/help"])
@pytest.mark.parametrize("accepted", ["br", "gzip, deflate, br, zstd"])
def test_ones_own_pages_are_compressed(ada_browser: Browser, path: str, accepted: str) -> None:
    assert encoding(ada_browser, path, {"Accept-Encoding": accepted}) == "br"
    assert encoding(ada_browser, path, {"Accept-Encoding": "identity"}) is None


@pytest.mark.parametrize(
    ("headers", "packed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "nonsense"}, False),
        ({}, False),
    ],
)
def test_what_another_site_may_have_asked_for_is_not_compressed(
    ada_browser: Browser, headers: dict[str, str], packed: bool
) -> None:
    found = encoding(ada_browser, "/help?q=guess", {**PACKED, **headers})
    assert (found == "gzip") is packed


@pytest.mark.parametrize("accepted", ["br", "gzip"])
@pytest.mark.parametrize(("chars", "is_packed"), [(PACKED_BYTES // 2, True), (PACKED_BYTES, False)])
def test_a_long_page_is_left_as_it_is(
    chars: int, is_packed: bool, accepted: str, ada: User, ada_browser: Browser
) -> None:
    """It held the hub for seconds, for any visitor."""
    chat = long_chat(ada.id, 1, "x" * chars)
    row = shares.share(ada.id, chat.id, Wish(Visibility.PUBLIC)).row
    found = encoding(ada_browser, f"/share/{links.token_of(row)}", {"Accept-Encoding": accepted})
    assert (found == accepted) is is_packed


@pytest.mark.parametrize("path", ["/healthz", "/quota"])
def test_json_is_left_as_it_is(ada_browser: Browser, path: str) -> None:
    assert encoding(ada_browser, path, OWN) is None
