"""Tune any chat model of transformers with a LoRA: chats go in, a folder in peft's format comes out.

Hu et al. 2021, arXiv 2106.09685. The loss counts the assistant's tokens alone. A run may be killed
at any moment and goes on from its last checkpoint. Does not know what the chats are about.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from training.checkpoint import write_whole
from training.corpus import Record
from training.small.loss import summed_loss
from training.small.rows import EncodedChat, Row, encode_chat, pack_rows

Chats = tuple[
    list[EncodedChat], list[str]
]  # and the system prompt of each: the group it is packed with

STATE_FILE = "state.pt"
LOG_FILE = "log.jsonl"
FINAL = "final"
WEIGHTS_FILE = "adapter_model.safetensors"
GRADIENT_CLIP = 1.0


@dataclass(frozen=True)
class LoraSettings:
    """Every number of a run; a run that goes on must have those that it began with."""

    rank: int = 16
    alpha: int = 32
    learning_rate: float = 1.5e-4
    row_tokens: int = 768
    rows_per_step: int = 2
    epochs: float = 1.0
    minutes: float = 60.0  # the run ends by then, with its learning rate decayed
    warmup: float = 0.05  # as shares of the run
    decay: float = 0.5
    end_share: float = 0.02
    checkpoint_steps: int = 40
    heldout_share: float = 0.04
    seed: int = 20


@dataclass(frozen=True)
class Step:
    """How far a run is; what `progress` is told after each step."""

    step: int
    steps: int
    done: float  # 0 to 1, by steps or by minutes, whichever is further
    loss: float
    tokens: int
    seconds: float
    heldout: float | None = None  # at checkpoints


@dataclass
class _State:
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0


def tune(
    base: Path,
    records: Sequence[Record],
    work: Path,
    settings: LoraSettings,
    progress: Callable[[Step], None] = lambda step: None,
    name: str | None = None,
    start: Path | None = None,
) -> Path:
    """The folder of the finished adapter, `work/final`; checkpoints lie beside it as `step-0040`.

    `records` have `messages` that end with the assistant. `name` is what the adapter's
    configuration calls its base (default: the base folder's name). `start` is an adapter of the
    same rank whose weights the run begins with. Raises ValueError for too few chats or a template
    that cannot be trained on.
    """
    final = work / FINAL
    if (final / WEIGHTS_FILE).exists():
        return final
    return tune_encoded(base, encode(base, records), work, settings, progress, name, start)


def tune_encoded(
    base: Path,
    chats: Chats,
    work: Path,
    settings: LoraSettings,
    progress: Callable[[Step], None] = lambda step: None,
    name: str | None = None,
    start: Path | None = None,
) -> Path:
    """As `tune`, of chats that are encoded already.

    A KeyboardInterrupt that `progress` raises, which it does between steps, leaves a checkpoint.
    """
    final = work / FINAL
    if (final / WEIGHTS_FILE).exists():
        return final
    work.mkdir(parents=True, exist_ok=True)
    training, heldout = _rows(chats, settings)
    run = _Run(_model(base, settings, start), settings, training, heldout, work, name or base.name)
    for step in run.steps():
        try:
            progress(step)
        except KeyboardInterrupt:
            run.save()
            raise
    run.save_adapter(final)
    return final


def encode(base: Path, records: Sequence[Record]) -> Chats:
    """The chats as the base's template writes them, and the system prompt of each."""
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    chats = [encode_chat(tokenizer, r["messages"], r.get("last_only", False)) for r in records]
    return chats, [system_of(record) for record in records]


def _rows(chats: Chats, settings: LoraSettings) -> tuple[list[Row], list[Row]]:
    rows = pack_rows(*chats, settings.row_tokens, random.Random(settings.seed))
    kept = round(len(rows) * settings.heldout_share)
    if len(rows) - kept < 2 * settings.rows_per_step:
        raise ValueError(f"{len(chats[0])} chats are too few to tune a model with")
    return rows[kept:], rows[:kept]


def system_of(record: Record) -> str:
    """The chat's own system prompt, or nothing."""
    first = record["messages"][0]
    return first["content"] if first["role"] == "system" else ""


def _model(base: Path, settings: LoraSettings, start: Path | None) -> Any:
    torch.manual_seed(settings.seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=0.0,
        target_modules="all-linear", task_type="CAUSAL_LM",
    )  # fmt: skip
    tuned = get_peft_model(model, config)
    if start is not None:
        set_peft_model_state_dict(tuned, load_file(start / WEIGHTS_FILE))
    return tuned


class _Run:
    """The loop over steps of one model."""

    def __init__(
        self, model: Any, settings: LoraSettings, rows: list[Row], heldout: list[Row],
        work: Path, base_name: str,
    ) -> None:  # fmt: skip
        self.model, self.settings, self.rows, self.heldout = model, settings, rows, heldout
        self.work, self.base_name = work, base_name
        self.total = max(1, int(len(rows) * settings.epochs) // settings.rows_per_step)
        weights = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(weights, lr=0.0, betas=(0.9, 0.98), weight_decay=0.0)
        self.state = _State()
        self._load()

    def steps(self) -> Iterator[Step]:
        self.model.train()
        while (done := self._done()) < 1:
            start = time.monotonic()
            rows = self._batch(self.state.step)
            loss = self._learn(rows, self.settings.learning_rate * self._share(done))
            self.state.step += 1
            self.state.tokens += sum(len(row.ids) for row in rows)
            self.state.seconds += time.monotonic() - start
            yield self._logged(loss)

    def save_adapter(self, folder: Path) -> None:
        """peft's two files, the weights in bf16."""
        folder.mkdir(parents=True, exist_ok=True)
        weights = self._weights()
        config = self.model.peft_config["default"]
        config.base_model_name_or_path, config.inference_mode = self.base_name, True
        config.save_pretrained(str(folder))
        halves = {name: w.to(torch.bfloat16).contiguous() for name, w in weights.items()}
        save_file(halves, folder / WEIGHTS_FILE, metadata={"format": "pt"})

    def _weights(self) -> dict[str, torch.Tensor]:
        """The adapter's; peft would ask a hub about the base if embeddings were in question."""
        return get_peft_model_state_dict(self.model, save_embedding_layers=False)

    def _done(self) -> float:
        clock = self.state.seconds / (60 * self.settings.minutes)
        return min(1.0, max(self.state.step / self.total, clock))

    def _share(self, done: float) -> float:
        """Warm-up, stable, straight decay: the share of the peak learning rate."""
        if done < self.settings.warmup:
            return max(done / self.settings.warmup, 0.05)
        return max(self.settings.end_share, min(1.0, (1 - done) / self.settings.decay))

    def _batch(self, step: int) -> list[Row]:
        """The rows of a step: each epoch has an order of its own, so that a run can go on anywhere."""
        count, length = self.settings.rows_per_step, len(self.rows)
        numbers = range(step * count, (step + 1) * count)
        orders = {n // length: self._order(n // length) for n in numbers}
        return [self.rows[orders[n // length][n % length]] for n in numbers]

    def _order(self, epoch: int) -> list[int]:
        order = list(range(len(self.rows)))
        random.Random(f"{self.settings.seed}:{epoch}").shuffle(order)
        return order

    def _learn(self, rows: list[Row], rate: float) -> float:
        counted = sum(len(row.targets) for row in rows)
        total = 0.0
        for row in rows:
            loss = summed_loss(self.model, row) / counted
            loss.backward()
            total += float(loss.detach())
        weights = self.optimizer.param_groups[0]["params"]
        torch.nn.utils.clip_grad_norm_(weights, GRADIENT_CLIP)
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def _logged(self, loss: float) -> Step:
        state, due = self.state, self.state.step % self.settings.checkpoint_steps == 0
        heldout = self._heldout_loss() if due or self._done() >= 1 else None
        step = Step(state.step, self.total, self._done(), loss, state.tokens, state.seconds,
                    heldout)  # fmt: skip
        with (self.work / LOG_FILE).open("a", encoding="utf-8") as log:
            log.write(json.dumps(asdict(step)) + "\n")
        if due:
            self.save_adapter(self.work / f"step-{state.step:04d}")
            self.save()
        return step

    @torch.no_grad()
    def _heldout_loss(self) -> float | None:
        if not self.heldout:
            return None
        total = sum(float(summed_loss(self.model, row)) for row in self.heldout)
        return total / sum(len(row.targets) for row in self.heldout)

    def save(self) -> None:
        """Leave a checkpoint; to be called between steps."""
        write_whole(self.work / STATE_FILE, {
            "adapter": self._weights(),
            "optimizer": self.optimizer.state_dict(),
            "state": asdict(self.state),
            "settings": asdict(self.settings),
        })  # fmt: skip

    def _load(self) -> None:
        path = self.work / STATE_FILE
        if not path.exists():
            return
        saved = torch.load(path, weights_only=True)
        if saved["settings"] != asdict(self.settings):
            raise ValueError(f"{self.work} holds a run with other settings; name another folder")
        set_peft_model_state_dict(self.model, saved["adapter"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.state = _State(**saved["state"])
        self._shorten_log()

    def _shorten_log(self) -> None:
        """Steps after the checkpoint are done again, so they leave the log."""
        log = self.work / LOG_FILE
        lines = log.read_text("utf-8").splitlines(keepends=True) if log.exists() else []
        kept = [
            line
            for line in lines
            if line.endswith("\n") and json.loads(line)["step"] <= self.state.step
        ]
        log.write_text("".join(kept), "utf-8")
