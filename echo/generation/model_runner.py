"""From a step's plan to the next tokens, with a real model. It does not know streams or threads."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from . import decoder
from .batch import StepLayout, lay_out
from .config import CacheShape, EngineConfig, fit_cache
from .kv_cache import SlotTable
from .model_loader import TORCH_DTYPES, LoadedModel, load_model
from .prompt import PromptBuilder, TextCodec
from .request import Sequence
from .runner import (
    Admission,
    Chunk,
    ModelFacts,
    RowError,
    RowOutput,
    StepOutcome,
    StepPlan,
)
from .sampling import Sampler
from .transformers_backend import OwnCaches, SlotModules

log = logging.getLogger(__name__)
NOT_NUMBERS = "The model's output is not a number."
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.15, "float16": 0.05}  # relative to the largest logit


class Backend(Protocol):
    reuses_prefix: bool

    def forward(self, layout: StepLayout) -> Tensor: ...

    def copy_prefix(self, source: int, target: int, length: int) -> None: ...

    def clear(self, slot: int) -> None: ...


@dataclass
class _Probe:
    """As much of a Sequence as a layout needs, to try a backend before anybody asks."""

    tokens: list[int]
    slot: int = 0


class TorchRunner:
    def __init__(self, loaded: LoadedModel, config: EngineConfig) -> None:
        shape = fit_cache(
            _cache_shape(loaded, config), config.max_cache_mb, bool(config.context_length)
        )
        if shape.context_length < loaded.context_length or shape.slots < config.slots:
            log.warning(
                "max_cache_mb=%d leaves room for %d conversations of %d tokens",
                config.max_cache_mb, shape.slots, shape.context_length,
            )  # fmt: skip
        self._config = config
        self._eos = loaded.eos
        self._vocabulary = loaded.vocabulary
        self._device = loaded.device
        self._dtype = TORCH_DTYPES[loaded.dtype]
        self._codec = TextCodec(loaded.tokenizer)
        self._prompts = PromptBuilder(self._codec, shape.context_length)
        self.facts = ModelFacts(
            loaded.name, str(loaded.device), loaded.dtype, shape.context_length, shape.slots,
            loaded.defaults,
        )  # fmt: skip
        with torch.inference_mode():
            self.backend = choose_backend(loaded, shape)
        self._table = SlotTable(shape.slots, self.backend.reuses_prefix)
        self._sampler = Sampler(shape.slots, self._vocabulary, self._device)

    @property
    def slots_used(self) -> int:
        return self._table.used

    @torch.inference_mode()
    def admit(self, sequence: Sequence) -> Admission:
        request = sequence.request
        # a preempted sequence has its tokens already
        tokens = sequence.tokens or self._prompts.build(request)
        if max(tokens) >= self._vocabulary:
            raise RowError("bad_request", "The text has tokens that the model does not know.")
        lease = self._table.acquire(tokens, request.conversation)
        sequence.slot, sequence.tokens = lease.slot, tokens
        if lease.copy_from is not None:
            self.backend.copy_prefix(lease.copy_from, lease.slot, lease.cached)
        self._sampler.begin(sequence, self._seed(sequence))
        room = self.facts.context_length - len(tokens)
        return Admission(
            tokens=tokens,
            cached=lease.cached,
            budget=min(request.sampling.max_new_tokens, room),
            detokenizer=self._codec.detokenizer(),
            stop=request.sampling.stop + self._prompts.stop,
        )

    @torch.inference_mode()
    def step(self, plan: StepPlan) -> StepOutcome:
        layout = lay_out(plan, self._dtype, self._device, self.facts.slots)
        logits = self.backend.forward(layout)
        for chunk in plan.chunks:
            self._table.progress(chunk.sequence.slot, chunk.end)
        for row in plan.decode:
            self._table.progress(row.slot, len(row.tokens))
        if not layout.rows:
            return StepOutcome([])
        tokens = self._sampler.next_tokens(logits, layout.rows)
        return StepOutcome(
            [self._output(row, token) for row, token in zip(layout.rows, tokens, strict=True)]
        )

    @torch.inference_mode()
    def release(self, sequence: Sequence, failed: bool) -> None:
        if sequence.slot < 0:
            return  # it was never admitted
        if failed or not self.backend.reuses_prefix:
            self.backend.clear(sequence.slot)
        self._table.release(sequence.slot, sequence.computed, keep=not failed)
        sequence.slot = -1

    def count_tokens(self, text: str) -> int:
        return len(self._codec.encode(self._codec.clean(text)))

    def count_prompt(self, text: str, system_prompt: str) -> int:
        return self._prompts.count(text, system_prompt)

    def prompt_limit(self, max_new_tokens: int) -> int:
        return self._prompts.limit(max_new_tokens)

    def close(self) -> None:
        del self.backend
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _output(self, row: Sequence, token: int | None) -> RowOutput:
        if token is None:
            return RowOutput(row, error=NOT_NUMBERS)
        return RowOutput(row, token, ended=token in self._eos)

    def _seed(self, sequence: Sequence) -> int | str | None:
        own = sequence.request.sampling.seed
        if own is None and self._config.seed is not None:
            return f"{self._config.seed}:{sequence.number}"
        return own


def build_local_runner(config: EngineConfig) -> TorchRunner:
    """Call it in the thread that will run the steps: OpenMP teams belong to threads."""
    torch.set_num_threads(config.compute_threads)
    return TorchRunner(load_model(config), config)


def choose_backend(loaded: LoadedModel, shape: CacheShape) -> Backend:
    """The fastest one that gives the model's own logits."""
    kinds: list[Any] = [SlotModules, OwnCaches]
    if decoder.supports(loaded.model, shape.context_length):
        kinds.insert(0, decoder.Decoder)
    for kind in kinds[:-1]:
        try:
            backend: Backend = kind(loaded.model, shape.slots, shape.context_length)
            error = _difference(backend, loaded, shape.slots)
        except Exception as problem:
            log.warning(
                "%s cannot run this model (%s); a slower way is tried", kind.__name__, problem
            )
            continue
        if error <= TOLERANCE[loaded.dtype]:
            backend.clear(0)
            backend.clear(shape.slots - 1)
            return backend
        log.warning("%s differs from the model by %.3g; it is not used", kind.__name__, error)
    return OwnCaches(loaded.model, shape.slots, shape.context_length)


def _difference(backend: Backend, loaded: LoadedModel, slots: int) -> float:
    """Logits of a short text against the model's own: a chunk, a second chunk, then single tokens.

    This is the warm-up as well.
    """
    tokens = [(7 * number + 1) % loaded.vocabulary for number in range(12)]
    ids = torch.tensor([tokens], device=loaded.device)
    wanted = loaded.model(input_ids=ids, use_cache=False).logits[0, -2:].float()
    row: Any = _Probe(tokens[:11])
    plans = [StepPlan([Chunk(row, 0, 6)]), StepPlan([Chunk(row, 6, 11)]), StepPlan([], [row])]
    got = []
    for plan in plans:
        row.tokens = tokens if plan.decode else tokens[:11]
        layout = lay_out(plan, loaded.model.dtype, loaded.device, slots)
        logits = backend.forward(layout)
        got += list(logits) if layout.rows else []
    error = (torch.stack(got).float() - wanted).abs().max() / wanted.abs().max().clamp(min=1e-6)
    return float(error)


def _cache_shape(loaded: LoadedModel, config: EngineConfig) -> CacheShape:
    text = loaded.model.config.get_text_config()
    heads = getattr(text, "num_attention_heads", None) or 1
    return CacheShape(
        layers=getattr(text, "num_hidden_layers", None) or 1,
        kv_heads=getattr(text, "num_key_value_heads", None) or heads,
        head_dim=getattr(text, "head_dim", None) or text.hidden_size // heads,
        dtype=loaded.dtype,
        slots=config.slots,
        context_length=loaded.context_length,
    )
