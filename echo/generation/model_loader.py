"""From a folder or a name to a model that is ready to run. It does not know requests or slots."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from .config import DEFAULT_CONTEXT_CAP, EngineConfig
from .errors import InvalidConfig, InvalidRequest, ModelLoadError
from .request import SamplingParams

log = logging.getLogger(__name__)
TORCH_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@dataclass(frozen=True)
class LoadedModel:
    model: Any  # a transformers module; each family has its own class
    tokenizer: Any
    name: str
    device: torch.device
    dtype: str
    context_length: int
    eos: frozenset[int]
    defaults: SamplingParams

    @property
    def vocabulary(self) -> int:
        return int(self.model.get_output_embeddings().weight.shape[0])


def load_model(config: EngineConfig) -> LoadedModel:
    """Raises ModelLoadError or InvalidConfig when trying again would not help."""
    os.environ.setdefault("HF_DEACTIVATE_ASYNC_LOAD", "1")  # torch work stays in this thread
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call,unused-ignore]
    device = choose_device(config.device)
    dtype = choose_dtype(config.dtype, device)
    model, tokenizer = _from_pretrained(config, TORCH_DTYPES[dtype])
    _repair_pad_token(model, tokenizer)
    model.requires_grad_(False)
    model.eval().to(device)
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        name=Path(config.model).name or config.model,
        device=device,
        dtype=dtype,
        context_length=_context_length(model, config),
        eos=_eos_ids(model, tokenizer),
        defaults=_defaults(model, config.defaults),
    )


def choose_device(wanted: str) -> torch.device:
    """cuda, then mps, then cpu; a device asked for by name must be there."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (wanted.startswith("cuda") and not cuda) or (wanted == "mps" and not mps):
        raise ModelLoadError(f"The device {wanted!r} is not available on this machine.")
    return torch.device(wanted)


def choose_dtype(wanted: str, device: torch.device) -> str:
    """bfloat16 where the hardware computes it, float16 on older cuda, float32 otherwise."""
    if wanted != "auto":
        return wanted
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.get_device_capability(device)[0] >= 8 else "float16"
    if device.type == "mps":
        return "float16"
    return "bfloat16" if cpu_computes_bfloat16() else "float32"


def cpu_computes_bfloat16() -> bool:
    """Only real instructions count: emulated bfloat16 is slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text("ascii", "replace").split()
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16"} & set(flags))


def _from_pretrained(config: EngineConfig, dtype: torch.dtype) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not config.model:
        raise ModelLoadError("No model is set. Name a model folder.")
    is_folder = Path(config.model).is_dir()
    if not is_folder and _looks_like_a_folder(config.model):
        raise ModelLoadError(f"The model folder {config.model!r} does not exist.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(config.model, local_files_only=is_folder)
        model = AutoModelForCausalLM.from_pretrained(
            config.model, dtype=dtype, local_files_only=is_folder
        )
        if config.adapter:
            model.load_adapter(config.adapter)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelLoadError(f"The model {config.model!r} cannot be loaded: {error}") from error
    return model, tokenizer


def _looks_like_a_folder(name: str) -> bool:
    """Only what can be nothing else is looked up on the hub: "weights/echo-mini" is no such name."""
    parent = Path(name).parent
    return (
        name.startswith((".", "/", "~"))
        or name.count("/") > 1
        or (parent != Path(".") and parent.is_dir())
    )


def _repair_pad_token(model: Any, tokenizer: Any) -> None:
    """Many models have none; transformers warns on each call without it."""
    if tokenizer.pad_token_id is None and tokenizer.eos_token is not None:
        tokenizer.pad_token = tokenizer.eos_token
    if getattr(model.generation_config, "pad_token_id", None) is None:
        model.generation_config.pad_token_id = tokenizer.pad_token_id


def _context_length(model: Any, config: EngineConfig) -> int:
    text = model.config.get_text_config()
    most = getattr(text, "max_position_embeddings", None) or getattr(text, "n_positions", None)
    if config.context_length is None:
        return min(most or DEFAULT_CONTEXT_CAP, DEFAULT_CONTEXT_CAP)
    if most is not None and config.context_length > most:
        raise InvalidConfig(f"context_length is {config.context_length}; the model knows {most}.")
    return config.context_length


def _eos_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    ids: set[int] = set()
    text_config = model.config.get_text_config()
    for found in (
        getattr(model.generation_config, "eos_token_id", None),
        getattr(text_config, "eos_token_id", None),
        tokenizer.eos_token_id,
    ):
        ids.update(found if isinstance(found, list | tuple) else [] if found is None else [found])
    return frozenset(ids)


def _defaults(model: Any, base: SamplingParams) -> SamplingParams:
    """What the model's authors recommend in generation_config.json, over the configured values."""
    generation = model.generation_config
    names = ("max_new_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    found = {name: getattr(generation, name, None) for name in names}
    changes = {name: value for name, value in found.items() if value is not None}
    if generation.do_sample is False:
        changes["temperature"] = 0.0
    try:
        return replace(base, **changes)
    except InvalidRequest as error:
        log.warning("generation_config.json is ignored: %s", error)
        return base
