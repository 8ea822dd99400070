"""Whether a folder holds a model that Echo may load, or an adapter that fits one. It loads neither.

Refused: code that comes with a model (`auto_map` asks for it; Echo never runs it), and pickled weights, which
are programs too: opening one runs whatever its maker put into it. safetensors and GGUF hold numbers alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from echo.errors import InvalidInput
from echo.languages import gettext, mark
from echo.services.library import gguf_header, safetensors_header
from echo.services.library.safetensors_header import Shapes

PICKLED: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
TOKENIZERS: Final = ("tokenizer.json", "tokenizer.model", "vocab.json")
INDEX: Final = "model.safetensors.index.json"
CONFIG_BYTES: Final = 50_000_000
LOW_RANK: Final = re.compile(r"^base_model\.model\.(.+)\.lora_([AB])\.weight$")


@dataclass(frozen=True)
class AdapterFacts:
    """What an adapter says of itself: the name of its base, and its matrices by the layer they change."""

    base: str
    rank: int
    shapes: Shapes
    """`lora_A` as (rank, columns) and `lora_B` as (rows, rank), by their full names."""


def is_adapter(folder: Path) -> bool:
    return (folder / "adapter_config.json").is_file()


def check_model(folder: Path) -> int:
    """Return how many numbers the model has; raises InvalidInput for a folder that cannot be loaded."""
    check_settings(folder)
    return safetensors_header.count(model_shapes(folder))


def check_settings(folder: Path) -> None:
    """Check what is beside the weights: raises InvalidInput for missing parts and for code."""
    config = _json(folder, "config.json", mark("the configuration of a model"))
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise InvalidInput(
            gettext(
                "%(folder)s holds no tokenizer (tokenizer.json). Copy it beside the weights.",
                folder=folder,
            )
        )
    tokenizer = folder / "tokenizer_config.json"
    others = (
        [_json(folder, tokenizer.name, mark("a tokenizer's settings"))]
        if tokenizer.exists()
        else []
    )
    if any("auto_map" in each for each in (config, *others)):
        raise InvalidInput(
            gettext(
                "%(folder)s asks for code of its own to be run (auto_map). Echo never runs "
                "code that comes with a model.",
                folder=folder.name,
            )
        )


def model_shapes(folder: Path) -> Shapes:
    """Return the shapes of the model's tensors; raises InvalidInput when weights are missing or pickled."""
    return safetensors_header.shapes(_weights(folder))


def gguf_or_folder_shapes(path: Path) -> Shapes:
    """Return the shapes of a base, in transformers' names, whichever way its numbers are kept."""
    return gguf_header.read(path).shapes if path.is_file() else model_shapes(path)


def adapter_settings(folder: Path) -> AdapterFacts:
    """Return what `adapter_config.json` says; raises InvalidInput for an adapter that is not low-rank."""
    config = _json(folder, "adapter_config.json", mark("the settings of an adapter"))
    if config.get("peft_type") != "LORA":
        raise InvalidInput(
            gettext(
                "%(folder)s is an adapter of the kind %(kind)s: LoRA alone is served.",
                folder=folder.name,
                kind=config.get("peft_type"),
            )
        )
    rank = config.get("r")
    if not isinstance(rank, int) or rank < 1:
        raise InvalidInput(
            gettext("%(folder)s does not say the rank of its matrices.", folder=folder.name)
        )
    return AdapterFacts(base=str(config.get("base_model_name_or_path") or ""), rank=rank, shapes={})


def check_adapter(folder: Path) -> AdapterFacts:
    """Return what an adapter in peft's format holds.

    Raises:
        InvalidInput: it is not made of low-rank matrices alone, is pickled, or is damaged.
    """
    facts = adapter_settings(folder)
    file = folder / "adapter_model.safetensors"
    if not file.is_file():
        _refuse_pickled(folder, ("adapter_model",))
        raise InvalidInput(gettext("%(folder)s holds no adapter_model.safetensors.", folder=folder))
    shapes = safetensors_header.shapes([file])
    if others := [name for name in shapes if not LOW_RANK.match(name)]:
        raise InvalidInput(
            gettext(
                "%(folder)s changes more than low-rank matrices do (%(other)s): Echo cannot serve it.",
                folder=folder.name,
                other=others[0],
            )
        )
    if not shapes:
        raise InvalidInput(gettext("%(folder)s holds no matrices.", folder=folder.name))
    return replace(facts, shapes=shapes)


def misfit(adapter: AdapterFacts, base: Shapes) -> str | None:
    """Return why an adapter does not fit a base, or None when it does.

    Low-rank adaptation (Hu et al. 2021) adds `lora_B @ lora_A` to a matrix: rows and columns must agree.
    """
    for name, shape in adapter.shapes.items():
        layer, side = LOW_RANK.fullmatch(name).groups()  # type: ignore[union-attr]  # checked when read
        matrix = base.get(f"{layer}.weight")
        if matrix is None:
            return gettext("the base has no %(layer)s", layer=layer)
        expected = (adapter.rank, matrix[-1]) if side == "A" else (matrix[0], adapter.rank)
        if shape != expected:
            return gettext(
                "%(layer)s is %(rows)s × %(columns)s in the base, and the adapter is made for another",
                layer=layer,
                rows=matrix[0],
                columns=matrix[-1],
            )
    return None


def _weights(folder: Path) -> list[Path]:
    """Return the files of the weights; raises InvalidInput when one is missing."""
    if (folder / INDEX).is_file():
        shards = _json(folder, INDEX, mark("the list of the weights' files")).get("weight_map")
        names = sorted(set(shards.values())) if isinstance(shards, dict) else []
    else:
        names = ["model.safetensors"]
    files = [folder / Path(str(name)).name for name in names]
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        _refuse_pickled(folder, ("pytorch_model", "model", "consolidated"))
        raise InvalidInput(
            gettext(
                "%(folder)s holds no weights: %(missing)s is missing.",
                folder=folder,
                missing=", ".join(missing) or INDEX,
            )
        )
    return files


def _refuse_pickled(folder: Path, stems: tuple[str, ...]) -> None:
    for file in sorted(folder.iterdir()):
        if file.suffix in PICKLED and file.stem.startswith(stems):
            raise InvalidInput(
                gettext(
                    "%(file)s is pickled: opening it would run whatever its maker put into it. "
                    "Convert it to safetensors where you trust it, or get the model as "
                    "safetensors or GGUF.",
                    file=file.name,
                )
            )


def _json(folder: Path, name: str, what: str) -> dict[str, Any]:
    path = folder / name
    try:
        if path.stat().st_size > CONFIG_BYTES:
            raise ValueError("it is too long")
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as failure:
        raise InvalidInput(
            gettext(
                "%(folder)s holds no %(name)s, %(what)s.",
                folder=folder,
                name=name,
                what=gettext(what),
            )
        ) from failure
    except (OSError, ValueError) as failure:
        raise InvalidInput(
            gettext("%(path)s cannot be read: %(failure)s.", path=path, failure=failure)
        ) from failure
    if not isinstance(found, dict):
        raise InvalidInput(
            gettext("%(path)s is not what it should be, %(what)s.", path=path, what=gettext(what))
        )
    return found
