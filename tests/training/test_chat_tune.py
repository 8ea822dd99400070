"""Small talk of the corpus gets Echo's own words, and is joined into longer chats."""

import random

from training.chat_tune import asks_evaluation, in_echos_words, joined, question_topics
from training.corpus import Record
from training.dialogues.banks import table
from training.evaluation_questions import cases


def chat(source: str, question: str, answer: str) -> Record:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"source": source, "messages": turns}  # type: ignore[typeddict-item]


def test_every_replaced_answer_has_a_topic() -> None:
    for bank, topic in table("echos_words").values():
        assert table(bank)[topic]["answer"]


def test_known_questions_get_our_answer_in_every_voice() -> None:
    friendly = chat("personality-chat-friendly", "Your name?", "Oh, I don't have a name.")
    formal = chat("personality-chat-professional", "Your name?", "I do not have one.")
    other = chat("dolly-15k", "Your name?", "I do not have one.")
    topics = question_topics([friendly, formal, other])
    rng = random.Random(1)
    assert "Echo" in in_echos_words(formal, topics, rng)["messages"][1]["content"]
    assert in_echos_words(other, topics, rng) is other


def test_small_talk_is_joined_and_nothing_is_lost() -> None:
    talk = [chat("personality-chat-caring", f"q{n}", "a") for n in range(60)]
    long = list(joined(talk, random.Random(1)))
    assert {len(record["messages"]) for record in long} == {2, 4, 6}
    assert sum(len(record["messages"]) for record in long) >= 2 * 58


def test_evaluation_questions_are_noticed() -> None:
    judged = next(case for case in cases() if case.must)
    assert asks_evaluation(chat("x", judged.turns[-1].upper(), "a"))
    assert not asks_evaluation(chat("x", "Something else entirely", "a"))
