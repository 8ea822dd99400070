"""Save and load training state so that a run survives a kill at any moment.

Does not know what is trained; a file appears under its name only when it is complete.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

STATE_FILE = "state.pt"


@dataclass
class Progress:
    """How far a phase is."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0


def write_whole(path: Path, state: object) -> None:
    """Write beside the path, then rename: a kill leaves the old file or the new one."""
    part = path.with_suffix(".part")
    with open(part, "wb") as out:
        torch.save(state, out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, path)


def save_checkpoint(
    folder: Path,
    model: torch.nn.Module,
    optimizers: list[torch.optim.Optimizer],
    progress: Progress,
) -> None:
    """Everything that is needed to go on as if nothing had happened."""
    state = {
        "model": model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "progress": asdict(progress),
    }
    write_whole(folder / STATE_FILE, state)


def load_checkpoint(
    folder: Path,
    model: torch.nn.Module,
    optimizers: list[torch.optim.Optimizer],
    progress: Progress,
) -> bool:
    """Take up the saved state, where there is one."""
    path = folder / STATE_FILE
    if not path.exists():
        return False
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    for name, value in state["progress"].items():
        setattr(progress, name, value)
    return True


def load_weights(folder: Path, model: torch.nn.Module) -> None:
    """Only the weights of a checkpoint: the start of a next phase."""
    model.load_state_dict(torch.load(folder / STATE_FILE, weights_only=True)["model"])


def save_snapshot(folder: Path, model: torch.nn.Module, number: int) -> None:
    """Weights alone, once per number, to be averaged later."""
    path = folder / f"snapshot-{number:02d}.pt"
    if not path.exists():
        write_whole(path, model.state_dict())


def average_snapshots(folder: Path) -> dict[str, torch.Tensor] | None:
    """The mean of a phase's snapshots; nothing where there are none."""
    paths = sorted(folder.glob("snapshot-*.pt"))
    if not paths:
        return None
    states = [torch.load(path, weights_only=True) for path in paths]
    return {k: torch.stack([s[k].float() for s in states]).mean(0) for k in states[0]}
