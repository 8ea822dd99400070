"""Write the model card: figures from logs and evaluation, samples, credits and the run history.

Does not know how to train or to judge.
"""

import json
import random
from dataclasses import asdict
from pathlib import Path

from training.config import CHAT_MIX, PRETRAIN_MIX, Recipe
from training.curve import draw_curve, read_log
from training.dialogues.compose import SYSTEM_PROMPTS
from training.evaluate import Report
from training.export import Sampling

HERE = Path(__file__).parent
CURVE_FILE = "loss.png"
CARD_FILE = "README.md"
SAMPLES = 12


def credit_rows() -> list[str]:
    """One table row for every source of the mixes."""
    credits = json.loads((HERE / "sources.json").read_text(encoding="utf-8"))
    used = sorted({*PRETRAIN_MIX, *CHAT_MIX})
    return [
        f"| {name} | {credits[name]['licence']} | {credits[name]['from']} | {credits[name]['credit']} |"
        for name in used
    ]


def phase_rows(recipe: Recipe) -> list[str]:
    """What each phase took and where it ended."""
    found = []
    for phase in recipe.phases:
        rows = read_log(recipe.run_dir / f"phase-{phase.name}")
        steps = [row for row in rows if "loss" in row]
        measured = [row["heldout"] for row in rows if "heldout" in row]
        if not steps:
            continue
        last = measured[-1] if measured else {}
        losses = [float(row["loss"]) for row in steps[-50:]]  # type: ignore[arg-type]
        found.append(
            f"| {phase.name} | {phase.sequence_length} | {steps[-1]['step']:,} "
            f"| {steps[-1]['tokens'] / 1e6:.1f} M | {steps[-1]['seconds'] / 60:.0f} "  # type: ignore[operator]
            f"| {sum(losses) / len(losses):.2f} | {last.get('chat', '-')} | {last.get('text', '-')} |"  # type: ignore[attr-defined]
        )
    return found


def sample_lines(answers: list[dict[str, object]], seed: int = 0) -> list[str]:
    """Answers drawn at random among the passed, the failed and the free ones."""
    groups = {
        "Passed its rule": [a for a in answers if a["judged"] and a["passed"]],
        "Failed its rule": [a for a in answers if a["judged"] and not a["passed"]],
        "Free talk, not judged": [a for a in answers if not a["judged"]],
    }
    lines: list[str] = []
    for title, group in groups.items():
        lines += ["", f"**{title}**", ""]
        for answer in random.Random(seed).sample(group, min(SAMPLES, len(group))):
            asked = " → ".join(answer["turns"])  # type: ignore[arg-type]
            reply = str(answer["replies"][-1]).replace("\n", " / ")  # type: ignore[index]
            lines.append(f"- *{asked}* — {reply}")
    return lines


def behaviour_rows(report: Report) -> list[str]:
    """Pass rates, endings and loops."""
    rows = [f"| {name} | {rate:.0%} |" for name, rate in report.behaviours.items()]
    return [
        *rows,
        f"| ends by itself within 200 tokens | {report.ends_by_itself:.1%} |",
        f"| answers without a repeated 4-gram loop | {1 - report.looping_answers:.1%} |",
        f"| repeated 4-grams among all | {report.repeated_4grams:.2%} |",
    ]


def card_text(recipe: Recipe, report: Report, sampling: Sampling, parameters: int, sha: str) -> str:
    """The whole card; the fixed words lie in `card_template.md` and `runs_history.md`."""
    template = (HERE / "card_template.md").read_text(encoding="utf-8")
    parts = {
        "parameters": f"{parameters / 1e6:.1f}",
        "shape": ", ".join(f"{k} {v}" for k, v in asdict(recipe.shape).items()),
        "sampling": "\n".join(f"| `{k}` | {v} |" for k, v in asdict(sampling).items()),
        "system_prompt": SYSTEM_PROMPTS[0],
        "phases": "\n".join(phase_rows(recipe)),
        "history": (HERE / "runs_history.md").read_text(encoding="utf-8").strip(),
        "behaviours": "\n".join(behaviour_rows(report)),
        "perplexity": "\n".join(f"| {k} | {v} |" for k, v in report.perplexity.items()),
        "samples": "\n".join(sample_lines(report.answers)).strip(),
        "credits": "\n".join(credit_rows()),
        "sha256": sha,
        "curve": CURVE_FILE,
    }
    for name, text in parts.items():
        template = template.replace(f"<<{name}>>", text)
    return template


def write_card(
    recipe: Recipe, report: Report, sampling: Sampling, parameters: int, sha: str, folder: Path
) -> None:
    """The card and its picture, beside the weights."""
    draw_curve(recipe, folder / CURVE_FILE)
    text = card_text(recipe, report, sampling, parameters, sha)
    (folder / CARD_FILE).write_text(text, encoding="utf-8")
