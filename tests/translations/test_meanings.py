"""One English word that stands for several things is said by the word for each, in the files and on pages."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from scripts import translations
from scripts.translations import LANGUAGES

TOLD_APART = [
    ("de", "messages", "Open", None, "Offen"),
    ("de", "messages", "Open", "verb", "Öffnen"),
    ("hi", "messages", "Open", "verb", "खोलें"),
    ("es", "messages", "admin", None, "administrador"),
    ("es", "messages", "admin", "part of Echo", "administración"),
    ("zh", "page", "Code", None, "代码"),
    ("zh", "page", "Code", "second factor", "验证码"),
]


@pytest.mark.parametrize(("language", "domain", "text", "context", "said"), TOLD_APART)
def test_each_meaning_has_its_word(
    language: str, domain: str, text: str, context: str | None, said: str
) -> None:
    found = translations.read(language, domain).get(text, context)
    assert found is not None
    assert found.string == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_with_a_meaning_and_the_same_without_are_two_entries(language: str) -> None:
    for domain in translations.DOMAINS:
        rows = [row for row in translations.read(language, domain) if row.id]
        assert len({(row.context, str(row.id)) for row in rows}) == len(rows)
        assert any(row.context for row in rows)


def test_templates_say_the_meaning_and_english_shows_no_context(app: Flask) -> None:
    template = app.jinja_env.from_string('{{ _("Open") }} {{ pgettext("verb", "Open") }}')
    for code, said in (("de", "Offen Öffnen"), ("en", "Open Open")):
        with app.test_request_context(), force_locale(code):
            assert template.render() == said


def test_what_scripts_load_tells_meanings_apart_by_the_key_that_they_ask_for() -> None:
    words = translations.page_words("zh")
    assert (words["second factor\x04Code"], words["Code"]) == ("验证码", "代码")
