"""Train and load the byte-level BPE tokenizer with ChatML's special tokens.

Does not know the model; the split pattern is Qwen2's, so that its tokenizer class reads it alike.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from training.corpus import Record

END_OF_TEXT = "<|endoftext|>"
TURN_START = "<|im_start|>"
TURN_END = "<|im_end|>"
SPECIAL_TOKENS = [END_OF_TEXT, TURN_START, TURN_END]
SPLIT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


# Words of the product that the corpus lacks; one token each keeps prompts short.
PRODUCT_WORDS = "Echo regenerate thumbs sidebar Ctrl Shift Esc Markdown JSON settings button"
PRODUCT_WORD_COPIES = 400


def texts_of(records: Iterable[Record]) -> Iterator[str]:
    """The text of chats and prose with the role names between, for learning merges."""
    for record in records:
        if "text" in record:
            yield record["text"]
        for message in record.get("messages", []):
            yield message["role"]
            yield message["content"]
    for _ in range(PRODUCT_WORD_COPIES):
        yield f"{PRODUCT_WORDS} system".replace(" ", "\n")
        yield f" {PRODUCT_WORDS}"


def train_tokenizer(
    texts: Iterable[str], vocab_size: int, max_positions: int
) -> PreTrainedTokenizerFast:
    """Learn the merges and wrap them as a transformers tokenizer."""
    backend = Tokenizer(models.BPE())
    backend.normalizer = normalizers.NFC()
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[TURN_START],
        chat_template=CHAT_TEMPLATE,
        model_max_length=max_positions,
        clean_up_tokenization_spaces=False,
    )


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer saved in a folder; never from the network."""
    return AutoTokenizer.from_pretrained(folder, local_files_only=True)
