"""The help in other languages: what is read, and what is found by the words of it."""

from __future__ import annotations

import tomllib

import pytest
from flask import Flask

from echo import languages
from echo.config import Settings
from echo.policies import RoleName
from echo.services import help
from echo.services.help import facts, translated
from echo.services.help.facts import Facts
from echo.services.help.table import entries, pieces
from echo.services.site_settings import SiteSettings


def browsed(code: str, query: str, role: RoleName | None = RoleName.USER) -> list[str]:
    with languages.spoken(code):
        return [entry.id for entry in help.browse(query, role)]


@pytest.mark.parametrize(
    ("code", "query", "wanted"),
    [
        ("de", "Passwort ändern", "change-password"),
        ("de", "passw", "change-password"),
        ("de", "Chats exportieren", "export-chat"),
        ("de", "Dark Mode", "theme"),
        ("fr", "changer le mot de passe", "change-password"),
        ("fr", "supprimer mon compte", "delete-account"),
        ("es", "cambiar la contraseña", "change-password"),
        ("ar", "كلمة المرور", "change-password"),
        ("zh", "删除账户", "delete-account"),
        ("zh", "密码", "change-password"),
        ("hi", "पासवर्ड बदलें", "change-password"),
    ],
)
def test_found_by_its_own_words(app: Flask, code: str, query: str, wanted: str) -> None:
    assert wanted in browsed(code, query)[:5]


@pytest.mark.slow  # a thousand questions in each
@pytest.mark.parametrize("code", [code for code in languages.LANGUAGES if code != "en"])
def test_what_people_ask_finds_what_they_ask_for(app: Flask, code: str) -> None:
    asked = tomllib.loads((translated.KEYWORDS / f"{code}.toml").read_text("utf-8"))
    assert set(asked) <= {entry.id for entry in entries()}
    lost = [
        (wanted, phrase)
        for wanted, phrases in asked.items()
        for phrase in phrases
        if wanted not in browsed(code, phrase, RoleName.SUPER_ADMIN)[:8]
    ]
    assert lost == []


def test_what_is_shown_above_an_answer_is_in_the_readers_language(app: Flask) -> None:
    known = facts.of(Settings(_env_file=None), SiteSettings())
    found = [entry for entry in entries() if entry.id == "change-password"]
    (english,) = help.told_here(found, known)
    with languages.spoken("de"):
        (german,) = help.told_here(found, known)
    assert english[0] == "Change your password"
    assert german[0] == "Dein Passwort ändern"
    assert "Passwort" in german[1]
    assert "**" not in german[1] + english[1]  # words alone


def test_english_words_find_where_no_own_ones_do(app: Flask) -> None:
    assert "two-factor" in browsed("de", "authenticator")
    assert browsed("de", "xylophone") == []


def test_rights_are_the_same(app: Flask) -> None:
    assert "admin-downloads" not in browsed("de", "Downloads")
    assert "admin-downloads" in browsed("de", "Downloads", RoleName.SUPER_ADMIN)
    assert browsed("hi", "", RoleName.SUPER_ADMIN) == [entry.id for entry in entries()]


def test_what_a_model_reads_stays_english(app: Flask) -> None:
    prompting = help.Prompting(RoleName.USER, Facts(), is_on=True)
    with languages.spoken("de"):
        assert "Change your password" in prompting.question("How do I change my password?")


@pytest.mark.parametrize("code", [code for code in languages.LANGUAGES if code != "en"])
def test_every_entry_reads_whole(app: Flask, code: str) -> None:
    with languages.spoken(code):
        words = dict.fromkeys(("version", "where", "message_chars", "picture_mb", "kept"), "")
        for entry in map(help.entry_here, entries()):
            for text in entry.texts:
                assert "*" not in "".join(piece.text for piece in pieces(text.format_map(words)))


def test_facts_are_said_in_the_language_of_the_page(app: Flask) -> None:
    known = Facts({"where": facts.WHERE[True], "kept": facts.SOME_DAYS % {"days": 30}})
    with languages.spoken("de"):
        said = help.facts_here(known).words
    assert "30" in said["kept"]
    assert not {said["where"], said["kept"]} & set(known.words.values())
    assert said["message_chars"].count(".") == 1
