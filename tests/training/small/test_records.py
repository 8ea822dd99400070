"""What the adapter learns from: well formed, mostly replay, apart from the evaluation, and clean."""

import random
import re
from collections import Counter

import pytest

from training.corpus import Record
from training.small import echo_share
from training.small.apart import asks_an_evaluation_question
from training.small.evaluate import OPEN, cases
from training.small.helped import helped_chats
from training.small.records import read_chats, records, written
from training.small.served import FULL_PROMPT, as_read, entry_lines

MAKERS = re.compile(r"openai|alibaba|anthropic|google|microsoft|GPT-4", re.IGNORECASE)
TOY = re.compile(r"I am (too |a )?small|small program|beyond me", re.IGNORECASE)


@pytest.fixture(scope="module")
def made() -> list[Record]:
    return records(20)


def answers(made: list[Record]) -> list[str]:
    return [m["content"] for r in made for m in r["messages"] if m["role"] == "assistant"]


def test_same_seed_same_records(made: list[Record]) -> None:
    assert records(20) == made
    assert records(21) != made


def test_every_chat_is_well_formed(made: list[Record]) -> None:
    for record in made:
        roles = [message["role"] for message in record["messages"]]
        turns = roles[1:] if roles[0] == "system" else roles
        assert turns
        assert turns == ["user", "assistant"] * (len(turns) // 2)
        assert all(message["content"].strip() for message in record["messages"])
        prose = re.sub(r"```.*?```|`[^`]+`", "", record["messages"][-1]["content"], flags=re.DOTALL)
        assert not re.search(r"[{}]\w+}|\[\w+\|", prose), "an open slot"


def test_no_question_of_the_evaluation(made: list[Record]) -> None:
    assert not [r for r in made if asks_an_evaluation_question(r["messages"])]
    judged = cases()[0].turns[-1]
    assert asks_an_evaluation_question([{"role": "user", "content": judged.upper() + " "}])


def test_a_question_that_is_almost_one_of_the_evaluation_is_kept_apart_too() -> None:
    judged = next(case.turns[0] for case in cases() if case.behaviour == "code")
    assert asks_an_evaluation_question([{"role": "user", "content": f"Please {judged.lower()}"}])
    other = "Write a Python function that turns metres into feet."
    assert not asks_an_evaluation_question([{"role": "user", "content": other}])


def test_at_least_two_thirds_of_what_is_learned_is_replay(made: list[Record]) -> None:
    size = Counter[str]()
    for record in made:
        said = [m["content"] for m in record["messages"] if m["role"] == "assistant"]
        size[record["source"]] += sum(map(len, said))
    assert size["written"] >= 2 * size["echo"]


def test_nothing_makes_it_a_toy(made: list[Record]) -> None:
    assert not [a for a in answers(made) if TOY.search(a)]


def test_a_maker_is_named_only_where_the_question_does() -> None:
    for chat in written():
        for question, answer in chat.turns:
            named = {found.lower() for found in MAKERS.findall(answer)}
            assert named <= {found.lower() for found in MAKERS.findall(question)}, (
                question,
                answer,
            )


def test_every_kind_of_open_request_is_written_for() -> None:
    kinds = Counter(chat.kind for chat in written())
    assert set(OPEN) <= set(kinds)
    assert min(kinds.values()) >= 20
    requests = [chat.turns[0][0] for chat in written()]
    assert len(set(requests)) == len(requests)


NUMBER = r"(a hundred|[\w-]+)"
TERM = re.compile(rf"{NUMBER} (\+|-|plus|minus) {NUMBER} (?:=|is) {NUMBER}", re.IGNORECASE)
NUMBERS = {echo_share.in_words(number): number for number in range(101)}


def is_right(term: tuple[str, ...]) -> bool:
    """Whether a sum such as 2 + 3 = 5 is right, in figures or in words."""
    a, b, total = (
        NUMBERS.get(term[i].lower(), -1) if term[i][0].isalpha() else int(term[i])
        for i in (0, 2, 3)
    )
    assert 0 <= total <= 100
    return total == (a + b if term[1] in ("+", "plus") else a - b)


def test_sums_are_right() -> None:
    rng = random.Random(1)
    for _ in range(300):
        text = echo_share.sums(rng)[-1]["content"]
        found = TERM.search(text)
        assert found, text
        assert is_right(found.groups()), text


def test_what_was_told_is_what_is_recalled() -> None:
    rng = random.Random(1)
    values = [
        value
        for form in echo_share.share()["memory"]["told"]
        for group in form["values"].values()
        for value in group
    ]
    for _ in range(200):
        chat = echo_share.memory(rng)
        told, recalled = chat[0]["content"].lower(), chat[-1]["content"].lower()
        assert any(value.lower() in told and value.lower() in recalled for value in values), chat
        assert not re.search(r"\b(I|my)\b", chat[-1]["content"]), "it is the user's, not Echo's"


def test_written_sums_are_right() -> None:
    texts = [answer for chat in written() if chat.kind == "sums" for _, answer in chat.turns]
    found = [re.search(r"(?<![+-] )\b(\d+) ([+-]) (\d+) = (\d+)", text) for text in texts]
    terms = [term.groups() for term in found if term]
    assert len(terms) > 10
    assert [term for term in terms if not is_right(term)] == []


def test_numbers_in_words() -> None:
    words = {0: "zero", 13: "thirteen", 40: "forty", 72: "seventy-two", 100: "a hundred"}
    assert {number: echo_share.in_words(number) for number in words} == words
    with pytest.raises(ValueError, match="-1"):
        echo_share.in_words(-1)


def test_a_written_answer_about_a_feature_has_its_entry_beside_it() -> None:
    chats = list(helped_chats(random.Random(1)))
    assert len(chats) > 200
    lines = set(entry_lines().values())
    for question, answer in chats:
        told = question["content"].removeprefix("<help>\n").split("\n</help>\n")[0]
        assert set(told.split("\n")) <= lines
        assert not re.search(r"[*{}]", answer["content"]), answer


def test_questions_stand_as_the_application_writes_them(made: list[Record]) -> None:
    """Only under its own prompt, and once."""
    asked = [(r["messages"][0]["content"], m["content"])
             for r in made for m in r["messages"] if m["role"] == "user"]  # fmt: skip
    assert all(text.count("<help>") <= 1 for _, text in asked)
    question = "How do I delete a chat?"
    assert as_read({"role": "user", "content": question}, FULL_PROMPT)["content"].startswith(
        "<help>"
    )
    assert as_read({"role": "user", "content": question}, "Be kind.")["content"] == question


def test_the_product_prompt_is_the_commonest(made: list[Record]) -> None:
    prompts = Counter(record["messages"][0]["content"] for record in made)
    assert prompts.most_common(1)[0][0] == FULL_PROMPT
    assert prompts[FULL_PROMPT] > 0.45 * len(made)


def test_chats_are_read_with_all_their_lines_and_turns() -> None:
    text = (
        "Q: One?\nA: First line\n\nsecond line\n\nQ: Two\nof two lines\nA: Yes.\nQ+: Why?\nA: So.\n"
    )
    assert list(read_chats(text)) == [
        (("One?", "First line\n\nsecond line"),),
        (("Two\nof two lines", "Yes."), ("Why?", "So.")),
    ]
    for broken in ("Q: One?\n\nQ: Two?\nA: Yes.", "Q: One?\nA: "):
        with pytest.raises(ValueError, match="One"):
            list(read_chats(broken))
