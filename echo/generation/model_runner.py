"""From a step's plan to the next tokens, with a real model. It does not know streams or threads."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from . import decoder
from .config import CacheShape, EngineConfig, cache_budget_mb, fit_cache
from .errors import InvalidRequest
from .grammar import Grammar, Grammars
from .kv_cache import Scope, SlotTable
from .likelihood import Likelihood
from .model_loader import LoadedModel
from .native import NativeDecoder, NativeSampling
from .prompt import PromptBuilder
from .request import GenerationRequest
from .runner import (
    Admission,
    Chunk,
    ModelFacts,
    RowError,
    RowOutput,
    StepOutcome,
    StepPlan,
)
from .sampling import Sampler, SamplingBackend
from .sequence import Sequence
from .speculation import guesses
from .stream import TokenLogprob
from .text_codec import TextCodec
from .torch_sampling import TorchSampling
from .transformers_backend import OwnCaches, SlotModules

log = logging.getLogger(__name__)
NOT_NUMBERS = "The model's output is not a number."
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.15, "float16": 0.05}  # relative to the largest logit


class Backend(Protocol):
    """What computes steps over slots of keys and values."""

    reuses_prefix: bool
    looks_ahead: bool  # takes guesses, and computes them as it computes single tokens
    way: str  # how it computes, in words

    def compute(self, plan: StepPlan) -> tuple[list[Sequence], Tensor]:
        """→ the rows whose logits are wanted, and these, then those of the guesses [rows + guessed,
        vocabulary]"""

    def copy_prefix(self, source: int, target: int, length: int) -> None: ...

    def clear(self, slot: int) -> None: ...

    def add_adapter(self, name: str, folder: Path) -> None:
        """Raises ModelLoadError."""

    def drop_adapter(self, name: str) -> None: ...


@dataclass
class _Probe:
    """As much of a Sequence as a layout needs, to try a backend before anybody asks."""

    tokens: list[int]
    slot: int = 0
    request: Any = None


class TorchRunner:
    def __init__(self, loaded: LoadedModel, config: EngineConfig) -> None:
        wanted = cache_shape(loaded, config)
        budget = cache_budget_mb(loaded.weight_bytes, config)
        shape = fit_cache(wanted, budget, bool(config.context_length))
        if shape.context_length < loaded.context_length or shape.slots < config.slots:
            log.warning(
                "%s: %d MB leave room for %d conversations of %d tokens",
                loaded.name, budget, shape.slots, shape.context_length,
            )  # fmt: skip
        self._config = config
        self._eos = loaded.eos
        self._vocabulary = loaded.vocabulary
        self._device = loaded.device
        self._codec = TextCodec(loaded.tokenizer)
        self._prompts = PromptBuilder(self._codec, shape.context_length)
        with torch.inference_mode():
            self.backend = choose_backend(loaded, shape, config)
        self.facts = ModelFacts(
            str(loaded.device), loaded.dtype, shape.context_length, shape.slots, loaded.defaults,
            self.backend.way, loaded.weight_bytes, shape.bytes,
        )  # fmt: skip
        self._table = SlotTable(shape.slots, self.backend.reuses_prefix)
        self._grammars = Grammars(loaded.tokenizer, self._vocabulary, frozenset(loaded.eos))
        self._sampler = Sampler(sampling_backend(loaded, shape.slots, config))

    @property
    def slots_used(self) -> int:
        return self._table.used

    @property
    def cache_tokens(self) -> int:
        return self._table.tokens

    @torch.inference_mode()
    def admit(self, sequence: Sequence) -> Admission:
        request = self._prompts.as_offered(sequence.request)
        # a preempted sequence has its tokens already
        tokens = sequence.tokens or self._prompts.build(request)
        if max(tokens) >= self._vocabulary:
            raise RowError("bad_request", "The text has tokens that the model does not know.")
        try:
            sequence.grammar = sequence.grammar or self._grammar(request)
        except InvalidRequest as refusal:
            raise RowError("bad_request", str(refusal)) from refusal
        sequence.stream.tool_form = self._prompts.tool_form(request)
        scope = Scope(request.model, request.owner)
        shared = self._prompts.shared_tokens(request)
        lease = self._table.acquire(tokens, request.conversation, scope, shared)
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
            stop=request.sampling.stop + self._prompts.stop(request),
        )

    @torch.inference_mode()
    def add_adapter(self, name: str, folder: str) -> None:
        self.backend.add_adapter(name, Path(folder))

    def drop_adapter(self, name: str) -> None:
        self.backend.drop_adapter(name)

    @torch.inference_mode()
    def step(self, plan: StepPlan) -> StepOutcome:
        if self.backend.looks_ahead:
            plan = replace(plan, guesses=guesses(plan.decode))
        rows, logits = self.backend.compute(plan)
        for chunk in plan.chunks:
            self._table.progress(chunk.sequence.slot, chunk.end)
        for row in plan.decode:
            self._table.progress(row.slot, len(row.tokens))
        if not rows:
            return StepOutcome([])
        outputs = self._sample(rows, logits[: len(rows)])
        if plan.guesses:
            outputs += self._beyond(plan, outputs, logits[len(rows) :])
        return StepOutcome(outputs)

    def _sample(self, rows: list[Sequence], logits: Tensor) -> list[RowOutput]:
        sampled = self._sampler.next_tokens(logits, rows)
        outputs = [
            self._output(row, token) for row, token in zip(rows, sampled.tokens, strict=True)
        ]
        for number, found in sampled.likelihoods.items():
            outputs[number].logprob = self._in_text(found)
        return outputs

    def _beyond(self, plan: StepPlan, drawn: list[RowOutput], logits: Tensor) -> list[RowOutput]:
        """Where a guess was drawn, its logits are there: the token after it is drawn at once."""
        found: list[RowOutput] = []
        ahead = iter(logits)
        for row, output in zip(plan.decode, drawn, strict=False):
            guess = plan.guesses.get(row.number, ())
            after = list(islice(ahead, len(guess)))
            right = 0
            while right < len(guess) and output.token == guess[right] and not output.ended:
                [output] = self._sample([row], after[right][None])
                found.append(output)
                right += 1
            if guess and row.lookup is not None:
                row.lookup.learn(right)
        return found

    @torch.inference_mode()
    def release(self, sequence: Sequence, failed: bool) -> None:
        if sequence.slot < 0:
            return  # it was never admitted
        if failed or not self.backend.reuses_prefix:
            self.backend.clear(sequence.slot)
        self._table.release(sequence.slot, sequence.computed, keep=not failed)
        sequence.slot = -1

    def prepare(self, request: GenerationRequest) -> None:
        self._grammar(request)  # it is kept

    def tokenize(self, text: str) -> list[int]:
        return self._codec.encode_bare(text)

    def count_prompt(self, text: str, system_prompt: str, most: int) -> int:
        return self._prompts.count(text, system_prompt, most)

    def prompt_limit(self, max_new_tokens: int) -> int:
        return self._prompts.limit(max_new_tokens)

    def close(self) -> None:
        del self.backend
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _seed(self, sequence: Sequence) -> int | str | None:
        own = sequence.request.sampling.seed
        if own is None and self._config.seed is not None:
            return f"{self._config.seed}:{sequence.number}"
        return own

    def _in_text(self, found: Likelihood) -> TokenLogprob:
        top = tuple((self._codec.token_text(token), logprob) for token, logprob in found.top)
        return TokenLogprob(self._codec.token_text(found.token), found.logprob, top)

    def _grammar(self, request: GenerationRequest) -> Grammar | None:
        schema = self._prompts.schema(request)
        return self._grammars.make(schema) if schema is not None else None

    def _output(self, row: Sequence, token: int | None) -> RowOutput:
        if row.grammar is not None and row.grammar.error is not None:
            return RowOutput(row, error=row.grammar.error)
        if token is None:
            return RowOutput(row, error=NOT_NUMBERS)
        return RowOutput(row, token, ended=token in self._eos)


def sampling_backend(loaded: LoadedModel, slots: int, config: EngineConfig) -> SamplingBackend:
    """How tokens are chosen: by the own kernels where these compute their logits too."""
    if loaded.native is not None:
        code = loaded.native.code
        return NativeSampling(slots, loaded.vocabulary, config.kernel_threads, code)
    return TorchSampling(slots, loaded.vocabulary, loaded.device)


def choose_backend(loaded: LoadedModel, shape: CacheShape, config: EngineConfig) -> Backend:
    """The own kernels where the model is packed for them, else the fastest that gives its logits."""
    if loaded.native is not None:
        native = loaded.native
        return NativeDecoder(
            native.packed, native.angles, shape.slots, shape.context_length,
            config.kernel_threads, native.code,
        )  # fmt: skip
    kinds: list[Any] = [SlotModules, OwnCaches]
    if decoder.supports(loaded.config, shape.context_length):
        kinds.insert(0, decoder.Decoder)
    for kind in kinds[:-1]:
        try:
            backend: Backend = kind(loaded.module, shape.slots, shape.context_length)
            error = _difference(backend, loaded)
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
    return OwnCaches(loaded.module, shape.slots, shape.context_length)


def _difference(backend: Backend, loaded: LoadedModel) -> float:
    """Logits of a short text against the model's own: a chunk, a second chunk, then single tokens.

    This is the warm-up as well.
    """
    tokens = [(7 * number + 1) % loaded.vocabulary for number in range(12)]
    ids = torch.tensor([tokens], device=loaded.device)
    wanted = loaded.module(input_ids=ids, use_cache=False).logits[0, -2:].float()
    row: Any = _Probe(tokens[:11])
    plans = [StepPlan([Chunk(row, 0, 6)]), StepPlan([Chunk(row, 6, 11)]), StepPlan([], [row])]
    got: list[Tensor] = []
    for plan in plans:
        row.tokens = tokens if plan.decode else tokens[:11]
        rows, logits = backend.compute(plan)
        got += list(logits) if rows else []
    error = (torch.stack(got).float() - wanted).abs().max() / wanted.abs().max().clamp(min=1e-6)
    return float(error)


def cache_shape(loaded: LoadedModel, config: EngineConfig) -> CacheShape:
    text = loaded.config
    heads = getattr(text, "num_attention_heads", None) or 1
    return CacheShape(
        layers=getattr(text, "num_hidden_layers", None) or 1,
        kv_heads=getattr(text, "num_key_value_heads", None) or heads,
        head_dim=getattr(text, "head_dim", None) or text.hidden_size // heads,
        dtype=loaded.dtype,
        slots=config.slots,
        context_length=loaded.context_length,
    )
