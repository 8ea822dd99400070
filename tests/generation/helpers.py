"""Tiny random models with a tiny trained tokenizer, a reader of streams, short requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from echo.generation import (
    ChatMessage,
    Engine,
    EngineConfig,
    Failed,
    Finished,
    GenerationRequest,
    ModelSpec,
    ModelStatus,
    SamplingParams,
    TextPiece,
    TokenStream,
)
from echo.generation.local_models import LocalModels
from echo.generation.model_source import ModelSize, Progress
from echo.generation.runner import ModelRunner

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXTS = [
    "Hello, how are you today? The quick brown fox jumps over the lazy dog.",
    "Ein schöner Tag – 日本語のテキスト, немного текста, émojis 🎉🚀👩‍💻.",
    "def add(a, b):\n    return a + b\n\n- a list\n- of things\n",
    "What is the answer to everything? Tell me a story about a small house.",
]


def train_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|endoftext|>", "<|im_start|>"]})
    fast.chat_template = TEMPLATE
    return fast


def save_model(folder: Path, config: Any, template: bool = True, **generation: Any) -> Path:
    """A random model of this shape, with logits far enough apart for stable comparisons."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(7)
    tokenizer = train_tokenizer()
    if not template:
        tokenizer.chat_template = None
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0.0, 0.15)
            elif parameter.abs().sum() == 0:
                parameter.normal_(0.0, 0.1)  # biases that transformers starts at zero
    for name, value in generation.items():
        setattr(model.generation_config, name, value)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_config(family: str, **changes: Any) -> Any:
    from transformers import AutoConfig

    shape = {
        "vocab_size": 400, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3,
        "num_attention_heads": 4, "max_position_embeddings": 512, "bos_token_id": None,
        "eos_token_id": 2, "pad_token_id": 0,
    }  # fmt: skip
    if family not in ("gpt2", "gpt_neox", "mamba"):
        shape |= {"num_key_value_heads": 2}
    if family == "gpt2":
        shape |= {"n_embd": 48, "n_layer": 3, "n_head": 4, "n_positions": 512}
    return AutoConfig.for_model(family, **(shape | changes))


class Reader:
    """Waits for streams of one engine and collects what they bring."""

    def __init__(self) -> None:
        self.bell = threading.Event()
        self.wakes = 0
        self.engine: Engine | None = None
        self.events: dict[TokenStream, list[Any]] = {}

    def wake(self) -> None:
        self.wakes += 1
        self.bell.set()

    def read(self, *streams: TokenStream, timeout: float = 120.0) -> None:
        """Until all of them have ended."""
        assert self.engine is not None
        while not all(self.ended(stream) for stream in streams):
            assert self.bell.wait(timeout), "nothing came"
            self.bell.clear()
            for stream in self.engine.drain_ready():
                self.events.setdefault(stream, []).extend(stream.take())

    def ended(self, stream: TokenStream) -> bool:
        return any(not isinstance(e, TextPiece) for e in self.events.get(stream, []))

    def text(self, stream: TokenStream) -> str:
        return "".join(e.text for e in self.events.get(stream, []) if isinstance(e, TextPiece))

    def tokens(self, stream: TokenStream) -> int:
        return sum(e.tokens for e in self.events.get(stream, []) if isinstance(e, TextPiece))

    def end(self, stream: TokenStream) -> Finished | Failed:
        ends = [e for e in self.events[stream] if not isinstance(e, TextPiece)]
        assert len(ends) == 1
        return ends[0]


class BuiltBy:
    """A source of models that asks a test for each runner."""

    def __init__(self, build: Callable[[], ModelRunner]) -> None:
        self._build = build

    def size(self, spec: ModelSpec) -> ModelSize:
        return ModelSize(0, 0)

    def prepare(self, spec: ModelSpec, progress: Progress) -> None:
        """Nothing takes long."""

    def build(self, spec: ModelSpec) -> ModelRunner:
        return self._build()


def engine_of(
    build: Callable[[], ModelRunner], config: EngineConfig
) -> Callable[[Callable[[], None]], Engine]:
    """For `start_engine`: an engine with one model, whose runner the test makes."""
    return lambda wake: Engine(BuiltBy(build), config, wake, [ModelSpec("made", "made")])


def status(engine: Engine, name: str = "") -> ModelStatus:
    """The state and figures of one model, the default one if none is named."""
    wanted = name or engine.default_model
    return next(one for one in engine.models() if one.name == wanted)


def build_runner(config: EngineConfig) -> Any:
    """A runner over the folder that the configuration names, in this thread."""
    return LocalModels(config).build(ModelSpec.of_source(config.model))


def request(text: str = "hello", **changes: Any) -> GenerationRequest:
    """A request; sampling settings and request fields mixed."""
    names = SamplingParams.__dataclass_fields__
    sampling = {key: changes.pop(key) for key in list(changes) if key in names}
    messages = changes.pop("messages", (ChatMessage("user", text),))
    return GenerationRequest(messages, SamplingParams(**sampling), **changes)


def config_for(folder: Path, **changes: Any) -> EngineConfig:
    settings: dict[str, Any] = {
        "model": str(folder), "device": "cpu", "dtype": "float32", "slots": 4, "threads": 1,
    }  # fmt: skip
    return EngineConfig(**(settings | changes))


def texts_alone_and_in_a_crowd(
    engine: Engine, reader: Reader, questions: Sequence[str], crowd: int
) -> tuple[list[str], list[str]]:
    """What seeded requests are answered one after the other, and all at once beside others."""
    mine = [
        request(question, temperature=1.0, seed=number, max_new_tokens=40, owner=str(number))
        for number, question in enumerate(questions)
    ]
    alone = []
    for asked in mine:
        alone.append(engine.submit(asked))
        reader.read(alone[-1])
    others = [
        engine.submit(
            request("crowd " * (3 * n + 1), temperature=1.3, max_new_tokens=30, owner="c")
        )
        for n in range(crowd)
    ]
    beside = [engine.submit(asked) for asked in mine]
    reader.read(*others, *beside)
    return [reader.text(one) for one in alone], [reader.text(one) for one in beside]
