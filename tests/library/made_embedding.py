"""A tiny, random model of the BERT family, and its vectors as transformers computes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORDS = ["puffin", "bird", "birds", "sea", "short", "one", "two", "three", "is", "of", "the", "##s"]
LIMIT = 64


def made_bert(folder: Path) -> Path:
    """Write the model, and return its folder: 384 numbers for a text, as the real one has."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    letters = [chr(code) for code in range(97, 123)]
    vocabulary = [*special, *letters, *(f"##{one}" for one in letters), ".", *WORDS]
    numbers = {word: number for number, word in enumerate(dict.fromkeys(vocabulary))}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]",
    )  # fmt: skip
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(numbers), hidden_size=384, num_hidden_layers=2, num_attention_heads=12,
        intermediate_size=64, max_position_embeddings=128,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    fast.save_pretrained(folder)
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": LIMIT}))
    return folder


def reference(folder: Path, texts: list[str]) -> tuple[list[list[float]], int]:
    """Return each text's vector, alone and without padding, and the tokens of all of them."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModel.from_pretrained(folder).eval()
    vectors, tokens = [], 0
    for text in texts:
        read = tokenizer(text, return_tensors="pt")
        tokens += read["input_ids"].shape[1]
        with torch.inference_mode():
            mean = model(**read).last_hidden_state[0].mean(0)
        vectors.append((mean / mean.norm()).tolist())
    return vectors, tokens
