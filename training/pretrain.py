"""Data of the first phase: all text, for English and the shape of a chat, and the tokenizer.

Does not know our own dialogues' contents nor how answers are judged.
"""

import random
from pathlib import Path

from transformers import PreTrainedTokenizerFast

from training.config import PRETRAIN_MIX, Recipe, corpus_dir
from training.corpus import Record, apply_mix, read_heldout, read_training
from training.pack import TOKENS_FILE, write_pack
from training.tokenizer import load_tokenizer, texts_of, train_tokenizer

TOKENIZER_SAMPLE = 0.4  # of the mixed records: enough for 8,192 merges


def mixed_records(recipe: Recipe) -> list[Record]:
    """The records of the first phase, shuffled."""
    rng = random.Random(recipe.seed)
    records = list(apply_mix(read_training(corpus_dir()), PRETRAIN_MIX, rng))
    rng.shuffle(records)
    return records


def ensure_tokenizer(recipe: Recipe, records: list[Record]) -> PreTrainedTokenizerFast:
    """The run's tokenizer, trained on the first call."""
    folder = recipe.run_dir / "tokenizer"
    if not (folder / "tokenizer.json").exists():
        sample = records[: int(TOKENIZER_SAMPLE * len(records))]
        shape = recipe.shape
        made = train_tokenizer(texts_of(sample), shape.vocab_size, shape.max_position_embeddings)
        made.save_pretrained(folder)
    return load_tokenizer(folder)


def pack_heldout(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Chats and prose that are only ever measured."""
    records = list(read_heldout(corpus_dir()))
    random.Random(0).shuffle(records)
    write_pack((r for r in records if "messages" in r), tokenizer, folder / "heldout-chat")
    write_pack((r for r in records if "text" in r), tokenizer, folder / "heldout-text")


def prepare_pretrain(recipe: Recipe) -> PreTrainedTokenizerFast:
    """Tokenizer and token files of the first phase; made once."""
    folder = recipe.run_dir
    if (folder / "pretrain" / TOKENS_FILE).exists():
        return load_tokenizer(folder / "tokenizer")
    records = mixed_records(recipe)
    tokenizer = ensure_tokenizer(recipe, records)
    pack_heldout(tokenizer, folder)
    print(f"{write_pack(records, tokenizer, folder / 'pretrain'):,} tokens packed", flush=True)
    return tokenizer
