"""The training loop: steps until the budget is used, with checkpoints, held-out loss and a log.

Does not know where the data came from or what the phase is for.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as functional
from tqdm import tqdm
from transformers import Qwen2ForCausalLM

from training.checkpoint import Progress, load_checkpoint, save_checkpoint, save_snapshot
from training.config import Phase, Recipe
from training.pack import Batch, PackedTokens
from training.schedule import Budget, learning_share, snapshot_number

LOG_FILE = "log.jsonl"
MUON_WEIGHT_DECAY = 0.05
GRADIENT_CLIP = 1.0


@dataclass(frozen=True)
class Data:
    """What a phase trains on, and the named held-out sets that it is measured on."""

    training: PackedTokens
    heldout: dict[str, PackedTokens]


def make_optimizers(model: Qwen2ForCausalLM, phase: Phase) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings, norms and biases."""
    named = list(model.named_parameters())
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in named if p.ndim != 2 or "embed" in name]
    muon = torch.optim.Muon(matrices, lr=phase.matrix_lr, weight_decay=MUON_WEIGHT_DECAY)
    adamw = torch.optim.AdamW(
        others, lr=phase.other_lr, betas=(0.9, 0.95), weight_decay=0.0, fused=True
    )
    return [muon, adamw]


class Trainer:
    """One phase on one model; `run` returns when the budget is used up."""

    def __init__(
        self,
        model: Qwen2ForCausalLM,
        recipe: Recipe,
        phase: Phase,
        data: Data,
        folder: Path,
        budget: Budget | None = None,
    ) -> None:
        self.model = model.to(recipe.device)
        self.recipe, self.phase, self.data, self.folder = recipe, phase, data, folder
        self.budget = budget or Budget(phase.minutes)
        self.optimizers = make_optimizers(model, phase)
        self.peak_rates = (phase.matrix_lr, phase.other_lr)
        self.progress = Progress()
        self.loss_of: Callable[..., torch.Tensor] = self._loss
        if recipe.compile:
            self.loss_of = torch.compile(self._loss)
        folder.mkdir(parents=True, exist_ok=True)
        load_checkpoint(folder, model, self.optimizers, self.progress)

    def _loss(
        self, inputs: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        """Weighted sum of the cross-entropy of [rows, length] next tokens."""
        hidden = self.model.model(input_ids=inputs, use_cache=False).last_hidden_state
        logits = self.model.lm_head(hidden).float().flatten(0, 1)
        losses = functional.cross_entropy(logits, targets.flatten(), reduction="none")
        return (losses * weights.flatten()).sum()

    def _forward(self, batch: Batch) -> torch.Tensor:
        parts = (batch.inputs, batch.targets, batch.weights)
        with torch.autocast(self.recipe.device, torch.bfloat16):
            return self.loss_of(*(part.to(self.recipe.device) for part in parts))

    def step(self) -> float:
        """One optimizer step; the mean loss per counted token."""
        rows, micro = self.phase.batch_rows, self.phase.micro_rows
        first = self.progress.step * rows
        batches = [self.data.training.batch(first + i, micro) for i in range(0, rows, micro)]
        counted = max(1.0, float(sum(b.weights.sum() for b in batches)))
        total = 0.0
        for batch in batches:
            loss = self._forward(batch) / counted
            loss.backward()
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_CLIP)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return total

    def _set_rates(self, share: float) -> None:
        for optimizer, peak in zip(self.optimizers, self.peak_rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = peak * share

    @torch.no_grad()
    def heldout_losses(self) -> dict[str, float]:
        """Mean loss on each held-out set."""
        self.model.eval()
        losses = {name: self._heldout(packed) for name, packed in self.data.heldout.items()}
        self.model.train()
        return losses

    def _heldout(self, packed: PackedTokens) -> float:
        total = counted = 0.0
        micro = self.phase.micro_rows
        for first in range(0, self.phase.heldout_rows, micro):
            batch = packed.batch(first, micro)
            total += self._forward(batch).item()
            counted += float(batch.weights.sum())
        return total / counted

    def log(self, **values: object) -> None:
        """Append one line to the phase's log."""
        with open(self.folder / LOG_FILE, "a", encoding="utf-8") as log:
            log.write(json.dumps(values) + "\n")

    def run(self) -> Progress:
        """Train until the budget is used up; safe to kill and to start again."""
        self.model.train()
        marks = {"saved": self.progress.seconds, "measured": self.progress.seconds}
        bar = tqdm(total=100, unit="%", bar_format="{desc} {percentage:5.1f}%|{bar:20}|{postfix}")
        while self.done() < 1:
            self._report(bar, *self.advance())
            self._keep(marks)
        self._finish()
        bar.close()
        return self.progress

    def done(self) -> float:
        """How much of the budget is used up, from 0 to 1."""
        return self.budget.progress(self.progress.step, self.progress.seconds)

    def advance(self) -> tuple[float, float, float]:
        """One step at the present learning rate: its loss, share of the peak rate and seconds."""
        share = learning_share(self.phase, self.done())
        self._set_rates(share)
        began = time.monotonic()
        loss = self.step()
        seconds = time.monotonic() - began
        self.progress.step += 1
        self.progress.tokens += self.phase.batch_rows * self.phase.sequence_length
        self.progress.seconds += seconds
        return loss, share, seconds

    def _report(self, bar: tqdm, loss: float, share: float, seconds: float) -> None:
        progress = self.progress
        done = self.done()
        speed = self.phase.batch_rows * self.phase.sequence_length / seconds
        left = progress.seconds * (1 - done) / max(done, 1e-9) / 60
        bar.set_description(self.phase.name, refresh=False)
        bar.set_postfix_str(
            f"loss {loss:.3f} {speed:,.0f} tok/s {left:.0f} min left", refresh=False
        )
        bar.update(100 * done - bar.n)
        self.log(
            step=progress.step, tokens=progress.tokens, seconds=round(progress.seconds, 1),
            loss=round(loss, 4), share=round(share, 4), speed=round(speed),
        )  # fmt: skip

    def _keep(self, marks: dict[str, float]) -> None:
        """Checkpoint, measure and take snapshots when their time has come."""
        now = self.progress.seconds
        if now - marks["saved"] >= 60 * self.phase.checkpoint_minutes:
            marks["saved"] = now
            save_checkpoint(self.folder, self.model, self.optimizers, self.progress)
        if now - marks["measured"] >= 60 * self.phase.heldout_minutes:
            marks["measured"] = now
            self._measure()
        if (number := snapshot_number(self.phase, self.done())) is not None:
            save_snapshot(self.folder, self.model, number)

    def _measure(self) -> None:
        losses = {name: round(loss, 4) for name, loss in self.heldout_losses().items()}
        self.log(step=self.progress.step, tokens=self.progress.tokens, heldout=losses)

    def _finish(self) -> None:
        save_checkpoint(self.folder, self.model, self.optimizers, self.progress)
        self._measure()
