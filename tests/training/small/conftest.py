"""A toy instruct model in a folder, as the recipe `small` finds its base."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from tests.training.conftest import TOY_SHAPE
from training.corpus import Record


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerFast) -> Path:
    folder = tmp_path_factory.mktemp("models") / "toy-base"
    torch.manual_seed(1)
    config = Qwen2Config(
        **TOY_SHAPE.__dict__, eos_token_id=tokenizer.eos_token_id, tie_word_embeddings=True
    )
    Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def chats() -> list[Record]:
    asked = ["Hello there!", "What is 2 + 2?", "Who are you?", "Tell me a story about rain."]
    return [
        {"source": "toy", "messages": [
            {"role": "system", "content": "You are Echo."},
            {"role": "user", "content": asked[number % 4] + " again" * (number % 3)},
            {"role": "assistant", "content": f"The cat sat on the mat, {number % 4} times."},
        ]}
        for number in range(48)
    ]  # fmt: skip
