"""The weighted sum of adapters of one base, cut to a rank again: what two runs learned, in one adapter.

    python -m training.small.mixing OUT --rank 21 FOLDER=0.9 OTHER=0.5

The best approximation of that rank, by the singular values of each layer's sum (Eckart and Young 1936). Knows
no training.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from echo.generation.adapter import CONFIG, Change, read_changes, read_config
from training.small.lora import WEIGHTS_FILE

PREFIX = "base_model.model."  # as peft names what it wraps


def mix(parts: dict[Path, float], rank: int, folder: Path) -> None:
    """Each adapter in peft's format, by the share of its strength that it keeps.

    Raises ValueError for adapters of different bases or layers, ModelLoadError for what is no adapter.
    """
    configs = [read_config(path) for path in parts]
    if len({config["base_model_name_or_path"] for config in configs}) > 1:
        raise ValueError("the adapters belong to different bases")
    read = [{one.name: one for one in read_changes(path, torch.float32)} for path in parts]
    if any(changes.keys() != read[0].keys() for changes in read):
        raise ValueError("the adapters change different layers")
    mixed: dict[str, torch.Tensor] = {}
    for name in read[0]:
        up, down = _sum([changes[name] for changes in read], [*parts.values()])
        up, down = _cut(up, down, rank)
        mixed[f"{PREFIX}{name}.lora_B.weight"] = up
        mixed[f"{PREFIX}{name}.lora_A.weight"] = down
    folder.mkdir(parents=True, exist_ok=True)
    config = configs[-1] | {"r": rank, "lora_alpha": rank}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    save_file(mixed, folder / WEIGHTS_FILE, metadata={"format": "pt"})


def _sum(changes: list[Change], shares: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    """→ [out, ranks] and [ranks, in], whose product is the weighted sum"""
    up = [share * one.scale * one.b for one, share in zip(changes, shares, strict=True)]
    return torch.cat(up, dim=1), torch.cat([one.a for one in changes])


def _cut(up: torch.Tensor, down: torch.Tensor, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """up [out, n] times down [n, in] → the nearest product [out, rank] times [rank, in], in bf16."""
    left, inner_left = torch.linalg.qr(up)
    right, inner_right = torch.linalg.qr(down.T)
    u, sizes, v = torch.linalg.svd(inner_left @ inner_right.T)
    root = sizes[:rank].sqrt()
    return (
        (left @ u[:, :rank] * root).bfloat16().contiguous(),
        ((right @ v[:rank].T) * root).T.bfloat16().contiguous(),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("parts", nargs="+", help="FOLDER=SHARE")
    parser.add_argument("--rank", type=int, required=True)
    options = parser.parse_args()
    parts = {Path(part.rsplit("=", 1)[0]): float(part.rsplit("=", 1)[1]) for part in options.parts}
    mix(parts, options.rank, options.folder)


if __name__ == "__main__":
    main()
