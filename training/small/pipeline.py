"""The recipe `small` from the base's file to what `weights/echo-small/` holds; goes on where it was stopped.

Does not know how the steps are done.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from training.config import RUNS_DIR
from training.small.base import base_folder
from training.small.card import write_card
from training.small.config import BASE_NAME, SAMPLING, SHIPPED_DIR, SYSTEM_PROMPT
from training.small.curve import draw_curve
from training.small.evaluate import evaluate_folder, read_rows
from training.small.lora import WEIGHTS_FILE, LoraSettings, Step, tune
from training.small.readings import READINGS_FILE, read_readings
from training.small.records import records

RUN_DIR = RUNS_DIR / "small"
SETTINGS = LoraSettings(
    learning_rate=2e-4, rows_per_step=1, epochs=1.0, minutes=75, checkpoint_steps=80
)
MAX_ADAPTER_BYTES = 24_000_000
SETTINGS_FILE = "echo.json"
RAW, TUNED = "raw", "tuned"


def run(report: Callable[[str], None] = print) -> None:
    """Train and let both models answer; `finish` follows when their answers have been read."""
    base = base_folder(RUN_DIR / "base")
    adapter = tune(base, records(SETTINGS.seed), RUN_DIR / "lora", SETTINGS,
                   lambda step: report(_told(step)), BASE_NAME)  # fmt: skip
    evaluate_folder(base, None, answers_file(RAW))
    evaluate_folder(base, adapter, answers_file(TUNED))
    report("Now read the answers to open requests: training/README.md says how.")


def finish(ship_adapter: bool, folder: Path = SHIPPED_DIR) -> None:
    """Adapter (where it is shipped), settings, picture and card. Raises ValueError for unread answers."""
    if ship_adapter:
        export(RUN_DIR / "lora" / "final", folder)
    write_settings(folder, ship_adapter)
    draw_curve(RUN_DIR / "lora", folder / "loss.png")
    order = (RAW, TUNED) if ship_adapter else (TUNED, RAW)  # what is shipped comes last
    answers = {name: read_rows(answers_file(name)) for name in order}
    write_card(folder, answers, read_readings(folder / READINGS_FILE))


def export(adapter: Path, folder: Path) -> None:
    """peft's two files. Raises ValueError for an adapter that is too large for the repository."""
    size = (adapter / WEIGHTS_FILE).stat().st_size
    if size > MAX_ADAPTER_BYTES:
        raise ValueError(f"the adapter has {size:,} bytes; {MAX_ADAPTER_BYTES:,} is the limit")
    for name in ("adapter_config.json", WEIGHTS_FILE):
        shutil.copyfile(adapter / name, folder / name)


def write_settings(folder: Path, adapter: bool) -> None:
    """What the application reads: system prompt, sampling, the base, and whether the adapter is added."""
    settings = {"system_prompt": SYSTEM_PROMPT, "sampling": SAMPLING, "base": BASE_NAME,
                "adapter": adapter}  # fmt: skip
    (folder / SETTINGS_FILE).write_text(json.dumps(settings, indent=1) + "\n", "utf-8")


def answers_file(name: str) -> Path:
    """Where the answers of a model lie."""
    return RUN_DIR / f"answers-{name}.jsonl"


def _told(step: Step) -> str:
    return f"step {step.step} of {step.steps}, {step.done:.0%}: loss {step.loss:.3f}"
