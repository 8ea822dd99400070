"""Token files hold every token once, and the mask marks the assistant's tokens alone."""

from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerFast

from training.corpus import Record
from training.pack import (
    MASK_FILE,
    TOKENS_FILE,
    PackedTokens,
    aligned_rows,
    encode_chat,
    write_pack,
)


def test_mask_covers_only_the_assistant(
    tokenizer: PreTrainedTokenizerFast, records: list[Record]
) -> None:
    tokens, mask = encode_chat(tokenizer, records[0]["messages"])
    counted = tokenizer.decode([t for t, m in zip(tokens, mask, strict=True) if m])
    assert counted == "Hello! How can I help you?<|im_end|>2 + 2 = 4.<|im_end|>"


def test_tokens_are_the_chat_templates(
    tokenizer: PreTrainedTokenizerFast, records: list[Record]
) -> None:
    messages = records[0]["messages"]
    tokens, _ = encode_chat(tokenizer, messages)
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    assert tokenizer.decode(tokens) == f"{text}<|endoftext|>"


def test_a_padded_batch_before_changes_nothing(
    tokenizer: PreTrainedTokenizerFast, records: list[Record]
) -> None:
    before = encode_chat(tokenizer, records[0]["messages"])
    tokenizer(["a", "a much longer text"], padding=True)
    assert encode_chat(tokenizer, records[0]["messages"]) == before


def test_nothing_is_padded(
    tokenizer: PreTrainedTokenizerFast, records: list[Record], tmp_path: Path
) -> None:
    total = write_pack(records, tokenizer, tmp_path)
    tokens = np.fromfile(tmp_path / TOKENS_FILE, np.uint16)
    text = tokenizer.decode(tokens.tolist())
    assert len(tokens) == total == len(np.fromfile(tmp_path / MASK_FILE, np.uint8))
    assert text.count("<|endoftext|>") == len(records)
    assert text.count(records[1]["text"]) == len(records) // 2


def test_targets_are_the_next_tokens(
    tokenizer: PreTrainedTokenizerFast, records: list[Record], tmp_path: Path
) -> None:
    write_pack(records, tokenizer, tmp_path)
    batch = PackedTokens(tmp_path, 32, seed=1, assistant_only=True).batch(0, 3)
    assert batch.inputs.shape == batch.weights.shape == (3, 32)
    assert (batch.inputs[:, 1:] == batch.targets[:, :-1]).all()


def test_every_epoch_has_each_row_once(
    tokenizer: PreTrainedTokenizerFast, records: list[Record], tmp_path: Path
) -> None:
    write_pack(records, tokenizer, tmp_path)
    packed = PackedTokens(tmp_path, 32, seed=1, assistant_only=False)
    count = len(packed.rows)
    epochs = [[packed._row(e * count + i) for i in range(count)] for e in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(packed.rows.tolist())
    assert epochs[0] != epochs[1]


def test_a_cut_record_begins_the_next_row() -> None:
    starts = np.asarray([0, 6, 12, 40, 46])
    assert aligned_rows(starts, 10).tolist() == [0, 6, 12, 22, 32]
