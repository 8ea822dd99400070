"""The pages of models say nothing that no translator has seen, when one is looked at, fails or is settled."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from echo import languages
from echo.admin import engine_words
from echo.config import ROOT
from echo.services.serving import Models
from tests.admin.test_translated_admin import bracketed, left_in, pieces
from tests.model_fixtures import MINI, eventually, offered, script, script_with_files

__all__ = ["bracketed", "offered", "script", "script_with_files"]

GERMAN = {"Accept-Language": "de"}


def left(page: str, models: Models) -> list[str]:
    """Return what is left but for names, licences and what the scripted engine says."""
    said = {view.name for view in models.views()} | {"The script says that bad is broken."}
    for entry in models.library.catalogue.models:
        said |= {entry.title, entry.name, entry.licence}
    known = {piece for text in said for piece in pieces(text)}
    return [text for text in left_in(page) if text.split(": ", 1)[1] not in known]


def test_every_word_of_the_engine_about_itself_is_listed() -> None:
    files = (ROOT / "echo" / "generation").rglob("*.py")
    code = "\n".join(file.read_text() for file in files)
    ways = set(re.findall(r'\bway ?= ?f?"(.+?)"', code))
    steps = set(re.findall(r'progress\([^"\n]+, "(.+?)"\)', code))
    assert len(ways) >= 5
    assert len(steps) >= 9
    listed = [languages._filled(each) for each in engine_words.WAYS + engine_words.STEPS]
    assert [text for text in ways | steps if not any(one.fullmatch(text) for one in listed)] == []


@pytest.mark.parametrize("bits", ["8", "4 and 8"])
def test_how_it_computes_is_said_with_its_words_and_numbers(app: Flask, bits: str) -> None:
    way = f"own kernels (AVX2), weights of {bits} bits"
    with app.test_request_context(headers={"Accept-Language": "ar"}):
        said = engine_words.way(way)
    assert "own" not in said
    assert "AVX2" in said
    assert re.findall(r"\d", said.replace("AVX2", "")) == re.findall(r"\d", bits)


@pytest.mark.usefixtures("bracketed")
@pytest.mark.parametrize(
    "path", ["", "add/", "edit/?name=a", "edit/?name=echo-mini", "remove/?name=echo-mini"]
)
def test_no_page_of_models_says_what_no_translator_has_seen(
    offered: Models, root: FlaskClient, path: str
) -> None:
    page = root.get(f"/admin/models/{path}", headers=GERMAN)
    assert page.status_code == 200
    assert not left(page.text, offered)


@pytest.mark.usefixtures("bracketed")
def test_what_adding_takes_and_why_one_failed_too(offered: Models, root: FlaskClient) -> None:
    wanted = {"source": str(MINI), "name": "mine"}
    plan = root.post("/admin/models/add/", data=wanted, headers=GERMAN)
    assert plan.status_code == 200
    assert not left(plan.text, offered)
    root.post("/admin/models/load/", data={"name": "bad"})
    eventually(lambda: offered.view("bad").status.state == "failed")
    assert not left(root.get("/admin/models/", headers=GERMAN).text, offered)
