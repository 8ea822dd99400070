"""Load the tables of sentences and draw exchanges from them.

Does not know how exchanges become dialogues.
"""

import json
import random
import re
from functools import cache
from pathlib import Path
from typing import Any

from training.dialogues.templates import as_typed, capital, expand, mend_marks, with_end

DATA_DIR = Path(__file__).parent / "data"
Exchange = tuple[str, str]  # what the user says, what Echo answers

DEFINITION_ASKS = (
    "[What is|What's|What exactly is|Explain|Tell me about|Describe|Define|What do you know about|"
    "Can you explain|Do you know|Can you tell me about|What can you tell me about] {thing}",
    "[Do you know|Can you tell me|Could you explain|Please explain|I want to know|Explain to me|"
    "Tell me] what {thing} is",
    "[What is meant by|What do you call|What do people mean by|Say something about|"
    "In simple words, what is|I don't know what is|In one sentence, what is|In short, what is|"
    "How would you describe|Give me a short description of|I want to know about|Teach me about|"
    "Give me a definition of|I need an explanation of|How do you explain|Explain in simple words] "
    "{thing}",
    "[My child asks|My son wants to know|Tell a child|Someone asked me|I must explain|"
    "For school I need to say] what {thing} is",
    "[{thing}: what is that|{thing}, what is it|{thing}]",
)
CAPITAL_ASKS = (
    "[What is|What's|Tell me|Name|Give me|Do you know|Say|Can you tell me|I need|I forgot] "
    "the capital [of|city of] {country}",
    "[Which city|What city] is the capital of {country}",
    "{country}'s capital",
    "[Capital|The capital] of {country}",
    "[Do you know|Can you tell me|Tell me] what the capital of {country} is",
    "[What is|What's] {country}'s capital[| city]",
    "[I need to know|For my homework I need|I want to know|Remind me of|Quick, what is] "
    "the capital of {country}",
    "[What is|What's|Name|Which city is|What do they call|Tell me] the [{adjective}|{adjective}] "
    "capital[| city]",
    "[What is|Name] the [main city|seat of government|capital] of {country}",
)
WRAPPED = (
    "Question: {q}", "Here is a question: {q}", "I forgot: {q}", "Can you tell me: {q}",
    "My child asks: {q}", "Help me: {q}", "{q} I forgot.", "{q} Do you know?",
    "I need to know: {q}", "Another one: {q}", "{q} Tell me.", "{q} Just curious.",
)  # fmt: skip
CAPITAL_REVERSE_ASKS = (
    "[Which country has|What country has] {city} as its capital",
    "{city} is the capital of [which|what] country",
    "[Of which country is|What country is] {city} the capital[|?]",
)
HOW_ASKS = (
    "[How do I|How can I|How could I|How does one|How should I|How to|How would I|How am I able to|"
    "Tell me how to|Explain how to|Show me how to|What must I do to|What do I press to|"
    "Where do I click to|What is the way to|Is there a way to|Can I|Am I able to|Could I|"
    "Where can I|I want to|I would like to|I'd like to|I need to|Help me to|I don't know how to|"
    "Is it possible to|Do you know how to|Can you tell me how to|Which button do I use to] {do}",
    "[How do I|How can I|Can I|Where can I|Is it possible to] {do} [here|in Echo|in this app|"
    "on this page]",
)
WHERE_ASKS = (
    "[Where is|Where's|Where do I find|Where can I find|I can't find|I am looking for|"
    "How do I get to|Where can I see|Tell me where to find|Is there|Do you have|"
    "I don't see|Show me|What about|Explain|How does one use|How do I use] {noun}",
)


@cache
def table(name: str) -> dict[str, Any]:
    """One table of `data/`."""
    return json.loads((DATA_DIR / f"{name}.json").read_text(encoding="utf-8"))


def bank_exchange(name: str, rng: random.Random, topic: str | None = None) -> Exchange:
    """A question and an answer from one topic of a bank; topics are equally likely."""
    bank = table(name)
    entry = bank[topic or rng.choice(list(bank))]
    slots = {**table("slots"), **_chosen(entry.get("slots", {}), rng)}
    question = expand(rng.choice(entry["ask"]), rng, slots).strip()
    ends = ".!" if name in ("care", "smalltalk", "statements") else "?."
    asked = capital(with_end(question, ends, rng))
    answer = _answer(name, entry, question, slots, rng)
    return as_typed(asked, rng, chatty=name != "care"), answer


def bank_answer(name: str, topic: str, question: str, rng: random.Random) -> str:
    """An answer of a topic to a question from elsewhere."""
    return _answer(name, table(name)[topic], question, table("slots"), rng)


def _answer(
    name: str,
    entry: dict[str, Any],
    question: str,
    slots: dict[str, list[str]],
    rng: random.Random,
) -> str:
    answer = expand(rng.choice(entry["answer"]), rng, _one_animal(question, slots, rng))
    return capital(answer if name == "instructions" else mend_marks(answer))


def _chosen(slots: dict[str, list[str]], rng: random.Random) -> dict[str, list[str]]:
    """One value for each slot of an entry, the same in question and answer; `X` is `x` large."""
    drawn = {name: rng.choice(values) for name, values in slots.items()}
    return {n: [v] for n, v in drawn.items()} | {n.upper(): [capital(v)] for n, v in drawn.items()}


def _one_animal(
    question: str, slots: dict[str, list[str]], rng: random.Random
) -> dict[str, list[str]]:
    """Slots narrowed to the animal and the thing in nature that the question names, or to one."""
    words = re.findall(r"[a-z]+", question.lower())
    narrowed = dict(slots)
    for kind in ("animal", "nature"):
        named = [word for word in slots[kind] if word in words]
        narrowed[kind] = named or [rng.choice(slots[kind])]
    return narrowed


def feature_exchange(rng: random.Random) -> Exchange:
    """How to do something in Echo, or where it is."""
    bank = table("features")
    entry = bank[rng.choice(list(bank))]
    kind = rng.random()
    if kind < 0.35:
        question = capital(expand(rng.choice(entry["say"]), rng))
    elif kind < 0.75:
        question = expand(rng.choice(HOW_ASKS), rng, {"do": entry["do"]})
    else:
        question = expand(rng.choice(WHERE_ASKS), rng, {"noun": entry["noun"]})
    return as_typed(with_end(question, "??.", rng), rng), rng.choice(entry["answer"])


def fact_exchange(rng: random.Random) -> Exchange:
    """One of the closed set of everyday facts."""
    facts = table("facts")
    kind = rng.choices(("capitals", "definitions", "quick"), (60, 104, 154))[0]
    if kind == "capitals":
        question, answer = _capital(facts, rng)
    elif kind == "definitions":
        thing, answer = rng.choice(list(facts["definitions"].items()))
        question = expand(rng.choice(DEFINITION_ASKS), rng, {"thing": [thing]})
    else:
        entry = rng.choice(facts["quick"])
        question, answer = expand(rng.choice(entry["ask"]), rng), entry["answer"]
    question = capital(with_end(question, "?", rng))
    if rng.random() < 0.12:
        question = rng.choice(WRAPPED).replace("{q}", question)
    return as_typed(question, rng), answer


def _capital(facts: dict[str, Any], rng: random.Random) -> Exchange:
    country, city = rng.choice(list(facts["capitals"].items()))
    adjectives = [word for word, of in facts["adjectives"].items() if of == country]
    asks = [ask for ask in CAPITAL_ASKS if adjectives or "{adjective}" not in ask]
    slots = {"country": [country], "city": [city], "adjective": adjectives}
    if rng.random() < 0.15 and city != "London":
        question = expand(rng.choice(CAPITAL_REVERSE_ASKS), rng, slots)
        return question, f"{city} is the capital of {country}."
    question = expand(rng.choice(asks), rng, slots)
    return question, f"The capital of {country} is {city}."
