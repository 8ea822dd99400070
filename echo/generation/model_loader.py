"""From a folder to a model that is ready to run. It does not know requests, slots or the network."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from . import cuda_quant
from .config import DEFAULT_CONTEXT_CAP, PACKAGE_FOR_CUDA, EngineConfig
from .errors import InvalidConfig, InvalidRequest, ModelLoadError
from .native_model import NativeModel, native_model
from .request import SamplingParams
from .text_codec import TextCodec
from .weights import MappedWeights, weight_files

log = logging.getLogger(__name__)
MAPPED_FAMILIES = {"qwen2", "llama", "mistral", "qwen3"}
TORCH_DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to run: packed for the own kernels, or a transformers module."""

    name: str
    config: Any  # transformers' configuration of the text model
    tokenizer: Any
    device: torch.device
    dtype: str
    context_length: int
    eos: frozenset[int]
    defaults: SamplingParams
    native: NativeModel | None = None
    module: Any = None  # each family has its own class

    @property
    def vocabulary(self) -> int:
        if self.native is not None:
            return self.native.packed.shape.vocabulary
        return int(self.module.get_output_embeddings().weight.shape[0])

    @property
    def weight_bytes(self) -> int:
        """Tied weights counted once."""
        if self.native is not None:
            return self.native.packed.weight_bytes
        tensors = {tensor.data_ptr(): tensor.nbytes for tensor in self.module.parameters()}
        return sum(tensors.values())


@dataclass(frozen=True)
class ModelFolder:
    """What a folder says of its model, before any weight is read."""

    path: Path
    config: Any
    generation: Any
    tokenizer: Any

    @property
    def text(self) -> Any:
        return self.config.get_text_config()


def read_folder(folder: Path, template: str = "") -> ModelFolder:
    """Configuration and tokenizer of a folder; raises ModelLoadError."""
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    weight_files(folder)  # first: pickled weights are refused in words
    here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(folder, **here)
        tokenizer = AutoTokenizer.from_pretrained(folder, **here)
        if (folder / "generation_config.json").is_file():
            generation = GenerationConfig.from_pretrained(folder, local_files_only=True)
        else:
            generation = GenerationConfig.from_model_config(config)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelLoadError(f"The model in {folder} cannot be loaded: {error}") from error
    if template:
        tokenizer.chat_template = template
    return ModelFolder(folder, config, generation, tokenizer)


def load_model(folder: Path, name: str, config: EngineConfig, template: str = "") -> LoadedModel:
    """A folder with configuration, tokenizer and safetensors, ready to run.

    Raises:
        ModelLoadError, InvalidConfig: trying again would not help.
    """
    found = read_folder(folder, template)
    device = choose_device(config.device)
    native = packed_for(found, device, config)
    dtype = choose_dtype(config.dtype, device)
    if isinstance(native, str):
        log.info("%s is served without own kernels: %s", name, native)
    module: Any = None
    if isinstance(native, str):
        module = _module(found, device, TORCH_DTYPES[dtype], config.quant)
    packed = cuda_quant.is_asked_for(config.quant, device)
    return LoadedModel(
        name=name,
        # a packed module's own says that it is: the stripped decoder reads floats alone
        config=module.config.get_text_config() if packed else found.text,
        tokenizer=found.tokenizer,
        device=device,
        dtype=dtype if isinstance(native, str) else "float16",  # of keys and values
        context_length=context_length(found, config),
        eos=_eos_ids(found),
        defaults=_defaults(found.generation, config.defaults),
        native=None if isinstance(native, str) else native,
        module=module,
    )


def packed_for(
    found: ModelFolder, device: torch.device, config: EngineConfig,
    progress: Callable[[float], None] = lambda share: None,
) -> NativeModel | str:  # fmt: skip
    """The model for the own kernels, packed where it is not yet; else why it is not served by them."""
    if cuda_quant.is_asked_for(config.quant, device):
        return f"its weights are packed by {PACKAGE_FOR_CUDA}"
    if device.type != "cpu":
        return "it is served on another device"
    codec = TextCodec(found.tokenizer)
    window = context_length(found, config)
    return native_model(found.path, found.config, codec.encode, window, config, progress)


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


def _module(found: ModelFolder, device: torch.device, dtype: torch.dtype, quant: str) -> Any:
    """Mapped from disk where a plain family allows it, else by transformers' own loader."""
    from transformers import AutoModelForCausalLM

    os.environ.setdefault("HF_DEACTIVATE_ASYNC_LOAD", "1")  # torch work stays in this thread
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call,unused-ignore]
    model = None
    packed = cuda_quant.is_asked_for(quant, device)
    how = cuda_quant.options(quant, device, dtype) if packed else {}
    try:
        if device.type == "cpu" and found.config.model_type in MAPPED_FAMILIES:
            model = _mapped_model(found.path, found.config, dtype)
        if model is None:
            model = AutoModelForCausalLM.from_pretrained(
                found.path, dtype=dtype, local_files_only=True, trust_remote_code=False,
                use_safetensors=True, **how,
            )  # fmt: skip
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelLoadError(f"The model in {found.path} cannot be loaded: {error}") from error
    model.requires_grad_(False)
    return model.eval() if packed else model.eval().to(device)


def _mapped_model(folder: Path, shape: Any, dtype: torch.dtype) -> Any | None:
    """The module without weights of its own: its parameters are views of the files.

    None where the files hold other tensors than the module has.
    """
    from transformers import AutoModelForCausalLM

    if getattr(shape, "quantization_config", None) is not None:
        return None
    weights = MappedWeights(folder, dtype)
    with torch.device("meta"):
        module: Any = AutoModelForCausalLM
        model = module.from_config(shape, dtype=dtype)
    tied = {"lm_head.weight"} if shape.tie_word_embeddings else set()
    wanted = {name: value.shape for name, value in model.named_parameters() if name not in tied}
    found = {name: place.shape for name, place in weights.places.items() if name not in tied}
    if {name: tuple(shape) for name, shape in wanted.items()} != found:
        return None
    for name in wanted:
        parent, _, leaf = name.rpartition(".")
        value = torch.nn.Parameter(weights.take(name), requires_grad=False)
        setattr(model.get_submodule(parent), leaf, value)
    if tied:
        model.lm_head.weight = model.model.embed_tokens.weight
    # the only buffers of these families: angles, computed and not stored
    model.model.rotary_emb = type(model.model.rotary_emb)(config=model.config)
    return model


def context_length(found: ModelFolder, config: EngineConfig) -> int:
    """Tokens of prompt and reply; raises InvalidConfig for more than the model knows."""
    text = found.text
    most = getattr(text, "max_position_embeddings", None) or getattr(text, "n_positions", None)
    if config.context_length is None:
        return min(most or DEFAULT_CONTEXT_CAP, DEFAULT_CONTEXT_CAP)
    if most is not None and config.context_length > most:
        raise InvalidConfig(f"context_length is {config.context_length}; the model knows {most}.")
    return config.context_length


def _eos_ids(found: ModelFolder) -> frozenset[int]:
    ids: set[int] = set()
    for eos in (
        found.generation.eos_token_id,
        getattr(found.text, "eos_token_id", None),
        found.tokenizer.eos_token_id,
    ):
        ids.update(eos if isinstance(eos, list | tuple) else [] if eos is None else [eos])
    return frozenset(ids)


def _defaults(generation: Any, base: SamplingParams) -> SamplingParams:
    """What the model's authors recommend in generation_config.json, over the configured values."""
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
