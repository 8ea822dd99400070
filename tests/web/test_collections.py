"""The page of documents with collections, and what is shown of a document that others share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation, Device, Document, Message, Passage, RoleName, User
from echo.services.documents import collections, shelf
from tests.web.browser import Browser

EVIL = "<b onmouseover=alert(1)>Sea"


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", role=RoleName.ADMIN)


def document(user: User) -> Document:
    row = Document(user_id=user.id, name="sea.md", size_bytes=1, status="ready", passage_count=3)
    db.session.add(row)
    db.session.flush()
    for at in range(3):
        text = {"text": f"Stretch {at}.", "words": "", "heading": ""}
        place = {"start_at": 20 * at, "end_at": 20 * at + 10}
        db.session.add(Passage(document_id=row.id, position=at, **text, **place))
    db.session.commit()
    return row


def answer_citing(user: User, document: Document, position: int) -> str:
    chat = Conversation(user_id=user.id, title="A chat")
    db.session.add(chat)
    db.session.flush()
    source = {"number": 1, "document_id": document.id, "name": "sea.md", "position": position}
    values = {"conversation_id": chat.id, "user_id": user.id, "ordinal": 1, "text": "So."}
    row = Message(role="assistant", sources=[source], **values)
    db.session.add(row)
    db.session.commit()
    return row.id


def test_a_cited_passage_is_shown_alone_and_only_while_it_is_shared(
    ada: User, ada_browser: Browser, root: User
) -> None:
    row = document(root)
    collection = collections.create(root.id, "Sea", [row.id])
    collections.share(root, collection.id, RoleName.USER)
    answer = answer_citing(ada, row, 1)
    at = f"/documents/{row.id}?at=1&answer={answer}"
    page = ada_browser.get(at)
    assert (page.status_code, "Stretch 1." in page.text) == (200, True)
    assert "Stretch 0." not in page.text
    assert "Stretch 2." not in page.text
    for other in (
        f"/documents/{row.id}",
        f"/documents/{row.id}?at=1",
        f"/documents/{row.id}?at=0&answer={answer}",
        f"/documents/{row.id}?at=1&answer=none",
    ):
        assert ada_browser.get(other).status_code == 404, other
    collections.share(root, collection.id, None)
    gone = ada_browser.get(at)
    assert (gone.status_code, "no longer available" in gone.text) == (404, True)


def test_ones_own_is_shown_with_the_text_around_it(ada: User, ada_browser: Browser) -> None:
    row = document(ada)
    page = ada_browser.get(f"/documents/{row.id}?at=1&answer={answer_citing(ada, row, 1)}")
    assert "Stretch 0." in page.text
    shelf.remove(ada.id, row.id)
    gone = ada_browser.get(f"/documents/{row.id}?at=1&answer={answer_citing(ada, row, 1)}")
    assert gone.status_code == 404


def test_sharing_asks_for_a_fresh_proof(root: User, signed_in: Callable[[User], Browser]) -> None:
    browser, row = signed_in(root), collections.create(root.id, "Sea")
    path, body = f"/api/collections/{row.id}/sharing", {"least_role": "user"}
    db.session.execute(update(Device).values(confirmed_at=utc_now() - timedelta(minutes=11)))
    db.session.commit()
    refused = browser.open(path, method="PUT", json=body)
    assert (refused.status_code, refused.get_json()["code"]) == (401, "step_up_needed")
    db.session.refresh(row)
    assert row.least_role is None
    db.session.execute(update(Device).values(confirmed_at=utc_now()))
    db.session.commit()
    assert browser.open(path, method="PUT", json=body).status_code == 200


def test_the_page_shows_ones_own_to_change_and_others_to_ask(
    ada: User, ada_browser: Browser, root: User
) -> None:
    mine = collections.create(ada.id, EVIL, [document(ada).id])
    theirs = collections.create(root.id, "Handbook", [document(root).id])
    collections.share(root, theirs.id, RoleName.USER)
    page = ada_browser.get("/documents").text
    assert EVIL not in page
    assert f'data-collection-rename="{mine.id}"' in page
    assert f'data-collection-rename="{theirs.id}"' not in page
    assert page.count("/?collection=") == 2
    assert "data-collection-share" not in page  # that is for administrators
    collections.share(root, theirs.id, RoleName.ADMIN)
    assert "Handbook" not in ada_browser.get("/documents").text
