"""Turn records into memory-mapped token files without padding, with a loss mask beside them.

Does not know models or schedules.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from training.corpus import Message, Record
from training.tokenizer import END_OF_TEXT, TURN_END, TURN_START

TOKENS_FILE = "tokens.u16"
MASK_FILE = "mask.u8"
STARTS_FILE = "starts.npy"
BATCH_RECORDS = 2000


class Encoder:
    """Encodes chats and prose, and says which of the tokens are the assistant's."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.backend = tokenizer.backend_tokenizer
        self.backend.no_padding()  # a padded batch before would have left it switched on
        self.backend.no_truncation()
        self.end_of_text = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
        self.turn_start = tokenizer.convert_tokens_to_ids(TURN_START)
        self.turn_end = tokenizer.convert_tokens_to_ids(TURN_END)
        self.newline = self.plain(["\n"])[0]
        roles = ("system", "user", "assistant")
        self.headers = {r: [self.turn_start, *self.plain([f"{r}\n"])[0]] for r in roles}

    def plain(self, texts: list[str]) -> list[list[int]]:
        """Token ids of texts in one parallel call."""
        return [e.ids for e in self.backend.encode_batch(texts, add_special_tokens=False)]

    def chat(self, roles: list[str], bodies: list[list[int]]) -> tuple[list[int], list[int]]:
        """Tokens and mask of a chat, as the chat template writes it, and an end-of-text."""
        tokens: list[int] = []
        mask: list[int] = []
        for role, body in zip(roles, bodies, strict=True):
            header = self.headers[role]
            said = [*body, self.turn_end]
            tokens += [*header, *said, *self.newline]
            own = int(role == "assistant")
            mask += [0] * len(header) + [own] * len(said) + [0] * len(self.newline)
        return [*tokens, self.end_of_text], [*mask, 0]

    def records(self, records: list[Record]) -> Iterator[tuple[list[int], list[int]]]:
        """Tokens and mask of each record, encoded together for speed."""
        texts = [t for r in records for t in _texts(r)]
        encoded = iter(self.plain(texts))
        for record in records:
            if "text" in record:
                tokens = [*next(encoded), self.end_of_text]
                yield tokens, [1] * len(tokens)
            else:
                roles = [m["role"] for m in record["messages"]]
                yield self.chat(roles, [next(encoded) for _ in roles])


def _texts(record: Record) -> list[str]:
    return [record["text"]] if "text" in record else [m["content"] for m in record["messages"]]


def encode_chat(
    tokenizer: PreTrainedTokenizerFast, messages: list[Message]
) -> tuple[list[int], list[int]]:
    """Tokens and mask of one chat."""
    return next(Encoder(tokenizer).records([{"messages": messages}]))


def write_pack(records: Iterable[Record], tokenizer: PreTrainedTokenizerFast, folder: Path) -> int:
    """Write the records one after another; the number of tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(tokenizer)
    starts = [0]
    with open(folder / TOKENS_FILE, "wb") as tokens_out, open(folder / MASK_FILE, "wb") as mask_out:
        for batch in _batches(records):
            for tokens, mask in encoder.records(batch):
                tokens_out.write(np.asarray(tokens, np.uint16).tobytes())
                mask_out.write(np.asarray(mask, np.uint8).tobytes())
                starts.append(starts[-1] + len(tokens))
    np.save(folder / STARTS_FILE, np.asarray(starts, np.int64))
    return starts[-1]


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH_RECORDS:
            yield batch
            batch = []
    yield batch


@dataclass(frozen=True)
class Batch:
    """Inputs, their next tokens, and where the loss counts; each [rows, length]."""

    inputs: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor


class PackedTokens:
    """Rows of equal length out of a token file, in a shuffled order that depends on the epoch."""

    def __init__(self, folder: Path, length: int, seed: int, *, assistant_only: bool) -> None:
        self.tokens = np.memmap(folder / TOKENS_FILE, np.uint16, mode="r")
        self.mask = np.memmap(folder / MASK_FILE, np.uint8, mode="r")
        self.length = length
        self.seed = seed
        self.assistant_only = assistant_only
        starts = np.load(folder / STARTS_FILE)
        self.rows = aligned_rows(starts, length) if assistant_only else plain_rows(starts, length)
        self._order: tuple[int, np.ndarray] = (-1, self.rows)

    def _row(self, index: int) -> int:
        epoch, place = divmod(index, len(self.rows))
        if self._order[0] != epoch:
            self._order = (epoch, np.random.default_rng([self.seed, epoch]).permutation(self.rows))
        return int(self._order[1][place])

    def batch(self, first: int, rows: int) -> Batch:
        """Rows `first … first + rows` of the endless shuffled series."""
        starts = [self._row(first + i) for i in range(rows)]
        tokens = np.stack([self.tokens[s : s + self.length + 1] for s in starts]).astype(np.int64)
        mask = np.stack([self.mask[s + 1 : s + self.length + 1] for s in starts])
        weights = mask if self.assistant_only else np.ones_like(mask)
        return Batch(
            torch.from_numpy(tokens[:, :-1]),
            torch.from_numpy(tokens[:, 1:]),
            torch.from_numpy(weights.astype(np.float32)),
        )


def plain_rows(starts: np.ndarray, length: int) -> np.ndarray:
    """Where rows begin when each begins where the last one ended: best for long prose."""
    return np.arange(0, int(starts[-1]) - length, length, dtype=np.int64)


def aligned_rows(starts: np.ndarray, length: int) -> np.ndarray:
    """Where rows begin when a record that was cut off begins the next row: best for chats."""
    total = int(starts[-1])
    rows: list[int] = []
    place = 0
    while place + length + 1 <= total:
        rows.append(place)
        record = int(starts[np.searchsorted(starts, place + length, side="right") - 1])
        place = record if record > place else place + length
    return np.asarray(rows, np.int64)
