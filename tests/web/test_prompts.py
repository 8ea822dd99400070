"""The library of prompts by pages: one's own and those that are shared, as text, and a file to take along."""

from __future__ import annotations

from collections.abc import Callable

from echo.extensions import db
from echo.models import RoleName, User
from echo.services.prompts import saved, sharing
from echo.services.prompts.saved import Wording
from tests.web.browser import Browser

EVIL = "<b>{{x}}</b>"


def test_the_list_has_ones_own_first_and_what_is_shared(
    ada: User, ada_browser: Browser, make_user: Callable[..., User]
) -> None:
    root = make_user("root", role=RoleName.ADMIN)
    saved.make(root.id, Wording("Theirs", "walrus"))
    sharing.share(root, Wording("All", "x"), RoleName.USER)
    sharing.share(root, Wording("Few", "x"), RoleName.ADMIN)
    saved.make(ada.id, Wording("Zebra", EVIL))
    found = ada_browser.get("/prompts").get_json()["prompts"]
    assert [(each["name"], each["shared"]) for each in found] == [("Zebra", False), ("All", True)]
    assert found[0]["text"] == EVIL
    panel = ada_browser.get("/prompts/panel").text
    assert "&lt;b&gt;{{x}}&lt;/b&gt;" in panel
    assert EVIL not in panel
    assert "Shared with you" in panel
    assert "Few" not in panel


def test_made_changed_and_deleted_by_forms(ada: User, ada_browser: Browser) -> None:
    made = ada_browser.ajax("/prompts", {"name": "A", "text": "x"}).get_json()
    assert made == {"status": "ok", "message": "“A” is saved."}
    (row,) = saved.own(ada.id)
    assert (
        ada_browser.ajax(f"/prompts/{row.id}/change", {"name": "B", "text": "y"}).status_code == 200
    )
    refused = ada_browser.ajax(f"/prompts/{row.id}/change", {"name": "B", "text": " "})
    assert (refused.status_code, refused.get_json()["field"]) == (400, "text")
    db.session.expire_all()
    assert saved.exported(ada.id)["prompts"] == [{"name": "B", "text": "y"}]
    gone = ada_browser.ajax(f"/prompts/{row.id}/delete").get_json()
    assert gone["message"] == "“B” is deleted."
    assert ada_browser.ajax(f"/prompts/{row.id}/delete").status_code == 404


def test_the_file_is_read_again_and_says_what_was_left_out(ada: User, ada_browser: Browser) -> None:
    saved.make(ada.id, Wording("A", "ä {{x}}"))
    file = ada_browser.get("/prompts/export")
    assert "echo-prompts.json" in file.headers["Content-Disposition"]
    new = [{"name": "N", "text": "n"}, *({"name": str(number)} for number in range(4))]
    both = {"prompts": [*file.get_json()["prompts"], *new]}
    said = ada_browser.post("/prompts/import", json={"prompts": both}).get_json()["message"]
    assert said.startswith("1 prompt is new. 5 left out: A: It is here already. Number 3: ")
    assert said.endswith("…")
    for body in ({"prompts": {}}, {}, {"prompts": 1}):
        refused = ada_browser.post("/prompts/import", json=body)
        assert (refused.status_code, refused.get_json()["field"]) == (400, "prompts")
