"""Draw the loss of a LoRA run as one picture, from its log. Does not know what was learned."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure

from training.curve import smoothed
from training.small.lora import LOG_FILE


def draw_curve(work: Path, path: Path) -> None:
    """Training loss (points and their running mean) and held-out loss (dots) over thousands of tokens."""
    lines = (work / LOG_FILE).read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    tokens = [row["tokens"] / 1e3 for row in rows]
    losses = [row["loss"] for row in rows]
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.scatter(tokens, losses, s=8, color="tab:blue", alpha=0.4)
    axes.plot(tokens, smoothed(losses, steps=8), lw=1.4, color="tab:blue", label="training")
    measured = [row for row in rows if row["heldout"] is not None]
    places = [row["tokens"] / 1e3 for row in measured]
    axes.plot(places, [row["heldout"] for row in measured], "o-", color="black", label="held out")
    axes.set(xlabel="thousand tokens", ylabel="loss, nats per token of the assistant")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)
