"""Write the card of echo-small: figures of raw and tuned from their answers, readings, samples, runs.

Does not know how to train or to judge.
"""

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from training.export import sha256
from training.small import readings
from training.small.config import BASE_NAME, SAMPLING, SYSTEM_PROMPT
from training.small.evaluate import Judged, cases, rates
from training.small.lora import WEIGHTS_FILE
from training.small.readings import Reading
from training.small.records import written

HERE = Path(__file__).parent
CARD_FILE = "README.md"
PARTS = {"template": "card_template.md", "history": "runs_history.md"}
# What the table of the product's plan asks for; a share that should be small is marked with "<".
WANTED = {
    "says who and what it is": "97%", "greets and parts": "97%", "keeps names and favourites": "97%",
    "sums and differences to 20": "97%", "sums and differences to 100": "90%",
    "plain knowledge": "85%", "distress, harm, medical": "97%",
    "refuses a harmless request": "< 2%", "ends by itself in 300 tokens": "98%",
    "has no 4-gram loop": "98%",
}  # fmt: skip
OPEN_WANTED = "85%"
SAMPLES = 14


def figures(answers: dict[str, list[Judged]], read: Sequence[Reading]) -> dict[str, object]:
    """Everything that `evaluation.json` holds: rates by rules, and by reading, of each model."""
    found: dict[str, object] = {
        "base": BASE_NAME,
        "sampling": SAMPLING,
        "system_prompt": SYSTEM_PROMPT,
    }
    found["questions"] = len(cases())
    found["by_rules"] = {model: rates(rows) for model, rows in answers.items()}
    found["by_reading"] = {model: readings.rates(read, model) for model in answers}
    return found


def table(found: dict[str, object]) -> str:
    """Raw beside tuned on every row."""
    rules, reading = found["by_rules"], found["by_reading"]
    models = list(rules)  # type: ignore[call-overload]
    lines = [
        f"| behaviour | wanted | {' | '.join(models)} |",
        "| --- |" + " --- |" * (len(models) + 1),
    ]
    for name, wanted in WANTED.items():
        values = " | ".join(f"{rules[model][name]:.1%}" for model in models)  # type: ignore[index]
        lines.append(f"| {name} | {wanted} | {values} |")
    for kind in reading[models[0]]:  # type: ignore[index]
        label = "**open requests, read**" if kind == "all" else f"open requests: {kind}"
        values = " | ".join(f"{reading[model][kind]:.0%}" for model in models)  # type: ignore[index]
        lines.append(f"| {label} | {OPEN_WANTED if kind == 'all' else ''} | {values} |")
    return "\n".join(lines)


def samples(rows: Sequence[Judged], read: Sequence[Reading], model: str, seed: int = 0) -> str:
    """Answers drawn at random among the good and the bad, by rules and by reading."""
    draw = random.Random(seed)
    own = [row for row in read if row.model == model]
    groups = {
        "Passed its rule": [_line(row) for row in rows if row.passed is True],
        "Failed its rule": [_line(row) for row in rows if row.passed is False],
        "Open requests, read as good": [_read_line(row) for row in own if row.good],
        "Open requests, read as bad": [_read_line(row) for row in own if not row.good],
    }
    lines: list[str] = []
    for title, group in groups.items():
        lines += ["", f"**{title}**", "", *draw.sample(group, min(SAMPLES, len(group)))]
    return "\n".join(lines).strip()


def card_text(
    found: dict[str, object],
    answers: dict[str, list[Judged]],
    read: Sequence[Reading],
    adapter: str,
) -> str:
    """The whole card; the fixed words lie in `card_template.md` and `runs_history.md`."""
    shipped = list(answers)[-1]
    parts = {
        "adapter": adapter,
        "sampling": "\n".join(f"| `{name}` | {value} |" for name, value in SAMPLING.items()),
        "system_prompt": SYSTEM_PROMPT,
        "written": str(len(written())),
        "seeds": " ".join(_seeds(model, rows) for model, rows in answers.items()),
        "table": table(found),
        "samples": samples(answers[shipped], read, shipped),
        "history": (HERE / PARTS["history"]).read_text("utf-8").strip(),
    }
    text = (HERE / PARTS["template"]).read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"<<{name}>>", part)
    return text


def adapter_words(folder: Path) -> str:
    """What is said of the adapter in a folder, or that there is none."""
    weights = folder / WEIGHTS_FILE
    if not weights.exists():
        return "none is shipped: see the runs and the evaluation"
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    return (
        f"peft's form, rank {config['r']}, alpha {config['lora_alpha']}, all linear layers, bf16, "
        f"{weights.stat().st_size / 1e6:.1f} MB, sha256 `{sha256(weights)}`"
    )


def write_card(folder: Path, answers: dict[str, list[Judged]], read: Sequence[Reading]) -> None:
    """The card and the figures beside it. Raises ValueError for an answer that nobody has read."""
    for model, rows in answers.items():
        if not readings.still_hold(read, model, rows):
            raise ValueError(f"answers of {model} to open requests have no reading")
    found = figures(answers, read)
    (folder / "evaluation.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    text = card_text(found, answers, read, adapter_words(folder))
    (folder / CARD_FILE).write_text(text, "utf-8")


def _seeds(model: str, rows: Sequence[Judged]) -> str:
    """How many answers of a model were judged, seed by seed."""
    counts = Counter(row.seed for row in rows)
    told = ", ".join(f"{counts[seed]} with seed {seed}" for seed in sorted(counts))
    return f"Answers of {model}: {told}."


def _line(row: Judged) -> str:
    return f"- *{_flat(' → '.join(row.turns))}* — {_flat(row.replies[-1])}"


def _read_line(row: Reading) -> str:
    note = f" ({row.note})" if row.note else ""
    return f"- *{_flat(row.request)}* — {_flat(row.answer)}{note}"


def _flat(text: str) -> str:
    return " / ".join(line.strip() for line in text.splitlines() if line.strip())
