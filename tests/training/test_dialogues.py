"""Our own dialogues are seeded, varied, well formed and apart from the evaluation."""

import random
import re

import pytest

from training.corpus import Record
from training.dialogues import generate
from training.dialogues.arithmetic import sum_exchange
from training.dialogues.compose import SUBJECTS
from training.dialogues.recall import any_memory
from training.dialogues.templates import expand
from training.evaluation_questions import cases, is_evaluation_question, judged_questions


@pytest.fixture(scope="module")
def made() -> list[Record]:
    return list(generate(7, 4000))


def questions(records: list[Record]) -> list[str]:
    return [m["content"] for r in records for m in r["messages"] if m["role"] == "user"]


def test_same_seed_same_dialogues() -> None:
    assert list(generate(3, 50)) == list(generate(3, 50))
    assert list(generate(3, 50)) != list(generate(4, 50))


def test_never_a_question_of_the_evaluation(made: list[Record]) -> None:
    assert not [q for q in questions(made) if is_evaluation_question(q)]


def test_every_judged_question_is_recognised() -> None:
    judged = [case for case in cases() if case.must]
    assert len(judged_questions()) == len({case.turns[-1] for case in judged})
    assert all(is_evaluation_question(case.turns[-1].upper()) for case in judged)


def test_wordings_are_many(made: list[Record]) -> None:
    asked = questions(made)
    assert len(set(asked)) > 0.75 * len(asked)


def test_chats_are_well_formed(made: list[Record]) -> None:
    for record in made:
        roles = [m["role"] for m in record["messages"] if m["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert all(m["content"].strip() for m in record["messages"])
        assert not any(re.search(r"[\[\]{}|]", m["content"]) for m in record["messages"])


def test_answers_are_ascii_and_end(made: list[Record]) -> None:
    answers = [m["content"] for r in made for m in r["messages"] if m["role"] == "assistant"]
    assert all(answer.isascii() for answer in answers)
    lines = [a.splitlines()[-1] for a in answers]
    assert not [line for line in lines if line[-1] not in '.!?"' and not line[0].isdigit()]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_is_in_the_data(subject: str) -> None:
    draw = SUBJECTS[subject][1]
    assert len({draw(random.Random(n))[0] for n in range(200)}) > 60


def test_sums_are_right() -> None:
    for number in range(500):
        _, answer = sum_exchange(random.Random(number))
        left, right = answer.rstrip(".").split(" = ")
        assert eval(left) == int(right)


def test_the_whole_table_is_seen() -> None:
    rng = random.Random(1)
    answers = {sum_exchange(rng)[1] for _ in range(20_000)}
    table = {f"{a} + {b} = {a + b}." for a in range(21) for b in range(21 - a)}
    table |= {f"{a} - {b} = {a - b}." for a in range(21) for b in range(a + 1)}
    assert len(table - answers) < 0.01 * len(table)


def test_memory_answers_hold_what_was_told() -> None:
    for number in range(200):
        memory = any_memory(random.Random(number))
        told = {word.strip(".!?,").lower() for word in memory.tell[0].split()}
        recalled = {word.strip(".!?,").lower() for word in memory.ask[1].split()}
        assert told & recalled


def test_expand_fills_inner_choices_and_slots() -> None:
    made = {expand("[a|b [c|d]] {x}", random.Random(n), {"x": ["y"]}) for n in range(50)}
    assert made == {"a y", "b c y", "b d y"}
