"""A process that turns texts into vectors: `python -m echo.generation.embedding FOLDER`.

It reads a line of JSON for each request, `{"texts": […], "form": "float" | "base64"}`, and writes a line,
`{"tokens", "count"}` or `{"error", …}`, and one for each vector: JSON that whoever asked can pass on as it
stands. It ends when its input ends. A process of its own, since torch's threads belong to whoever used them
first: beside the engine they would cost it its cores. It does not know who asks.

The vector of a text is the mean of its tokens' last hidden states, of length 1: N. Reimers and I. Gurevych,
"Sentence-BERT", 2019.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from array import array
from pathlib import Path
from typing import IO, Any, Final

from .counting import beyond

BATCH: Final = 32
NICENESS: Final = 5  # on a busy machine, whoever answers goes first
TOKENIZER: Final = "tokenizer.json"
SENTENCES: Final = "sentence_bert_config.json"


class Embedder:
    """A model of the BERT family, out of a folder: nothing is fetched."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))  # fails before torch is read
        self._tokenizer.no_truncation()
        import torch
        from transformers import AutoModel

        torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))
        self._model = AutoModel.from_pretrained(folder, local_files_only=True).float().eval()
        self.limit = _limit(folder, self._model.config)
        self.dimensions = int(self._model.config.hidden_size)

    def answer(self, texts: list[str]) -> tuple[dict[str, Any], list[list[float]]]:
        """Return the vectors of the texts and what they took, or which one is too long."""
        self._tokenizer.no_padding()
        for index, text in enumerate(texts):
            if tokens := beyond(self._count, text, self.limit):
                return self._too_long(index, tokens), []
        lengths = [len(one.ids) for one in self._tokenizer.encode_batch(texts)]
        longest = max(range(len(texts)), key=lengths.__getitem__)
        if lengths[longest] > self.limit:
            return self._too_long(longest, lengths[longest]), []
        self._tokenizer.enable_padding()
        order = sorted(
            range(len(texts)), key=lengths.__getitem__
        )  # alike in length: little padding
        vectors: list[list[float]] = [[]] * len(texts)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            for number, vector in zip(batch, self._vectors([texts[n] for n in batch]), strict=True):
                vectors[number] = vector
        return {"tokens": sum(lengths), "count": len(vectors)}, vectors

    def _count(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _too_long(self, index: int, tokens: int) -> dict[str, Any]:
        return {"error": "too_long", "index": index, "tokens": tokens, "limit": self.limit}

    def _vectors(self, texts: list[str]) -> list[list[float]]:
        """→ [texts, dimensions]"""
        import torch

        read = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([one.ids for one in read])  # [texts, tokens]
        mask = torch.tensor([one.attention_mask for one in read])
        with torch.inference_mode():
            states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask[..., None].float()  # [texts, tokens, 1]
            mean = (states * weights).sum(1) / weights.sum(1)
            found: list[list[float]] = torch.nn.functional.normalize(mean, dim=-1).tolist()
        return found


def _limit(folder: Path, config: Any) -> int:
    """Tokens of one text: what the model was trained for, where its makers say so."""
    try:
        told = json.loads((folder / SENTENCES).read_text("utf-8"))["max_seq_length"]
    except (OSError, ValueError, KeyError):
        told = config.max_position_embeddings
    return min(int(told), int(config.max_position_embeddings))


def main() -> int:
    """Serve until the input ends."""
    os.nice(NICENESS)
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    try:
        embedder = Embedder(Path(sys.argv[1]))
        _write(sink, {"ready": True, "limit": embedder.limit, "dimensions": embedder.dimensions})
        for line in sys.stdin:
            asked = json.loads(line)
            found, vectors = _answer(embedder, asked["texts"])
            _write(sink, found, *(_as_json(vector, asked["form"]) for vector in vectors))
    except BrokenPipeError:
        os._exit(0)
    return 0


def _answer(embedder: Embedder, texts: list[str]) -> tuple[dict[str, Any], list[list[float]]]:
    try:
        return embedder.answer(texts)
    except Exception as failure:
        return {"error": f"{type(failure).__name__}: {failure}"}, []


def _as_json(vector: list[float], form: str) -> str:
    if form == "float":
        return json.dumps(vector)
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return f'"{base64.b64encode(numbers.tobytes()).decode()}"'


def _write(sink: IO[str], found: dict[str, Any], *lines: str) -> None:
    sink.write("\n".join((json.dumps(found), *lines, "")))
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
