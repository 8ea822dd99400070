"""Build the Qwen2 model of a shape.

Does not know how it is trained.
"""

from dataclasses import asdict

import torch
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from training.config import ModelShape
from training.tokenizer import END_OF_TEXT, TURN_END


def build_model(
    shape: ModelShape, tokenizer: PreTrainedTokenizerFast, dropout: float, seed: int
) -> Qwen2ForCausalLM:
    """A freshly initialised model with tied embeddings."""
    torch.manual_seed(seed)
    config = Qwen2Config(
        **asdict(shape),
        tie_word_embeddings=True,
        attention_dropout=dropout,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids(TURN_END),
        pad_token_id=tokenizer.convert_tokens_to_ids(END_OF_TEXT),
    )
    return Qwen2ForCausalLM(config)


def count_parameters(model: torch.nn.Module) -> int:
    """Parameters, tied ones once."""
    return sum(p.numel() for p in model.parameters())
