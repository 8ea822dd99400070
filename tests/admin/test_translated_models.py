"""The pages of models say nothing that no translator has seen, when one is looked at, fails or is settled."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from echo.services.serving import Models
from tests.admin.test_translated_admin import bracketed, left_in, pieces
from tests.model_fixtures import MINI, eventually, offered, script, script_with_files

__all__ = ["bracketed", "offered", "script", "script_with_files"]

GERMAN = {"Accept-Language": "de"}


def left(page: str, models: Models) -> list[str]:
    """Return what is left but for what the catalogue, the models and the scripted engine say."""
    said = {view.name for view in models.views()} | {"The script says that bad is broken."}
    for entry in models.library.catalogue.models:
        said |= {entry.title, entry.name, entry.licence, entry.note or ""}
        said.add(entry.measured.machine if entry.measured else "")
    known = {piece for text in said for piece in pieces(text)}
    return [text for text in left_in(page) if text.split(": ", 1)[1] not in known]


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
