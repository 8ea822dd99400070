"""The page of models as its owner uses it, on the real engine: added, loaded, settled, default, removed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ContextMaker
from tests.browser.talk import visit
from tests.browser.test_accessibility import (
    expect_no_violations,
    expect_no_violations_in_either_theme,
)
from tests.live.server import ROOT, LiveServer, Person

MINI = ROOT / "weights" / "echo-mini"
LOADING_MS = 150_000  # torch is imported and warmed up beside other work
pytestmark = pytest.mark.timeout(500)
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Echo with the embedded model."""
    server = LiveServer(tmp_path_factory.mktemp("models"), ECHO_ENGINE="local")
    yield server.start(patience=LOADING_MS / 1000)
    server.stop(patience=LOADING_MS / 1000)  # torch takes its time to be taken down


@pytest.fixture(scope="module")
def owner(local: LiveServer) -> Person:
    return local.member("grace", role="super_admin")


@pytest.fixture
def folder(local: LiveServer) -> Iterator[Path]:
    """A model's folder on the server, with weights."""
    copy = local.folder / "tiny"
    shutil.copytree(MINI, copy, ignore=shutil.ignore_patterns("*.png", "README.md"))
    yield copy
    shutil.rmtree(copy)


@pytest.fixture
def page(new_context: ContextMaker, local: LiveServer, owner: Person) -> Page:
    found = new_context(owner, color_scheme="light").new_page()
    visit(found, f"{local.url}/admin/models/")
    return found


def card(page: Page, name: str) -> Locator:
    return page.locator(f'[data-model="{name}"]')


def add(page: Page, source: str, name: str) -> None:
    page.get_by_role("link", name="Add a model").click()
    page.get_by_label("Path on the server, or name on the Hub").fill(source)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Look at it").click()


def test_a_folder_is_added_loaded_made_default_and_removed(page: Page, folder: Path) -> None:
    expect(card(page, "echo-mini")).to_contain_text("default")
    add(page, str(folder), "tiny")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add tiny?")
    expect(page.get_by_text(re.compile(r"needs \d+ MB, .* are free"))).to_be_visible()
    expect_no_violations(page)
    page.get_by_role("button", name="Add it").click()
    tiny = card(page, "tiny")  # it comes without a reload
    expect(tiny).to_contain_text("not in memory", timeout=LOADING_MS)
    tiny.get_by_role("button", name="Load tiny").click()
    expect(page.locator(".toast")).to_contain_text("tiny is being loaded.")
    expect(tiny.locator(".tag", has_text="ready")).to_be_visible(timeout=LOADING_MS)
    expect(tiny).to_contain_text("weights")
    tiny.get_by_role("button", name="Make default tiny").click()
    expect(tiny).to_contain_text("default")
    tiny.get_by_role("link", name="Settings of tiny").click()
    page.get_by_label("Temperature").fill("0.2")
    page.get_by_label("Who may use it").select_option("admin")
    page.get_by_role("button", name="Save").click()
    expect(tiny).to_contain_text("temperature 0.2")
    expect(tiny).to_contain_text("Administrators")
    card(page, "echo-mini").get_by_role("button", name="Make default echo-mini").click()
    tiny.get_by_role("link", name="Remove … tiny").click()
    expect(page.get_by_text("Its files stay where they are")).to_be_visible()
    expect_no_violations(page)
    page.get_by_role("button", name="Remove tiny").click()
    expect(page.locator(".toast")).to_contain_text("tiny is removed.")
    expect(card(page, "tiny")).to_have_count(0)
    assert (folder / "model.safetensors").exists()


def test_another_window_follows_without_a_reload(
    page: Page, new_context: ContextMaker, local: LiveServer, owner: Person
) -> None:
    other = new_context(owner).new_page()
    visit(other, f"{local.url}/admin/models/")
    mini = card(other, "echo-mini")
    expect(mini.locator(".tag", has_text="ready")).to_be_visible(timeout=LOADING_MS)
    other.evaluate("window.stays = true")
    mini.get_by_role("link", name="Settings of echo-mini").focus()
    card(page, "echo-mini").get_by_role("button", name="Unload echo-mini").click()
    expect(mini).to_contain_text("not in memory")
    expect(mini.get_by_role("button", name="Load echo-mini")).to_be_visible()
    expect(mini.get_by_role("link", name="Settings of echo-mini")).to_be_focused()
    card(page, "echo-mini").get_by_role("button", name="Load echo-mini").click()
    expect(mini.locator(".tag", has_text="ready")).to_be_visible(timeout=LOADING_MS)
    assert other.evaluate("window.stays")


def test_what_cannot_be_added_is_said_at_its_field(page: Page) -> None:
    add(page, "/no/such/place", "")
    expect(page.locator("#source-error")).to_contain_text("no folder or file here")
    source = page.get_by_label("Path on the server, or name on the Hub")
    expect(source).to_have_value("/no/such/place")
    source.fill(str(MINI))
    page.get_by_role("button", name="Look at it").click()
    expect(page.locator("#source-error")).to_contain_text("name of a model in the catalogue")
    expect_no_violations(page)


@pytest.mark.parametrize("size", [PHONE, None])
def test_pages_of_models_are_accessible(
    new_context: ContextMaker,
    local: LiveServer,
    owner: Person,
    size: dict[str, int] | None,
) -> None:
    options = {"viewport": size} if size else {}
    context = new_context(owner, reduced_motion="reduce", **options)
    page = context.new_page()
    for path in ("", "add/", "edit/?name=echo-mini", "remove/?name=echo-mini"):
        visit(page, f"{local.url}/admin/models/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{path} is wider than the window"
        expect_no_violations_in_either_theme(page)
