"""Pages behind a proxy that lets no WebSocket through: they poll, and everything works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ContextMaker
from tests.browser.talk import ask_and_wait, composer, prose, visit
from tests.live.server import LiveServer, Person
from tests.live.stubborn_proxy import StubbornProxy


@pytest.fixture(params=[False, True], ids=["refuses", "swallows"])
def proxy(request: pytest.FixtureRequest, echo: LiveServer) -> Iterator[StubbornProxy]:
    proxy = StubbornProxy(echo.port, swallows=request.param)
    yield proxy
    proxy.close()


def test_chat_polls_where_no_websocket_passes(
    proxy: StubbornProxy, member: Person, new_context: ContextMaker
) -> None:
    page = new_context(member).new_page()
    visit(page, proxy.url)
    composer(page).wait_for()
    ask_and_wait(page, "Hello")
    expect(prose(page)).not_to_be_empty()
    expect(page.get_by_text("No connection")).to_be_hidden()
    assert proxy.refused


def test_dashboard_polls_too(
    proxy: StubbornProxy, super_admin: Person, new_context: ContextMaker
) -> None:
    page = new_context(super_admin).new_page()
    visit(page, f"{proxy.url}/admin/")
    expect(page.locator("#live-strip")).to_be_visible()
    expect(page.locator("#live-strip [data-stat=engine]")).to_have_text("ready")
    assert proxy.refused
