"""One's own page of what guardrails decided: shown, objected to without JavaScript, answered."""

from __future__ import annotations

from echo.extensions import db
from echo.models import GuardDecision, User
from tests.web.browser import Browser


def decided(user: User) -> str:
    row = GuardDecision(
        user_id=user.id, call_id="c", route="temporary", rule_name="A rule", place="question",
        act="mask", reason="No <walruses> here.",
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row.id


def test_nothing_is_shown_where_nothing_was_decided(ada: User, ada_browser: Browser) -> None:
    assert "What guardrails decided" not in ada_browser.get("/profile/data").text


def test_a_decision_is_shown_and_objected_to(ada: User, ada_browser: Browser) -> None:
    number = decided(ada)
    page = ada_browser.get("/profile/data").text
    assert "Words of your question were masked" in page
    assert "No &lt;walruses&gt; here." in page
    path = f"/profile/decisions/{number}/objection"
    assert ada_browser.post(path, data={"objection": "It is <a> name."}).status_code == 302
    page = ada_browser.get("/profile/data").text
    assert "It is &lt;a&gt; name." in page
    assert f'action="{path}"' not in page
    assert ada_browser.post(path, data={"objection": "Again."}).status_code == 409


def test_an_objection_that_says_nothing_is_refused(ada: User, ada_browser: Browser) -> None:
    path = f"/profile/decisions/{decided(ada)}/objection"
    answer = ada_browser.post(path, data={"objection": ""})
    assert answer.status_code == 400
    assert "Say why you object." in answer.text


def test_anothers_decision_is_not_found(ada_browser: Browser, make_user: object) -> None:
    number = decided(make_user("bob"))  # type: ignore[operator]
    path = f"/profile/decisions/{number}/objection"
    assert ada_browser.post(path, data={"objection": "Mine."}).status_code == 404
