"""Plain statements of distress get the fixed text, from no model; ordinary sentences do not."""

from collections.abc import Callable

import pytest
from flask import Flask

from echo.models import User
from echo.services.turns import safety
from tests.conftest import Tab

SELF_HARM = (
    "I want to die",
    "i wanna die.",
    "I don't want to live anymore",
    "I don’t want to be alive",
    "I do not want to live",
    "I no longer want to live",
    "I can't wish to exist",
    "I am going to kill myself",
    "I'm thinking about suicide",
    "I feel suicidal tonight",
    "I'm suicidal",
    "I have been considering suicide for weeks",
    "I want to hurt myself",
    "Should I cut myself?",
    "I think about ending my life",
    "I'm going to take my own life",
    "I just want to end it all",
    "I wish I was dead",
    "I wish I were never born",
    "Everyone would be better off without me",
    "There is no reason to live",
    "I don't have a reason to go on",
    "I WANT TO KILL MYSELF",
    "I am planning to die tomorrow",
    "i keep hurting myself and can't stop",
    "I have been cutting myself again",
    "I will hang myself",
    "I'm ready to die",
    "I don't want to live in this world",
    "I DON'T WANT TO LIVE IN PAIN",
    "I don't want to live with this pain",
    "I don't want to live like this",
)
POISONING = (
    "I took too many pills",
    "I swallowed a whole bottle of tablets",
    "I have taken all my medication",
    "I've overdosed",
    "I think I overdosed on paracetamol",
    "My son drank bleach",
    "My daughter swallowed a button battery",
    "The baby ate rat poison",
    "I accidentally drank antifreeze",
    "i just drank drain cleaner",
    "I think I have been poisoned",
    "She swallowed detergent, what now?",
    "I just took thirty of my mother's tablets.",
    "I took 25 ibuprofen",
    "i have swallowed a lot of sleeping pills",
    "I took about fifty-five paracetamol tablets",
    "My toddler has eaten a dishwasher tab!",
    "my little son has swallowed some pills",
    "Our dog ate my heart medication",
    "The kid got into the laundry pods",
)
ORDINARY = (
    "Hello!",
    "How do I kill a process on Linux?",
    "What does `kill -9` do?",
    "My phone battery died",
    "My plants want to die on me every summer",
    "Write a poem about the end of summer",
    "How do I end a list in Markdown?",
    "This joke is killing me",
    "I am dying to see that film",
    "I could eat a horse",
    "I took the bus to town",
    "I took all the photos in Rome",
    "I took twenty photos of tablets in a shop",
    "I took two tablets for my headache, as the doctor said",
    "My son took his medicine this morning",
    "My cat ate all of its food",
    "I ate ten pancakes",
    "My toddler has eaten a banana",
    "I had too many biscuits",
    "What happens in Romeo and Juliet?",
    "Is bleach good for cleaning tiles?",
    "Which detergent should I buy?",
    "How long does a pill take to work?",
    "I hurt my knee yesterday",
    "I cut my finger while cooking",
    "How do I take my dog to the vet?",
    "What is the meaning of life?",
    "Who lives in the house next door?",
    "I don't want to live in Paris",
    "I can't live without coffee",
    "Explain the half-life of caffeine",
    "The hero is better off with the dragon",
    "Give me a reason to learn Rust",
    "Do you want to be a star?",
    "I hate Mondays",
    "What is a poison dart frog?",
    "How can I remove a dead battery?",
    "How is sodium hydroxide made?",
    "When was the suicide squad film made?",
    "Explain the word overdose",
)


@pytest.mark.parametrize("sentence", SELF_HARM)
def test_statement_of_self_harm_is_heard(sentence: str) -> None:
    assert safety.concern(sentence) == "self_harm"


@pytest.mark.parametrize("sentence", POISONING)
def test_statement_of_poisoning_is_heard(sentence: str) -> None:
    assert safety.concern(sentence) == "poisoning"


@pytest.mark.parametrize("sentence", ORDINARY)
def test_ordinary_sentence_goes_to_the_model(sentence: str) -> None:
    assert safety.concern(sentence) is None


@pytest.mark.parametrize("name", ["self_harm", "poisoning"])
def test_text_has_the_configured_help_lines(name: str) -> None:
    assert "findahelpline.com" in safety.answer(name, "")
    own = safety.answer(name, "Call {braces} 123.")
    assert own.endswith("Call {braces} 123.")
    assert "findahelpline.com" not in own


def test_fixed_text_arrives_without_any_engine(
    app: Flask, tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the engine must not be asked")

    monkeypatch.setattr(app.extensions["turns"].engine, "submit", refuse)
    asked = tab.ask("send_message", {"client_id": "c1", "text": "I want to die"})
    assert asked["ok"], asked
    end = tab.wait_for("message_finished", asked["reply"]["id"])
    assert (end["status"], end["finish_reason"]) == ("complete", "stop")
    assert tab.text_of(asked["reply"]["id"]) == safety.answer("self_harm", "")
    opened = tab.ask("open_conversation", {"conversation_id": asked["conversation_id"]})
    assert opened["messages"][1]["text"] == safety.answer("self_harm", "")
    again = tab.ask("regenerate_message", {"message_id": asked["reply"]["id"]})
    assert tab.wait_for("message_finished", again["reply"]["id"])["status"] == "complete"


def test_only_the_last_question_counts(tab: Tab, ada: User, open_tab: Callable) -> None:
    asked = tab.ask("send_message", {"client_id": "c1", "text": "I want to die"})
    tab.wait_for("message_finished", asked["reply"]["id"])
    after = tab.ask(
        "send_message",
        {"client_id": "c2", "text": "Thank you", "conversation_id": asked["conversation_id"]},
    )
    tab.wait_for("message_finished", after["reply"]["id"])
    assert tab.text_of(after["reply"]["id"]) == "A short answer."
