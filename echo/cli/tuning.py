"""A run of `tune` from a base of the library to a model in it. It knows no loss and no gradient."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from echo import engines
from echo.cli.progress_line import ProgressLine, share
from echo.cli.tuning_run import WEIGHTS, Begun, RunFolder, hash_of
from echo.config import Settings
from echo.errors import InvalidInput, StorageUnavailable
from echo.generation import LocalModels
from echo.services.library import Library, ModelFiles, card, room
from echo.services.library.card import Card
from echo.services.serving import spec_of
from training.small import own_chats
from training.small.lora import LOG_FILE, LoraSettings, Step, tune_encoded
from training.small.own_chats import OwnChats

if TYPE_CHECKING:
    from training.corpus import Message, Record

RANK: Final = 16
BARS: Final = "▁▂▃▄▅▆▇█"
BARS_ACROSS: Final = 32
FINAL_FILES: Final = ("adapter_config.json", WEIGHTS)


@dataclass(frozen=True)
class Base:
    """What a run begins with: weights, the adapter that they had, and what is recommended for them."""

    weights: ModelFiles
    card: Card
    rank: int = RANK
    alpha: int = 2 * RANK
    start: Path | None = None


def carry_out(
    settings: Settings,
    library: Library,
    run: RunFolder,
    name: str,
    records: Sequence[Record],
    minutes: int,
    epochs: int,
) -> None:
    """Train, keep the adapter, and add it to the library; a run that was begun goes on.

    Raises:
        NotFound, Conflict, InvalidInput: the base, or the run as it was begun, does not allow it.
        StorageUnavailable: memory or disk are not enough; both numbers are in the text.
        click.ClickException: it was stopped by Ctrl-C; what was learned is kept.
    """
    base = _base(library, name)
    records = [_with_system(record, base.card) for record in records]
    weights = base.weights.weights or 0
    room.refuse_too_little_free_memory(4 * weights, f"Tuning “{name}”")
    floats = _floats(engines.local_models(settings), base)
    own = _prepared(floats, records)
    numbers = own_chats.settings_for(own, base.rank, base.alpha, minutes, epochs)
    _refuse_too_little_room(run, floats, weights, own, base.rank)
    run.begin(Begun(base.weights.name, hash_of(records), asdict(numbers)))
    _tell_beginning(name, own, run)
    _quiet(settings)
    with _stopping() as stop:
        _learn(floats, own, run, numbers, base, stop)
    _keep(library, run, base)


def _base(library: Library, name: str) -> Base:
    """Return the model's weights; where it is an adapter, they are its base's, and the run begins with it."""
    files = library.files(name)
    weights = library.files(files.base) if files.base else files
    found = library.card(files.name)
    if files.adapter is None:
        return Base(weights, found)
    told = json.loads((files.adapter / "adapter_config.json").read_text("utf-8"))
    if any(told.get(each) for each in ("rank_pattern", "alpha_pattern", "use_rslora")):
        click.echo(
            f"The adapter of {name} has scales of its own: {weights.name} is tuned without it."
        )
        return Base(weights, found)
    return Base(weights, found, told["r"], told["lora_alpha"], files.adapter)


def _with_system(record: Record, recommended: Card) -> Record:
    """A chat without a system message is learned under the prompt that the model will be served with."""
    messages = record["messages"]
    if messages[0]["role"] == "system" or not recommended.system_prompt:
        return record
    system: Message = {"role": "system", "content": recommended.system_prompt}
    return {**record, "messages": [system, *messages]}


def _floats(local: LocalModels, base: Base) -> Path:
    line = ProgressLine(lambda step: step.what)
    try:
        folder = local.floats(
            spec_of(base.weights), lambda done, what: line.tell(share(done or 0, what))
        )
    finally:
        line.end()
    if not local.takes_adapters(folder):
        raise InvalidInput(
            f"{base.weights.name} cannot be tuned here: adapters need a model of the Llama, Mistral, Qwen2 "
            "or Qwen3 family.",
            field="base",
        )
    return folder


def _prepared(floats: Path, records: Sequence[Record]) -> OwnChats:
    try:
        return own_chats.prepare(floats, records)
    except ValueError as failure:
        raise InvalidInput(f"These chats cannot be learned: {failure}.", field="data") from failure


def _refuse_too_little_room(
    run: RunFolder, floats: Path, weights: int, own: OwnChats, rank: int
) -> None:
    what = f"Tuning “{run.name}”"
    room.refuse_too_little_free_memory(own_chats.memory_needed(floats, weights, own, rank), what)
    room.refuse_too_little_disk(run.folder, own_chats.disk_needed(floats, rank), what)


def _tell_beginning(name: str, own: OwnChats, run: RunFolder) -> None:
    chats = len(own.chats[0])
    click.echo(f"{run.name}: {name} learns {chats:,} chats, in rows of {own.row_tokens} tokens.")
    if own.shortened:
        click.echo(f"Of {own.shortened:,} long ones the oldest questions and answers are left out.")
    if own.left_out:
        longest = own_chats.LONGEST_ROW
        click.echo(f"{own.left_out:,} more are left out: they are longer than {longest} tokens.")


def _quiet(settings: Settings) -> None:
    """Leave one core to who else works here, and the terminal to the progress."""
    import torch
    from transformers.utils import logging

    warnings.filterwarnings("ignore", category=FutureWarning)  # peft's, about names in transformers
    torch.set_num_threads(settings.threads or max(1, (os.cpu_count() or 2) - 1))
    transformers_logging: Any = logging  # it has no types
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Yield what Ctrl-C sets; a second one ends the program at once."""
    stop = threading.Event()

    def asked(_signal: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        click.echo("\nStopping after this step …", err=True)

    before = {each: signal.signal(each, asked) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _learn(
    floats: Path,
    own: OwnChats,
    run: RunFolder,
    numbers: LoraSettings,
    base: Base,
    stop: threading.Event,
) -> None:
    line = ProgressLine(lambda step: step.what)

    def heard(step: Step) -> None:
        line.tell(share(step.done, _told(step)))
        for old in sorted(run.work.glob("step-*"))[:-1]:
            shutil.rmtree(old)
        if stop.is_set():
            raise KeyboardInterrupt

    try:
        tune_encoded(floats, own.chats, run.work, numbers, heard, base.weights.name, base.start)
    except KeyboardInterrupt as stopped:
        raise click.ClickException(
            f"Stopped. What is learned is kept in {run.work}: the same command goes on from there."
        ) from stopped
    except ValueError as failure:
        raise InvalidInput(f"These chats cannot be learned: {failure}.", field="data") from failure
    except (MemoryError, RuntimeError) as failure:
        if "memory" not in str(failure) and not isinstance(failure, MemoryError):
            raise
        raise StorageUnavailable(
            "The memory was full while the model was tuned. Stop what else runs here and run it again: it "
            "goes on from the last checkpoint."
        ) from failure
    finally:
        line.end()


def _told(step: Step) -> str:
    left = step.seconds * (1 - step.done) / max(step.done, 1e-6)
    clock = f"{left / 60:.0f} min left" if left >= 90 else f"{left:.0f} s left"
    return f"step {step.step} of at most {step.steps}, loss {step.loss:.2f}, {clock}"


def _keep(library: Library, run: RunFolder, base: Base) -> None:
    """Put the finished adapter into its place with its curve, and add it to the library."""
    from training.small.curve import draw_curve  # matplotlib

    for file in FINAL_FILES:
        os.replace(run.work / "final" / file, run.folder / file)
    card.write(run.folder, base.card)
    draw_curve(run.work, run.folder / "loss.png")
    shutil.copyfile(run.work / LOG_FILE, run.folder / LOG_FILE)
    plan = library.plan(str(run.folder), run.name, base.weights.name)
    library.add(plan)
    click.echo(_curve(run.work / LOG_FILE))
    shutil.rmtree(run.work)
    click.echo(
        f"{run.name} is installed, {room.size(room.bytes_of(run.folder))} in {run.folder} with its curve in "
        f"loss.png. Choose it: python run.py models default {run.name}. A server that runs offers it after "
        "“Look again” under Admin, Models."
    )


def _curve(log: Path) -> str:
    """Return the loss of a run as a line of text: from where to where, and the way."""
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    losses = [row["loss"] for row in rows]
    groups = [_part(losses, number) for number in range(min(BARS_ACROSS, len(losses)))]
    low, high = min(groups), max(groups)
    bars = "".join(BARS[round(7 * (each - low) / ((high - low) or 1))] for each in groups)
    measured = [row["heldout"] for row in rows if row["heldout"] is not None]
    unseen = f", of chats that it did not see {measured[-1]:.2f}" if measured else ""
    return f"Loss {groups[0]:.2f} → {groups[-1]:.2f}{unseen}, {len(losses):,} steps  {bars}"


def _part(losses: list[float], number: int) -> float:
    """Return the mean of one of the equal parts that the losses are cut into."""
    parts = min(BARS_ACROSS, len(losses))
    first, end = number * len(losses) // parts, (number + 1) * len(losses) // parts
    return sum(losses[first:end]) / (end - first)
