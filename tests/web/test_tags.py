"""Tags on the page: in the rows of the list, as its filter, in the search; markup in them stays text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from markupsafe import escape

from echo.config import ROOT
from echo.models import User
from echo.services.chats import conversations, folders
from echo.web.template_helpers import tag_colour
from tests.web.browser import Browser
from tests.web.test_conversations import make_chat

EVIL = "<b>'\"&</b>"


def tagged(user: User, title: str, *names: str, **values: object) -> str:
    row = make_chat(user, title, "Hi", "Yes.")
    conversations.change(user.id, row.id, tags=list(names), **values)  # type: ignore[arg-type]
    return row.id


def ids_in(page: str) -> list[str]:
    return re.findall(r'<li class="conversation-row" data-id="([^"]+)"', page)


def test_a_row_shows_two_tags_and_how_many_more(ada: User, ada_browser: Browser) -> None:
    chat = tagged(ada, "Lions", EVIL, "one", "two", "three")
    page = ada_browser.get(f"/conversations/{chat}/row").text
    assert re.findall(r'<span dir="auto">(.*?)</span></button>', page) == [str(escape(EVIL)), "one"]
    assert ">+2</span>" in page
    told = re.findall(r"data-tags='([^']*)'", page)[0]
    assert json.loads(told) == [EVIL, "one", "three", "two"]
    assert EVIL not in page


def test_the_list_of_a_tag_holds_what_lies_elsewhere_too(ada: User, ada_browser: Browser) -> None:
    folder = folders.create(ada.id, "Zoo").id
    filed = tagged(ada, "Lions", "Cats", folder_id=folder)
    archived = tagged(ada, "Tigers", "Cats", archived=True)
    plain = tagged(ada, "Whales", "Sea")
    assert ids_in(ada_browser.get("/conversations").text) == [plain]
    page = ada_browser.get("/conversations?tag=CATS").text
    assert ids_in(page) == [archived, filed]
    assert re.findall(r'data-place="([^"]*)" data-folder="([^"]*)"', page) == [
        ("archived", ""),
        (folder, folder),
    ]
    assert ids_in(ada_browser.get("/conversations?tag=nothing").text) == []


def test_search_by_tag(ada: User, ada_browser: Browser) -> None:
    chat = tagged(ada, "Lions", "Big cats")
    tagged(ada, "Whales", "Sea")
    page = ada_browser.get("/conversations", query_string={"q": 'tag:"big cats"'}).text
    assert re.findall(r'class="search-result" href="/c/(\w+)"', page) == [chat]


@pytest.mark.parametrize("name", ["work", "Straße", "日本語", "👩\u200d🔬"])
def test_the_page_and_its_scripts_colour_a_tag_alike(name: str) -> None:
    script = (
        f'import {{ colourOf }} from "{(ROOT / "static/js/tags.js").as_uri()}";'
        f"console.log(colourOf({json.dumps(name)}));"
    )
    node = shutil.which("node") or str(ROOT / ".venv/bin/node")
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == tag_colour(name)
