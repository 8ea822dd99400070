"""Models on this machine's disk: their size, their conversion, and their runners.

It does not know who asks for them, nor when they are loaded.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from .config import (
    DEFAULT_CONTEXT_CAP,
    DTYPE_BYTES,
    MB,
    CacheShape,
    EngineConfig,
    cache_budget_mb,
    fit_cache,
)
from .errors import ModelLoadError
from .model_source import ModelSize, Progress
from .model_spec import ModelSpec
from .runner import ModelRunner

PACKED_WIDTHS = {"auto": 17 / 16, "int8": 17 / 16, "4": 10 / 16}
HUB_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "tokenizer.model"]


class LocalModels:
    """torch and transformers are imported when the first model is looked at, in the engine's thread."""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._fetched: dict[str, Path] = {}  # where the hub's models lie, by source

    def size(self, spec: ModelSpec) -> ModelSize:
        if not Path(spec.source).exists():
            _refuse_a_missing_path(spec)
            return ModelSize(0, 0)  # of the hub, and not here yet
        weights = round(self._numbers(spec) * self._width())
        config = self._config_of(spec)
        budget = cache_budget_mb(weights, config)
        if not (self._folder(spec) / "config.json").is_file():
            return ModelSize(weights, budget * MB)
        kept = self._dtype() if self._whole else "float16"
        return ModelSize(weights, fitted_cache_bytes(self._folder(spec), kept, budget, config))

    def _numbers(self, spec: ModelSpec) -> int:
        """How many weights a model has, from headers alone."""
        import torch

        from .weights import weight_bytes

        folder = self._folder(spec)
        if is_gguf(spec) and not (folder / "config.json").is_file():
            from .gguf import inspect

            return inspect(Path(spec.source)).parameters
        return weight_bytes(folder, torch.float32) // 4

    def _width(self) -> float:
        """Bytes of a weight in memory: scales among them, where it is packed."""
        return DTYPE_BYTES[self._dtype()] if self._whole else PACKED_WIDTHS[self._config.quant]

    @property
    def _whole(self) -> bool:
        """Weights are served as floats, not packed into fewer bits."""
        from .model_loader import choose_device

        return self._config.quant == "none" or choose_device(self._config.device).type != "cpu"

    def prepare(self, spec: ModelSpec, progress: Progress) -> None:
        if not Path(spec.source).exists():
            _refuse_a_missing_path(spec)
            progress(None, "fetching")
            self._fetched[spec.source] = _fetch(spec.source)
        else:
            self.floats(spec, progress)
        self._pack(spec, progress)

    def floats(self, spec: ModelSpec, progress: Progress) -> Path:
        """The folder of a model on the disk with its weights as floats: its own, or its GGUF file's."""
        if is_gguf(spec):
            from .gguf import convert_apart

            convert_apart(Path(spec.source), self._served(spec), self._stored(), progress)
        return self._folder(spec)

    def takes_adapters(self, folder: Path) -> bool:
        """Whether models of this folder's family are served with adapters."""
        from .decoder import FAMILIES

        config = json.loads((folder / "config.json").read_text("utf-8"))
        return config.get("model_type") in FAMILIES

    def merge(self, spec: ModelSpec, adapter: Path, target: Path, progress: Progress) -> None:
        """Write a folder that is a model and an adapter over it in one; see `merge_adapter`."""
        from .merging import merge_adapter

        merge_adapter(
            self.floats(spec, progress), adapter, target, lambda share: progress(share, "merging")
        )

    def _pack(self, spec: ModelSpec, progress: Progress) -> None:
        """Make the packed weights while others are served, with one thread."""
        import torch

        from .model_loader import choose_device, packed_for, read_folder

        if self._config.quant == "none":
            return
        torch.set_num_threads(1)
        config = self._config_of(spec)
        found = read_folder(self._folder(spec), spec.template)
        packed_for(
            found, choose_device(config.device), config, lambda share: progress(share, "packing")
        )

    def _folder(self, spec: ModelSpec) -> Path:
        return (
            self._served(spec)
            if is_gguf(spec)
            else self._fetched.get(spec.source, Path(spec.source))
        )

    def build(self, spec: ModelSpec) -> ModelRunner:
        import torch

        from .model_loader import load_model
        from .model_runner import TorchRunner

        torch.set_num_threads(self._config.compute_threads)
        config = self._config_of(spec)
        return TorchRunner(load_model(self._folder(spec), spec.name, config, spec.template), config)

    def _config_of(self, spec: ModelSpec) -> EngineConfig:
        return replace(
            self._config, context_length=spec.context_length or self._config.context_length
        )

    def _served(self, spec: ModelSpec) -> Path:
        """Where the converted form of a GGUF file is kept."""
        name = f"served-{self._stored()}"
        return Path(spec.served) / name if spec.served else Path(f"{spec.source}.{name}")

    def _stored(self) -> str:
        """The type of a converted file: what is packed afterwards needs no more than half the bytes."""
        return self._dtype() if self._whole else "float16"

    def _dtype(self) -> str:
        from .model_loader import choose_device, choose_dtype

        return choose_dtype(self._config.dtype, choose_device(self._config.device))


def is_gguf(spec: ModelSpec) -> bool:
    return spec.source.endswith(".gguf")


def _refuse_a_missing_path(spec: ModelSpec) -> None:
    """Only what can be nothing else is looked up on the hub: "weights/echo-mini" is no such name."""
    name, parent = spec.source, Path(spec.source).parent
    if (
        name.startswith((".", "/", "~"))
        or name.count("/") > 1
        or (parent != Path(".") and parent.is_dir())
        or is_gguf(spec)
    ):
        raise ModelLoadError(f"The model {name!r} does not exist.")


def _fetch(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise ModelLoadError(f"The model {name!r} cannot be fetched: {error}") from error


def fitted_cache_bytes(folder: Path, dtype: str, budget_mb: int, config: EngineConfig) -> int:
    """What keys and values will take at most, from config.json alone."""
    try:
        text: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelLoadError(f"{folder} has no config.json that can be read: {error}") from error
    text = text.get("text_config", text)
    heads = int(text.get("num_attention_heads") or 1)
    context = min(
        int(text.get("max_position_embeddings") or DEFAULT_CONTEXT_CAP), DEFAULT_CONTEXT_CAP
    )
    shape = CacheShape(
        layers=int(text.get("num_hidden_layers") or 1),
        kv_heads=int(text.get("num_key_value_heads") or heads),
        head_dim=int(text.get("head_dim") or int(text.get("hidden_size") or heads) // heads),
        dtype=dtype,
        slots=config.slots,
        context_length=config.context_length or context,
    )
    return fit_cache(shape, budget_mb, bool(config.context_length)).bytes
