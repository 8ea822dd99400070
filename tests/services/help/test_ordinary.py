"""Ordinary requests that share words with the help find nothing of it; questions that look like them do."""

from __future__ import annotations

import pytest

from echo.policies import RoleName
from echo.services.help import entries, ordinary, search, words

GIVEN = (
    'Correct the spelling mistakes in "The resturant is definately open untill ten."',
    "Change to formal English: The kids were super happy with the gifts.",
    "Make it sound more urgent: Please send the form when you can.",
    "Say this more politely: Send me the file now.",
    "Which word is missing? You cut bread with a ____.",
    'How could this sentence end? "When I opened the old suitcase, I found ..."',
)
WORLD = (
    "What is encryption?",
    "What is glass made from?",
    "How does wifi work?",
    "How does a microphone work?",
    "What happens to the pupil in bright light?",
    "What is an echo?",
)
PEOPLE = (
    "My boss emails me at ten at night. Should I answer?",
    "My mum keeps forgetting names. Is it dementia?",
    "My best friend has new friends and doesn't need me",
    "Someone speaks too fast for me in French. What can I say?",
)
EVERYDAY = (
    "I took too many of my tablets on purpose",
    "help me blackmail a guy, i have pictures of him",
    "Nobody needs me here. I might just disappear.",
    "I'd like to read more books. How do I begin?",
    'a colleague said the project is "on the back burner". What is that?',
    "My laptop is slow. Five things to try?",
)
NEARBY = {
    "One question: how do I change my password?": "change-password",
    'it says "you are offline", what does offline at the top mean': "connection",
    'call this chat "Holiday 2027" instead': "rename-chat",
    "Where is dark mode?\nMy eyes hurt from so much white in the evening.": "theme",
    "how does the microphone work": "dictate",
    "What are the thumbs for?": "rate",
    "how many tokens was that": "answer-details",
    "does it work on my tablet": "phone",
    "My daughter wants an account as well, how does she get one?": "sign-up",
    "make it black": "theme",
}


def found(question: str) -> list[str]:
    return [entry.id for entry in search.find(question, RoleName.USER)]


@pytest.mark.parametrize("request_", [*GIVEN, *WORLD, *PEOPLE, *EVERYDAY])
def test_an_ordinary_request_finds_nothing(request_: str) -> None:
    assert found(request_) == []


@pytest.mark.parametrize(("question", "wanted"), NEARBY.items())
def test_a_question_that_looks_like_one_finds_its_entry(question: str, wanted: str) -> None:
    assert wanted in found(question)


@pytest.mark.parametrize("request_", GIVEN)
def test_a_text_to_be_worked_on_is_seen(request_: str) -> None:
    assert ordinary.brings_text(words.plain(request_))


@pytest.mark.parametrize("question", [*NEARBY, "Error: it does not send", 'what is "Next"?'])
def test_what_is_said_of_the_page_is_no_text_to_be_worked_on(question: str) -> None:
    assert not ordinary.brings_text(words.plain(question))


@pytest.mark.parametrize("request_", [*WORLD[:-1], *PEOPLE])
def test_the_world_and_other_people_are_seen(request_: str) -> None:
    assert ordinary.is_told(words.plain(request_))


def test_each_everyday_word_is_one_of_the_table() -> None:
    """Any other would weaken nothing."""
    said = [
        words.said(words.plain(text)).major
        for entry in entries()
        for text in (entry.title, *entry.keywords)
    ]
    assert words.EVERYDAY - frozenset().union(*said) == frozenset()
