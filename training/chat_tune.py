"""Data of the last phases: our own dialogues and short answers in an assistant's voice.

Does not know how dialogues are worded nor how the model is trained.
"""

import random
from collections.abc import Iterator

from transformers import PreTrainedTokenizerFast

from training.config import CHAT_MIX, MAX_TURN_WORDS, Recipe, corpus_dir
from training.corpus import Message, Record, apply_mix, read_training, short_turns
from training.dialogues import generate
from training.dialogues.banks import bank_answer, table
from training.dialogues.compose import with_system
from training.evaluation_questions import is_evaluation_question
from training.pack import TOKENS_FILE, write_pack

JOIN_WEIGHTS = (5, 3, 2)  # one, two or three single turns become one chat
JOINED_SOURCES = "personality-chat"  # small talk follows small talk naturally
KEY_VOICE = "personality-chat-friendly"  # its answers tell which topic a question belongs to


def asks_evaluation(record: Record) -> bool:
    """Whether a user turn is one of the evaluation's questions."""
    turns = (m["content"] for m in record.get("messages", []) if m["role"] == "user")
    return any(is_evaluation_question(turn) for turn in turns)


def question_topics(records: list[Record]) -> dict[str, tuple[str, str]]:
    """Small-talk questions that Echo answers in its own words, with the bank and topic."""
    topics = table("echos_words")
    turns = (r["messages"] for r in records if r["source"] == KEY_VOICE)
    return {q["content"]: topics[a["content"]] for q, a in turns if a["content"] in topics}


def in_echos_words(
    record: Record, topics: dict[str, tuple[str, str]], rng: random.Random
) -> Record:
    """The record, with our own answer where its question belongs to one of our topics."""
    question = record["messages"][0]["content"] if "messages" in record else ""
    if not record["source"].startswith(JOINED_SOURCES) or question not in topics:
        return record
    bank, topic = topics[question]
    answer = bank_answer(bank, topic, question, rng)
    return {"source": record["source"], "messages": [
        {"role": "user", "content": question}, {"role": "assistant", "content": answer},
    ]}  # fmt: skip


def chosen_records(rng: random.Random) -> list[Record]:
    """The corpus part of the mix, with short turns only, shuffled."""
    everything = list(read_training(corpus_dir()))
    topics = question_topics(everything)
    mixed = apply_mix(everything, CHAT_MIX, rng)
    short = (short_turns(record, MAX_TURN_WORDS) for record in mixed)
    records = [
        in_echos_words(record, topics, rng)
        for record in short
        if record and not asks_evaluation(record)
    ]
    rng.shuffle(records)
    return records


def joined(records: list[Record], rng: random.Random) -> Iterator[Record]:
    """Small talk joined into chats of one to three exchanges; the rest as it is."""
    waiting: list[Message] = []
    wanted = 1
    for record in records:
        if not record["source"].startswith(JOINED_SOURCES):
            yield record
            continue
        waiting += record["messages"]
        if len(waiting) >= 2 * wanted:
            yield {"source": record["source"], "messages": waiting}
            waiting, wanted = [], rng.choices((1, 2, 3), JOIN_WEIGHTS)[0]


def chat_records(recipe: Recipe) -> list[Record]:
    """Corpus chats with a system prompt now and then, and our own dialogues, shuffled."""
    rng = random.Random(recipe.seed + 1)
    records: list[Record] = []
    for record in joined(chosen_records(rng), rng):
        if "messages" in record:
            prompted = with_system(record["messages"], rng)
            records.append({"source": record["source"], "messages": prompted})
        else:
            records.append(record)
    records += generate(recipe.seed, recipe.own_dialogues)
    rng.shuffle(records)
    return records


def prepare_chat(recipe: Recipe, tokenizer: PreTrainedTokenizerFast) -> None:
    """The token file of the last phases; made once."""
    folder = recipe.run_dir / "chat"
    if not (folder / TOKENS_FILE).exists():
        print(f"{write_pack(chat_records(recipe), tokenizer, folder):,} chat tokens", flush=True)
