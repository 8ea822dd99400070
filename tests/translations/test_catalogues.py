"""Every text has a translation in every language, and each translation says what the text says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from echo.languages import LANGUAGES as SPOKEN
from scripts import translations
from scripts.translations import DOMAINS, LANGUAGES

BOTH = pytest.mark.parametrize("domain", DOMAINS)
EACH = pytest.mark.parametrize("language", LANGUAGES)
PLACES = {
    "messages": re.compile(r"%\((\w+)\)[sd]|(?<!%)%[sd]|\{\w+\}"),
    "page": re.compile(r"\{(\w+)\}"),
}
TAGS = re.compile(r"</?[a-z][^<>]*>")
SCRIPTS = {"ar": r"[\u0600-\u06ff]", "zh": r"[\u4e00-\u9fff]", "hi": r"[\u0900-\u097f]"}


@pytest.fixture(scope="module")
def sources() -> dict[str, Any]:
    return {domain: translations.texts(domain) for domain in DOMAINS}


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def rows(language: str, domain: str) -> list[Any]:
    return [row for row in translations.read(language, domain) if row.id]


def places(domain: str, text: str) -> list[str]:
    return sorted(found.group() for found in PLACES[domain].finditer(text))


def test_the_catalogues_are_those_of_the_languages_that_one_can_choose() -> None:
    assert {*LANGUAGES, "en"} == set(SPOKEN)


@EACH
@BOTH
def test_the_files_hold_the_texts_of_the_sources(
    language: str, domain: str, sources: dict[str, Any]
) -> None:
    """`make translations` brings them up to date."""
    wanted = {(row.context, forms(row.id)) for row in sources[domain] if row.id}
    assert {(row.context, forms(row.id)) for row in rows(language, domain)} == wanted


@EACH
@BOTH
def test_every_text_is_translated(language: str, domain: str) -> None:
    left = [row.id for row in rows(language, domain) if not translations.is_translated(row)]
    assert left == []


@EACH
@BOTH
def test_a_translation_has_the_placeholders_and_tags_of_its_text(
    language: str, domain: str
) -> None:
    wrong = []
    for row in rows(language, domain):
        for form in forms(row.string):
            if not _fits(domain, forms(row.id), form):
                wrong.append((row.id, form))
    assert wrong == []


def _fits(domain: str, ids: tuple[str, ...], form: str) -> bool:
    """Tell whether a form has the placeholders of one of the texts; the number may be left out."""
    found = set(places(domain, form))
    fitting = [set(places(domain, text)) for text in ids]
    number = {"%(num)s", "%(count)s", "{count}"} if len(ids) > 1 else set()
    same = any(found == each or found | number == each | number for each in fitting)
    return same and any(sorted(TAGS.findall(form)) == sorted(TAGS.findall(text)) for text in ids)


@EACH
@BOTH
def test_plural_forms_are_as_many_as_the_language_has(language: str, domain: str) -> None:
    catalog = translations.read(language, domain)
    plural = [row for row in catalog if row.id and not isinstance(row.id, str)]
    assert {len(row.string) for row in plural} <= {catalog.num_plurals}


@pytest.mark.parametrize("language", SCRIPTS)
@BOTH
def test_texts_stand_in_the_script_of_their_language(language: str, domain: str) -> None:
    """A few are names or signs alone; most are not."""
    found = [form for row in rows(language, domain) for form in forms(row.string)]
    in_script = [form for form in found if re.search(SCRIPTS[language], form)]
    assert len(in_script) >= 0.95 * len(found)


def test_what_pages_load_holds_the_plural_forms_in_their_order() -> None:
    words = translations.page_words("ar")
    assert all(isinstance(text, str) or len(text) == 6 for text in words.values())


@EACH
def test_every_translation_can_be_filled(language: str) -> None:
    """Python's `%` takes "100 % der" for a place, and fails where a page is shown."""
    wrong = []
    for row in rows(language, "messages"):
        names = re.findall(r"%\((\w+)\)", " ".join(forms(row.id)))
        if not names and not any(file.startswith("templates/") for file, _ in row.locations):
            continue  # said as it stands
        for form in forms(row.string):
            try:
                assert "%(" not in form % dict.fromkeys(names, "x")
            except (TypeError, ValueError, KeyError):
                wrong.append(form)
    assert wrong == []
