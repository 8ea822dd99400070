"""Pictures on the page of documents and on the page of one; what somebody else is shown of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echo.extensions import db
from echo.models import Document, DocumentPicture, RoleName, User
from echo.services.documents import collections, pictures
from tests.web.browser import Browser
from tests.web.test_collections import answer_citing

EVIL = '"><b onmouseover=alert(1)>Sea'
SAFE = "&#34;&gt;&lt;b onmouseover=alert(1)&gt;Sea"


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", role=RoleName.ADMIN)


def picture(user: User) -> Document:
    row = Document(
        user_id=user.id, name="sea.png", size_bytes=1, status="ready", kind="png", width=2, height=1
    )
    db.session.add(row)
    db.session.flush()
    shown = {"content": b"RIFF", "preview": b"RIFF"}
    db.session.add(DocumentPicture(document_id=row.id, size_bytes=8, **shown))
    db.session.commit()
    return pictures.describe(user.id, row.id, EVIL)


def test_pictures_are_listed_with_what_is_said_of_them(ada: User, ada_browser: Browser) -> None:
    row = picture(ada)
    for at in ("/documents", f"/documents/{row.id}"):
        page = ada_browser.get(at).text
        assert f'src="/api/documents/{row.id}/picture' in page
        assert SAFE in page
        assert EVIL not in page
        assert "do not see pictures" not in page
    pictures.describe(ada.id, row.id, "")
    for at in ("/documents", f"/documents/{row.id}"):
        assert "The models here do not see pictures" in ada_browser.get(at).text
    assert f'alt="{row.name}"' in ada_browser.get(f"/documents/{row.id}").text


def test_of_a_shared_picture_others_read_the_description_alone(
    ada: User, ada_browser: Browser, root: User
) -> None:
    row = picture(root)
    shared = collections.create(root.id, "Coast", [row.id])
    answer = answer_citing(ada, row, 0)
    at = f"/documents/{row.id}?at=0&answer={answer}"
    assert ada_browser.get(at).status_code == 404
    collections.share(root, shared.id, RoleName.USER)
    page = ada_browser.get(at)
    assert page.status_code == 200
    assert SAFE in page.text
    assert "<img" not in page.text.partition('id="document-text"')[2].partition("</article>")[0]
    assert ada_browser.get(f"/api/documents/{row.id}/picture").status_code == 404
