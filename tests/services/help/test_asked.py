"""The many ways of asking one thing: slips, words drawn together, small words alone, and what looks alike."""

from __future__ import annotations

import pytest

from echo.policies import RoleName
from echo.services.help import browse, search, words


def found(question: str, role: RoleName = RoleName.USER) -> list[str]:
    return [entry.id for entry in search.find(question, role)]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("how do i chagne my pasword", "change-password"),
        ("exprot this converstion", "export-chat"),
        ("kebyoard shortcuts", "keyboard"),
        ("singout", "sign-out"),
        ("swich to drak mode", "theme"),
        ("the mircophone does not work", "dictate"),
    ],
)
def test_slips_of_the_keyboard_find_all_the_same(question: str, wanted: str) -> None:
    assert wanted in found(question)


@pytest.mark.parametrize(
    "question",
    [
        "I can't remember my password",
        "i cant remember my password",
        "I cannot remember my password",
        "i dont remember my password",
        "I DON’T KNOW MY PASSWORD",
    ],
)
def test_words_drawn_together_are_the_same_words(question: str) -> None:
    assert "forgot-password" in found(question)


def test_what_somebody_does_not_know_is_not_forgotten() -> None:
    assert "forget" in words.said("i do not know my password").major
    assert "forget" not in words.said("i do not know how to change my picture").major
    assert "picture" in found("I don't know how to change my picture")


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What is this?", "what-echo-is"),
        ("what's this", "what-echo-is"),
        ("whats this", "what-echo-is"),
        ("What can you do?", "what-it-can"),
        ("Who runs this?", "contact"),
        ("is there an app", "phone"),
        ("are there apps for my phone", "phone"),
    ],
)
def test_small_words_alone_find_as_well(question: str, wanted: str) -> None:
    assert wanted in found(question)


@pytest.mark.parametrize(
    "question",
    [
        "What does this do?",
        "what can this",
        "Is this what you can do that with?",
        "what did you do",
    ],
)
def test_other_small_words_are_another_question(question: str) -> None:
    assert found(question) == []


@pytest.mark.parametrize("tongue", ["German", "Spanish", "Chinese", "Polish", "Japanese"])
def test_a_language_is_one_whatever_its_name(tongue: str) -> None:
    assert "language" in found(f"I want the menus in {tongue}")
    assert found(f"Translate hello into {tongue}") == []
    assert found(f"How do I learn {tongue} quickly?") == []


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("delete many chats", "select-chats"),
        ("delete lots of chats", "select-chats"),
        ("delete multiple chats", "select-chats"),
    ],
)
def test_many_is_several(question: str, wanted: str) -> None:
    assert wanted in found(question)


def test_how_many_is_a_number() -> None:
    assert "numbers" in found("how many chats do I have")
    assert "select-chats" not in found("how many chats do I have")


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("make a persona", "personas"),
        ("make a public link", "share-chat"),
        ("make a collection of documents", "collections"),
        ("what does Next mean above the field", "queue"),
        ("draft saved?", "drafts"),
    ],
)
def test_what_begins_like_a_task_may_be_about_echo(question: str, wanted: str) -> None:
    assert wanted in found(question)


@pytest.mark.parametrize(
    "question",
    [
        "make a poem about a persona",
        "draft a letter about my lost password",
        "what does retention mean",
        "sort these people by their age",
        "Who invented the keyboard?",
        "How do I change my password at my bank?",
        "I hurt my friend's feelings and now she won't talk to me",
        "What is catfishing in online dating?",
        "How do I make a massage more relaxing?",
        "I have 3 cats and 4 dogs",
    ],
)
def test_what_looks_alike_finds_nothing(question: str) -> None:
    assert found(question, RoleName.SUPER_ADMIN) == []


@pytest.mark.parametrize("said", ["excellent", "terrible"])
def test_excellent_is_no_excel(said: str) -> None:
    assert "rate" in found(f"your answer was {said}, where do I rate it")


def test_chats_that_are_spoken_of_are_echos_own_in_a_short_text_alone() -> None:
    question = "Please remove the conversation about my salary from the list"
    assert "delete-chat" in found(question)
    assert found("She took the parcel to the post office in the rain. " * 8 + question) == []


def test_two_words_of_different_phrases_need_more_of_the_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ "No network" and "in the train" are of one entry, and not of one way to ask for it."""
    question = "How do I train a neural network?"
    assert found(question) == []
    search.forget()
    monkeypatch.setattr(words, "is_weak", lambda _: False)  # everyday words they are as well
    assert found(question) == []
    search.forget()
    monkeypatch.setattr(search, "LEAST_SHARE_APART", search.LEAST_SHARE)
    assert "offline" in found(question)
    search.forget()


def test_the_page_finds_with_slips_too() -> None:
    assert "change-password" in [entry.id for entry in browse("pasword", RoleName.USER)]
    assert [entry.id for entry in browse("passw", RoleName.USER)]  # unfinished, no slip
    assert browse("xylophone", RoleName.USER) == []
