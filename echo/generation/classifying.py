"""A process that says of what kind a text is: `python -m echo.generation.classifying FOLDER`.

It reads a line of JSON for each request, `{"text"}`, and writes one, `{"scores": {label: probability}}` or
`{"error"}`; the first it writes names its labels. It ends when its input ends. Weights come from safetensors
alone, no code of the folder is run, nothing is fetched. A long text is read in stretches that overlap, each
label with its highest probability among them. It does not know who asks.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO, Any, Final

BATCH: Final = 16
NICENESS: Final = 5  # on a busy machine, whoever answers goes first
TOKENS: Final = 512  # of a stretch, where the model reads as many
SEVERAL: Final = "multi_label_classification"


class Classifier:
    """A model for sequence classification, out of a folder."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        torch.set_num_threads(max(1, (os.cpu_count() or 1) - 1))
        own = {"local_files_only": True, "trust_remote_code": False}
        self._tokenizer = AutoTokenizer.from_pretrained(folder, **own)
        self._model = (
            AutoModelForSequenceClassification.from_pretrained(folder, use_safetensors=True, **own)
            .float()
            .eval()
        )
        config = self._model.config
        self._is_exclusive = config.num_labels > 1 and config.problem_type != SEVERAL
        self._most = min(TOKENS, getattr(config, "max_position_embeddings", TOKENS))
        self.labels = [config.id2label[number] for number in range(config.num_labels)]

    def scores(self, text: str) -> dict[str, float]:
        """Return how likely each label is for a text."""
        import torch

        read = self._tokenizer(
            text,
            truncation=True,
            max_length=self._most,
            stride=self._most // 4,
            return_overflowing_tokens=True,
            padding=True,
            return_tensors="pt",
        )
        found = []
        with torch.inference_mode():
            for start in range(0, len(read["input_ids"]), BATCH):
                part = slice(start, start + BATCH)
                given = {name: read[name][part] for name in ("input_ids", "attention_mask")}
                logits = self._model(**given).logits  # [stretches, labels]
                found.append(logits.softmax(-1) if self._is_exclusive else logits.sigmoid())
            highest = torch.cat(found).amax(0).tolist()
        return dict(zip(self.labels, highest, strict=True))


def main() -> int:
    """Serve until the input ends."""
    os.nice(NICENESS)
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
    try:
        classifier = Classifier(Path(sys.argv[1]))
        _write(sink, {"labels": classifier.labels})
        for line in sys.stdin:
            _write(sink, _answer(classifier, json.loads(line)["text"]))
    except BrokenPipeError:
        os._exit(0)
    return 0


def _answer(classifier: Classifier, text: str) -> dict[str, Any]:
    try:
        return {"scores": classifier.scores(text)}
    except Exception as failure:
        return {"error": f"{type(failure).__name__}: {failure}"}


def _write(sink: IO[str], found: dict[str, Any]) -> None:
    sink.write(json.dumps(found) + "\n")
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
