"""What the adapter learns from: well formed, mostly replay, apart from the evaluation, and clean."""

import random
import re
from collections import Counter

import pytest

from training.corpus import Record
from training.small import echo_share
from training.small.config import FULL_PROMPT
from training.small.evaluate import OPEN, cases
from training.small.records import asks_an_evaluation_question, read_exchanges, records, written

MAKERS = re.compile(r"openai|alibaba|anthropic|google|microsoft|echo-mini|GPT-4", re.IGNORECASE)
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
        assert not re.search(r"[{}]\w+}|\[\w+\|", str(record["messages"][-1])), "an open slot"


def test_no_question_of_the_evaluation(made: list[Record]) -> None:
    assert not [r for r in made if asks_an_evaluation_question(r["messages"])]
    judged = cases()[0].turns[-1]
    assert asks_an_evaluation_question([{"role": "user", "content": judged.upper() + " "}])


def test_at_least_two_thirds_of_what_is_learned_is_replay(made: list[Record]) -> None:
    size = Counter[str]()
    for record in made:
        said = [m["content"] for m in record["messages"] if m["role"] == "assistant"]
        size[record["source"]] += sum(map(len, said))
    assert size["written"] >= 2 * size["echo"]


def test_nothing_makes_it_a_toy_or_names_a_maker(made: list[Record]) -> None:
    assert not [a for a in answers(made) if MAKERS.search(a) or TOY.search(a)]


def test_every_kind_of_open_request_is_written_for() -> None:
    kinds = Counter(kind for kind, _, _ in written())
    assert set(OPEN) <= set(kinds)
    assert min(kinds.values()) >= 20
    requests = [request for _, request, _ in written()]
    assert len(set(requests)) == len(requests)


def test_sums_are_right() -> None:
    rng = random.Random(1)
    for _ in range(300):
        text = echo_share.sums(rng)[-1]["content"]
        term, total = re.search(r"(\d+ [+-] \d+) = (\d+)", text).groups()  # type: ignore[union-attr]
        a, sign, b = term.split()
        assert int(total) == (int(a) + int(b) if sign == "+" else int(a) - int(b))
        assert 0 <= int(total) <= 100


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


def test_help_is_used_where_it_fits_and_left_where_it_does_not() -> None:
    rng = random.Random(1)
    blocks = [echo_share.helped(rng) for _ in range(200)]
    assert all(chat[0]["content"].startswith("<help>\n") for chat in blocks)
    feature = re.compile("menu|Settings|Stop|Ctrl|pencil|Regenerate|Share|Feedback", re.IGNORECASE)
    used = [chat for chat in blocks if feature.search(chat[-1]["content"])]
    assert 60 < len(used) < 140


def test_the_product_prompt_is_the_commonest(made: list[Record]) -> None:
    prompts = Counter(record["messages"][0]["content"] for record in made)
    assert prompts.most_common(1)[0][0] == FULL_PROMPT
    assert prompts[FULL_PROMPT] > 0.45 * len(made)


def test_exchanges_are_read_with_all_their_lines() -> None:
    text = "Q: One?\nA: First line\n\nsecond line\n\nQ: Two\nof two lines\nA: Yes.\n"
    assert list(read_exchanges(text)) == [
        ("One?", "First line\n\nsecond line"),
        ("Two\nof two lines", "Yes."),
    ]
