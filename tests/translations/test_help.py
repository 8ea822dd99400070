"""The help's entries name labels and keys as the pages of each language show them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from echo.services.help.table import entries, pieces
from scripts import translations
from scripts.translations import DOMAINS, LANGUAGES


def catalogue(language: str) -> dict[str, set[str]]:
    """Return what each English text may read like, in pages and scripts."""
    found: dict[str, set[str]] = {}
    for domain in DOMAINS:
        for row in translations.read(language, domain):
            said = row.string if isinstance(row.string, str) else row.string[0]
            found.setdefault(row.id if isinstance(row.id, str) else row.id[0], set()).add(said)
    return found


def marked(text: str, kind: str) -> list[str]:
    return [piece.text for piece in pieces(text) if piece.kind == kind]


def texts() -> Iterator[str]:
    return (text for entry in entries() for text in entry.texts)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_label_is_the_one_of_the_page(language: str) -> None:
    known = catalogue(language)
    wrong = []
    for text in texts():
        (said,) = known[text]
        labels, own = marked(text, "label"), marked(said, "label")
        # one that is no text of its own ("Edited" of "Edited {time}") is as its translation has it
        strangers = [label for label in labels if not known.get(label, set(own)) & set(own)]
        if strangers or len(labels) != len(own):
            wrong.append((strangers, own))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_key_is_the_same(language: str) -> None:
    known = catalogue(language)
    for text in texts():
        (said,) = known[text]
        assert sorted(marked(said, "key")) == sorted(marked(text, "key"))
