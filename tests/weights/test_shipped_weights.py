"""The shipped weights load, are the ones of the card, answer and stop."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    Qwen2ForCausalLM,
)

FOLDER = Path(__file__).resolve().parents[2] / "weights" / "echo-mini"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def model() -> Qwen2ForCausalLM:
    return AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32, local_files_only=True)


@pytest.fixture
def card() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_card_names_these_weights(card: str) -> None:
    real = hashlib.sha256((FOLDER / "model.safetensors").read_bytes()).hexdigest()
    assert re.findall(r"`([0-9a-f]{64})`", card) == [real]


def test_the_card_is_filled_in(card: str) -> None:
    assert "<<" not in card
    assert (FOLDER / "loss.png").stat().st_size > 1000


def test_the_folder_is_small_enough() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 48 * MEGABYTE


def test_recommended_settings_are_complete(model: Qwen2ForCausalLM, card: str) -> None:
    for name in ("temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens"):
        assert f"| `{name}` | {getattr(model.generation_config, name)} |" in card


ANSWER = """
import json, sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, *questions = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
found = {}
for question in questions:
    chat = [{"role": "user", "content": question}]
    inputs = tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    ids = model.generate(**inputs, do_sample=False, max_new_tokens=200)
    reply = ids[0, inputs["input_ids"].shape[1] :]
    text = tokenizer.decode(reply, skip_special_tokens=True)
    found[question] = {"text": text, "ended": int(reply[-1]) == tokenizer.eos_token_id}
print(json.dumps(found))
"""
QUESTIONS = ("Hello!", "Who are you?", "Thank you!", "What is 2 + 3?", "What is your name?")


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """Greedy answers of a fresh process: what other tests do to torch in this one has no say."""
    run = subprocess.run(
        [sys.executable, "-c", ANSWER, str(FOLDER), *QUESTIONS],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found: dict[str, dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_and_stops(answers: dict[str, dict[str, Any]], question: str) -> None:
    assert answers[question]["ended"]
    assert answers[question]["text"].strip()


def test_it_says_its_name(answers: dict[str, dict[str, Any]]) -> None:
    assert "Echo" in answers["What is your name?"]["text"]
