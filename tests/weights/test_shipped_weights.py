"""The shipped weights load, are the ones of the card, answer and stop."""

import hashlib
import re
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerFast,
    Qwen2ForCausalLM,
)

FOLDER = Path(__file__).resolve().parents[2] / "weights" / "echo-mini"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return AutoTokenizer.from_pretrained(FOLDER, local_files_only=True)


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


@pytest.mark.parametrize("question", ["Hello!", "Who are you?", "Thank you!", "What is 2 + 3?"])
def test_it_answers_and_stops(
    model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, question: str
) -> None:
    inputs = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}],
        add_generation_prompt=True, return_tensors="pt", return_dict=True,
    )  # fmt: skip
    reply = model.generate(**inputs, do_sample=False, max_new_tokens=200)[
        0, inputs["input_ids"].shape[1] :
    ]
    assert reply[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(reply, skip_special_tokens=True).strip()


def test_it_says_its_name(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    inputs = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is your name?"}],
        add_generation_prompt=True, return_tensors="pt", return_dict=True,
    )  # fmt: skip
    reply = model.generate(**inputs, do_sample=False, max_new_tokens=60)[0]
    assert "Echo" in tokenizer.decode(reply)
