"""The weighted sum of adapters of one base, cut to a rank again: what two runs learned, in one adapter.

    python -m training.small.mixing OUT --rank 21 FOLDER=0.9 OTHER=0.5

The best approximation of that rank, by the singular values of each layer's sum (Eckart and Young 1936). Knows
no training.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from training.small.lora import WEIGHTS_FILE

CONFIG_FILE = "adapter_config.json"
A, B = "lora_A.weight", "lora_B.weight"


def mix(parts: dict[Path, float], rank: int, folder: Path) -> None:
    """Each adapter in peft's format, by the share of its strength that it keeps.

    Raises ValueError for adapters of different bases or layers.
    """
    configs = [json.loads((path / CONFIG_FILE).read_text("utf-8")) for path in parts]
    read = [load_file(path / WEIGHTS_FILE) for path in parts]
    if len({config["base_model_name_or_path"] for config in configs}) > 1:
        raise ValueError("the adapters belong to different bases")
    if any(weights.keys() != read[0].keys() for weights in read):
        raise ValueError("the adapters change different layers")
    strengths = [
        share * config["lora_alpha"] / config["r"]
        for share, config in zip(parts.values(), configs, strict=True)
    ]
    mixed: dict[str, torch.Tensor] = {}
    for name in (name for name in read[0] if name.endswith(A)):
        other = name.removesuffix(A) + B
        down = torch.cat([weights[name].float() for weights in read])  # [ranks, in]
        up = [s * weights[other].float() for s, weights in zip(strengths, read, strict=True)]
        mixed[other], mixed[name] = _cut(torch.cat(up, dim=1), down, rank)
    folder.mkdir(parents=True, exist_ok=True)
    config = configs[-1] | {"r": rank, "lora_alpha": rank}
    (folder / CONFIG_FILE).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    save_file(mixed, folder / WEIGHTS_FILE, metadata={"format": "pt"})


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
