"""Pages in Arabic: they run from the right, and every word of a person's own has a direction by itself."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from echo.models import RoleName, User
from tests.web.browser import Browser
from tests.web.pseudo import VOID
from tests.web.test_translated_pages import everything, known_things

ARABIC = {"Accept-Language": "ar"}
WORD = "walrus"


class People(HTMLParser):
    """Finds texts with a person's word in an element without a direction of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "html":
            assert values["dir"] == "rtl"
        directed = (tag != "html" and ("dir" in values or "hidden" in values)) or tag in (
            "bdi",
            "title",
            "code",
            "script",
        )
        if (
            tag == "input"
            and values.get("type") != "hidden"
            and WORD in (values.get("value") or "")
        ):
            self._judge(directed, f"{attrs}")
        if tag not in VOID:
            self.open.append((tag, directed or (bool(self.open) and self.open[-1][1])))

    def handle_endtag(self, tag: str) -> None:
        while any(name == tag for name, _ in self.open) and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if WORD in data:
            self._judge(bool(self.open) and self.open[-1][1], f"{self.open[-1:]} {data.strip()}")

    def _judge(self, directed: bool, what: str) -> None:
        if not directed:
            self.found.append(what)


def undirected(html: str) -> list[str]:
    reader = People()
    reader.feed(html)
    return reader.found


def test_words_of_people_run_their_own_way(
    make_user: Callable[..., User], signed_in: Callable[[User], Browser]
) -> None:
    ada = make_user("ada", role=RoleName.ADMIN)
    everything(ada)
    known = known_things(ada)
    browser = signed_in(ada)
    seen = 0
    for path in (
        "/",
        "/profile",
        "/profile/security",
        "/profile/devices",
        "/profile/keys",
        "/profile/data",
        "/documents",
        f"/documents/{known['document_id']}",
        f"/share/{known['token']}",
        "/conversations",
        "/conversations?q=walrus",
        "/settings/personal",
        "/settings/security",
        "/prompts/panel",
    ):
        page = browser.get(path, headers=ARABIC).text
        seen += page.count(WORD)
        assert undirected(page) == [], path
    assert seen > 20


@pytest.mark.parametrize("path", ["/", "/login", "/help", "/api/docs", "/no/such/page"])
def test_pages_run_from_the_right(path: str, client: Browser) -> None:
    assert '<html lang="ar" dir="rtl">' in client.get(path, headers=ARABIC).text


def test_what_is_in_english_alone_says_so(client: Browser) -> None:
    assert ' lang="en" dir="ltr">' in client.get("/api/docs", headers=ARABIC).text
    assert 'dir="ltr">' not in client.get("/api/docs").text.partition("<main")[2]
