"""What the server tells several readers at once in English is what pages can say in the language of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from echo.services.chats import failures
from echo.services.sign_in import endings
from scripts import translations
from scripts.translations import LANGUAGES

PLACE = re.compile(r"%\((\w+)\)s")
TOLD = [*failures.TEXTS, *(text for name, text in vars(endings).items() if name.isupper())]
GROUPS = ("Pinned", "Today", "Yesterday", "Previous 7 days")
"""Labels that the server writes into the list of chats, and the page beside them."""


@pytest.mark.parametrize("text", TOLD)
def test_pages_know_every_text_that_all_are_told(text: str) -> None:
    known = (Path(translations.ROOT) / "static/js/server_words.js").read_text()
    told = PLACE.sub(r"{\1}", text)
    assert f'mark("{told}")' in known


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("label", GROUPS)
def test_labels_of_the_list_read_alike_on_both_sides(label: str, language: str) -> None:
    said = [translations.read(language, domain).get(label) for domain in ("messages", "page")]
    assert all(said)
    assert said[0].string == said[1].string
