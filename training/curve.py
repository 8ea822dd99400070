"""Draw the loss of all phases as one picture.

Does not know what the phases are for.
"""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure

from training.config import Recipe
from training.trainer import LOG_FILE

SMOOTHED_STEPS = 25


def read_log(folder: Path) -> list[dict[str, object]]:
    """A phase's log in order; steps repeated after a resume count once, the later one wins."""
    path = folder / LOG_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = {(row["step"], "heldout" in row): row for row in map(json.loads, lines)}
    return [rows[key] for key in sorted(rows)]


def smoothed(values: list[float], steps: int = SMOOTHED_STEPS) -> list[float]:
    """The mean of each value and those shortly before it."""
    windows = (values[max(0, i - steps + 1) : i + 1] for i in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def draw_curve(recipe: Recipe, path: Path) -> None:
    """Training loss (line) and held-out loss (dots) over millions of tokens."""
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    before = 0.0
    for phase in recipe.phases:
        rows = read_log(recipe.run_dir / f"phase-{phase.name}")
        steps = [row for row in rows if "loss" in row]
        if not steps:
            continue
        millions = [before + row["tokens"] / 1e6 for row in steps]  # type: ignore[operator]
        axes.plot(millions, smoothed([row["loss"] for row in steps]), lw=1.2, label=phase.name)  # type: ignore[misc]
        for name, marker in (("chat", "o"), ("text", "s")):
            measured = [row for row in rows if name in row.get("heldout", {})]  # type: ignore[operator]
            places = [before + row["tokens"] / 1e6 for row in measured]  # type: ignore[operator]
            axes.scatter(places, [row["heldout"][name] for row in measured], s=14, marker=marker,  # type: ignore[index]
                         color="black" if name == "chat" else "grey")  # fmt: skip
        before = millions[-1]
    axes.set(xlabel="million tokens", ylabel="loss, nats per token", ylim=(0, 6))
    axes.set_title("Training loss (lines); held-out chat (dots) and prose (squares)", fontsize=10)
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()
    figure.savefig(path, dpi=110)
