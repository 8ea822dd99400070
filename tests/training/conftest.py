"""Small things to train on: a toy tokenizer, a toy recipe and a few records."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from training.config import ModelShape, Phase, Recipe
from training.corpus import Record
from training.tokenizer import texts_of, train_tokenizer

TOY_SHAPE = ModelShape(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    intermediate_size=64,
    vocab_size=400,
    max_position_embeddings=128,
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def records() -> list[Record]:
    chat: Record = {
        "source": "toy",
        "messages": [
            {"role": "system", "content": "You are Echo."},
            {"role": "user", "content": "Hello there!"},
            {"role": "assistant", "content": "Hello! How can I help you?"},
            {"role": "user", "content": "What is 2 + 2?"},
            {"role": "assistant", "content": "2 + 2 = 4."},
        ],
    }
    prose: Record = {"source": "toy-text", "text": "The cat sat on the mat and looked at the rain."}
    return [chat, prose] * 40


@pytest.fixture(scope="session")
def tokenizer(records: list[Record]) -> PreTrainedTokenizerFast:
    return train_tokenizer(texts_of(records), TOY_SHAPE.vocab_size, 128)


@pytest.fixture
def phase() -> Phase:
    return Phase("toy", "pack", minutes=1, sequence_length=32, batch_rows=4, micro_rows=2,
                 decay=0.5, assistant_only=True, snapshots=2, heldout_rows=2)  # fmt: skip


@pytest.fixture
def recipe(phase: Phase, tmp_path: Path) -> Recipe:
    return Recipe("toy", TOY_SHAPE, (phase,), own_dialogues=5, compile=False, run_dir=tmp_path)
