"""The engine on a real (tiny, random) model: equal to transformers, whatever else is served."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from echo.generation import (
    ChatMessage,
    Engine,
    EngineConfig,
    EngineUnavailable,
    Failed,
    Finished,
    FinishReason,
    MessageTooLong,
    ModelSpec,
    served_model,
)
from echo.generation.batch import lay_out
from echo.generation.config import CacheShape
from echo.generation.decoder import Decoder, supports
from echo.generation.local_models import LocalModels
from echo.generation.model_loader import cpu_computes_bfloat16, load_model
from echo.generation.prompt import PromptBuilder
from echo.generation.runner import Chunk, StepPlan
from echo.generation.sequence import Sequence
from echo.generation.stream import TokenStream
from echo.generation.text_codec import TextCodec
from echo.generation.transformers_backend import OwnCaches, SlotModules

from .conftest import StartEngine
from .helpers import (
    Reader,
    build_runner,
    config_for,
    engine_of,
    request,
    save_model,
    status,
    texts_alone_and_in_a_crowd,
    tiny_config,
)

CPU = torch.device("cpu")


class Reference:
    """What model.generate() says about the same prompt."""

    def __init__(self, folder: Path) -> None:
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.codec = TextCodec(self.tokenizer)

    def text(self, asked: Any, context: int = 512) -> str:
        sampling = asked.sampling
        ids = PromptBuilder(self.codec, context).build(asked)
        output = self.model.generate(
            torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids), dtype=torch.long),
            max_new_tokens=min(sampling.max_new_tokens, context - len(ids)),
            do_sample=False,
            repetition_penalty=sampling.repetition_penalty,
            pad_token_id=0,
        )[0, len(ids) :]
        text: str = self.tokenizer.decode(output, skip_special_tokens=True)
        return text.rstrip("\ufffd")


@pytest.fixture(scope="module")
def reference(tiny_qwen: Path) -> Reference:
    return Reference(tiny_qwen)


def local(folder: Path, **changes: Any) -> Any:
    return lambda wake: Engine.local(config_for(folder, **changes), wake)


@pytest.fixture(scope="module")
def shared(tiny_qwen: Path) -> Iterator[tuple[Engine, Reader]]:
    """One engine for all tests that leave it as it was."""
    reader = Reader()
    engine = Engine.local(config_for(tiny_qwen, prefill_tokens_per_step=24), reader.wake)
    reader.engine = engine
    engine.start()
    yield engine, reader
    engine.stop(10)


GREEDY: dict[str, Any] = {"temperature": 0.0, "max_new_tokens": 24}
QUESTIONS = ["a", "hello there", "tell me a story " * 8, "日本語 🎉", "x" * 150, "What is it?"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_greedy_alone_equals_generate(
    shared: tuple[Engine, Reader], reference: Reference, question: str
) -> None:
    engine, reader = shared
    asked = request(question, **GREEDY)
    stream = engine.submit(asked)
    reader.read(stream)
    assert reader.text(stream) == reference.text(asked)


def test_greedy_in_mixed_batches_equals_generate(
    shared: tuple[Engine, Reader], reference: Reference
) -> None:
    """More requests than slots, prompts longer than the budget, sampled neighbours, penalties."""
    engine, reader = shared
    asked = [
        request(question, **{**GREEDY, "max_new_tokens": 10 + 7 * number}, owner=str(number % 3))
        for number, question in enumerate(QUESTIONS)
    ]
    asked += [request(question, **GREEDY, repetition_penalty=1.3) for question in QUESTIONS[:3]]
    noise = [request("noise", temperature=1.5, max_new_tokens=15) for _ in range(4)]
    streams = [engine.submit(one) for one in asked]
    others = [engine.submit(one) for one in noise]
    reader.read(*streams, *others)
    for one, stream in zip(asked, streams, strict=True):
        assert reader.text(stream) == reference.text(one)
        assert isinstance(reader.end(stream), Finished)


def test_greedy_with_a_reused_prefix_equals_generate(
    shared: tuple[Engine, Reader], reference: Reference
) -> None:
    engine, reader = shared
    messages = [
        ChatMessage("system", "You are kind, short and precise."),
        ChatMessage("user", "hi"),
    ]
    cached = []
    for turn in range(4):
        asked = request(messages=tuple(messages), conversation="sticky", **GREEDY)
        stream = engine.submit(asked)
        reader.read(stream)
        assert reader.text(stream) == reference.text(asked)
        cached.append(reader.end(stream).usage.cached)
        prompt = reader.end(stream).usage.prompt
        messages += [
            ChatMessage("assistant", reader.text(stream)),
            ChatMessage("user", f"and number {turn}?"),
        ]
    assert cached[-1] > prompt * 0.5
    other = request(messages=(messages[0], ChatMessage("user", "hello")), **GREEDY)
    stream = engine.submit(other)
    reader.read(stream)
    assert reader.end(stream).usage.cached >= 16  # the shared system prompt
    assert reader.text(stream) == reference.text(other)


def test_regenerating_computes_one_token_of_the_prompt(shared: tuple[Engine, Reader]) -> None:
    engine, reader = shared
    texts = []
    for _ in range(2):
        stream = engine.submit(request("again and again please", conversation="again", **GREEDY))
        reader.read(stream)
        texts.append(reader.text(stream))
    usage = reader.end(stream).usage
    assert usage.cached == usage.prompt - 1
    assert texts[0] == texts[1]


def test_long_conversations_are_trimmed_and_fill_the_window(
    shared: tuple[Engine, Reader], reference: Reference
) -> None:
    engine, reader = shared
    messages = []
    for number in range(40):
        messages += [
            ChatMessage("user", f"question {number}"),
            ChatMessage("assistant", f"answer {number}"),
        ]
    asked = request(messages=(*messages, ChatMessage("user", "now")), **GREEDY)
    stream = engine.submit(asked)
    reader.read(stream)
    usage = reader.end(stream).usage
    assert (512 - 24) // 2 <= usage.prompt <= 512 - 24
    assert reader.text(stream) == reference.text(asked)


def test_a_seed_does_not_depend_on_neighbours(shared: tuple[Engine, Reader]) -> None:
    engine, reader = shared
    mine: dict[str, Any] = {"temperature": 1.1, "top_p": 0.95, "seed": 5, "max_new_tokens": 30}
    texts = []
    for crowd in (0, 3, 6):
        others = [
            engine.submit(request("crowd " * (number + 1), temperature=1.3, max_new_tokens=20))
            for number in range(crowd)
        ]
        stream = engine.submit(request("what is random?", **mine))
        reader.read(stream, *others)
        texts.append(reader.text(stream))
    assert texts[0] == texts[1] == texts[2]
    other = engine.submit(request("what is random?", **{**mine, "seed": 6}))
    reader.read(other)
    assert reader.text(other) != texts[0]


@pytest.mark.slow
def test_a_row_that_was_taken_back_goes_on_as_if_nothing_had_been(
    start_engine: StartEngine, tiny_qwen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_model, "PLACES_EVERY", 0.0)
    engine, reader = start_engine(local(tiny_qwen, slots=2))
    long: dict[str, Any] = {"max_new_tokens": 400, "temperature": 1.0, "repetition_penalty": 1.1}
    asked = [request("tell me", seed=seed, owner="greedy", **long) for seed in (1, 2)]
    alone = []
    for one in asked:
        alone.append(engine.submit(one))
        reader.read(alone[-1])
    preempted = []
    scheduler = engine._thread.models[engine.default_model].scheduler
    preempt = scheduler.preempt
    scheduler.preempt = lambda row: (preempted.append(row), preempt(row))[1]  # type: ignore[method-assign]
    again = [engine.submit(one) for one in asked]
    for _ in range(2000):
        if engine.counters().running == 2:
            break
        threading.Event().wait(0.001)
    short = [engine.submit(request(f"short {n}", owner=f"modest{n}", **GREEDY)) for n in range(8)]
    reader.read(*again, *short)
    assert preempted
    assert [reader.text(one) for one in again] == [reader.text(one) for one in alone]
    assert [reader.end(one).usage.completion for one in again] == [
        reader.end(one).usage.completion for one in alone
    ]
    assert engine.counters().queued == 0


def test_a_reply_can_be_continued(shared: tuple[Engine, Reader], reference: Reference) -> None:
    engine, reader = shared
    asked = request("go on", prefix="Once upon a time", **GREEDY)
    stream = engine.submit(asked)
    reader.read(stream)
    assert reader.text(stream) == reference.text(asked)


def test_stop_strings_end_the_text_before_them(shared: tuple[Engine, Reader]) -> None:
    engine, reader = shared
    whole = engine.submit(request("stop me", **GREEDY))
    reader.read(whole)
    text = reader.text(whole)
    stop = text[len(text) // 2 : len(text) // 2 + 3]
    stream = engine.submit(request("stop me", **GREEDY, stop=(stop,)))
    reader.read(stream)
    assert reader.text(stream) == text[: text.index(stop)]
    assert reader.end(stream).reason is FinishReason.STOP  # type: ignore[union-attr]


def test_a_window_is_never_exceeded(shared: tuple[Engine, Reader]) -> None:
    engine, reader = shared
    stream = engine.submit(request("x " * 100, temperature=0.0, max_new_tokens=100_000))
    reader.read(stream)
    end = reader.end(stream)
    assert isinstance(end, Finished)
    assert end.usage.prompt + end.usage.completion <= 512


def test_too_long_messages_fail_alone_and_are_refused_before(
    shared: tuple[Engine, Reader],
) -> None:
    engine, reader = shared
    bad, good = engine.submit(request("日" * 400, **GREEDY)), engine.submit(request("a", **GREEDY))
    reader.read(bad, good)
    end = reader.end(bad)
    assert isinstance(end, Failed)
    assert end.code == "too_long"
    assert isinstance(reader.end(good), Finished)
    with pytest.raises(MessageTooLong) as caught:
        engine.check("日" * 400, "", 24)
    assert caught.value.limit == 488
    engine.check("short", "Be kind.", 24)


def test_cancel_frees_the_row(shared: tuple[Engine, Reader]) -> None:
    engine, reader = shared
    stream = engine.submit(request("endless", temperature=1.0, max_new_tokens=450))
    assert reader.bell.wait(10)
    stream.cancel()
    reader.read(stream)
    end = reader.end(stream)
    assert isinstance(end, Finished)
    assert end.reason in (FinishReason.CANCELLED, FinishReason.STOP)
    assert engine.counters().running == 0


def test_counters_and_health(shared: tuple[Engine, Reader]) -> None:
    engine, _ = shared
    counters, health, model = engine.counters(), engine.health(), status(engine)
    assert model.generated_tokens > 0
    assert model.cached_tokens > 0
    assert (counters.queued, counters.running) == (0, 0)
    assert 0 < model.slots_used <= model.slots == 4
    assert model.weight_bytes > 0
    assert (model.state, model.way) == ("ready", "own decoder")
    assert (health.state, health.device, health.dtype) == ("ready", "cpu", "float32")


# faults ------------------------------------------------------------------------------------------


def poisoned(folder: Path, question: str, **changes: Any) -> Any:
    """An engine whose model gives NaN for every text with the first token of `question`."""
    config = config_for(folder, **changes)

    def build() -> Any:
        runner = build_runner(config)
        backend: Any = runner.backend
        token = runner._codec.encode(question)[0]
        backend.embedding = backend.embedding.clone()
        backend.embedding[token] = float("nan")
        return runner

    return engine_of(build, config)


def test_nan_fails_one_row_and_its_slot_is_clean_afterwards(
    start_engine: StartEngine, tiny_qwen: Path, reference: Reference
) -> None:
    engine, reader = start_engine(poisoned(tiny_qwen, "ü", slots=2))
    asked = request("hello there", **GREEDY)
    # longer than the good ones: what it leaves lies within their attention window
    good, bad = engine.submit(asked), engine.submit(request("ü" * 40, **GREEDY))
    reader.read(good, bad)
    end = reader.end(bad)
    assert isinstance(end, Failed)
    assert end.code == "engine_failed"
    again = [engine.submit(request("hello there", **GREEDY, owner=str(n))) for n in range(4)]
    reader.read(*again)
    assert {reader.text(stream) for stream in (good, *again)} == {reference.text(asked)}
    assert engine.health().restarts == 0


def test_a_forward_pass_that_raises_restarts_the_engine(
    start_engine: StartEngine, tiny_qwen: Path
) -> None:
    config = config_for(tiny_qwen, slots=1, restart_pause_seconds=0.01)
    crashes = []

    def build() -> Any:
        runner = build_runner(config)
        if not crashes:
            crashes.append(1)
            runner.backend.forward = None  # type: ignore[method-assign,assignment]
        return runner

    engine, reader = start_engine(engine_of(build, config))
    streams = [engine.submit(request("hi", **GREEDY)) for _ in range(3)]
    reader.read(*streams)
    assert isinstance(reader.end(streams[0]), Failed)
    assert all(isinstance(reader.end(stream), Finished) for stream in streams[1:])
    assert engine.health().restarts == 1


def test_a_broken_template_fails_one_request_not_the_engine(
    start_engine: StartEngine, tmp_path: Path
) -> None:
    folder = save_model(tmp_path, tiny_config("qwen2"))
    template = folder / "chat_template.jinja"
    text = template.read_text("utf-8")
    raise_on = "{% if messages[0].content == 'bad' %}{{ raise_exception('no') }}{% endif %}"
    template.write_text(raise_on + text, "utf-8")
    engine, reader = start_engine(local(folder))
    bad, good = engine.submit(request("bad", **GREEDY)), engine.submit(request("ok", **GREEDY))
    reader.read(bad, good)
    end = reader.end(bad)
    assert isinstance(end, Failed)
    assert end.code == "bad_request"
    assert isinstance(reader.end(good), Finished)
    assert engine.counters().running == 0


def test_a_missing_model_is_a_clear_end(start_engine: StartEngine, tmp_path: Path) -> None:
    engine, reader = start_engine(local(tmp_path / "nowhere"))
    try:
        stream = engine.submit(request())
    except EngineUnavailable:
        pass
    else:
        reader.read(stream)
        assert isinstance(reader.end(stream), Failed)
    for _ in range(500):
        if engine.health().state == "failed":
            break
        threading.Event().wait(0.01)
    assert "does not exist" in str(engine.health().error)
    with pytest.raises(EngineUnavailable, match="does not exist"):
        engine.submit(request())


def test_a_second_model_answers_beside_the_first(
    start_engine: StartEngine, tiny_qwen: Path, tmp_path: Path
) -> None:
    """Loaded while the first one serves; what cannot be loaded leaves both alone."""
    other = save_model(tmp_path, tiny_config("llama"))
    engine, reader = start_engine(local(tiny_qwen))
    engine.offer(ModelSpec("other", str(other)))
    engine.offer(ModelSpec("missing", str(tmp_path / "nowhere")))
    running = engine.submit(request("old", temperature=1.0, max_new_tokens=60))
    asked = request("new", **GREEDY)
    streams = [engine.submit(replace(asked, model=name)) for name in ("other", "missing", "")]
    reader.read(running, *streams)
    assert isinstance(reader.end(running), Finished)
    assert reader.text(streams[0]) == Reference(other).text(asked)
    failed = reader.end(streams[1])
    assert isinstance(failed, Failed)
    assert "does not exist" in failed.text
    assert reader.text(streams[2]) == Reference(tiny_qwen).text(asked)


# families ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "backend"),
    [
        ("llama", Decoder), ("mistral", Decoder), ("qwen3", Decoder),
        ("gpt2", SlotModules), ("gpt_neox", SlotModules), ("mamba", OwnCaches),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_families_equal_generate(
    start_engine: StartEngine, tmp_path: Path, family: str, backend: type
) -> None:
    folder = save_model(tmp_path, tiny_config(family), template=family != "gpt2")
    config = config_for(folder, prefill_tokens_per_step=16)
    runners = []

    def build() -> Any:
        runners.append(build_runner(config))
        return runners[0]

    engine, reader = start_engine(engine_of(build, config))
    asked = [request(question, **GREEDY) for question in QUESTIONS]
    streams = [engine.submit(one) for one in asked]
    reader.read(*streams)
    assert type(runners[0].backend) is backend
    expected = Reference(folder)
    for one, stream in zip(asked, streams, strict=True):
        assert reader.text(stream) == expected.text(one).split("\nUser:")[0]


def test_the_decoder_equals_the_transformers_class(tiny_qwen: Path) -> None:
    """Chunked prompts of several rows and single tokens in one pass, to 1e-5."""
    loaded = load_model(tiny_qwen, "tiny", config_for(tiny_qwen))
    assert supports(loaded.config, 512)
    torch.manual_seed(1)
    with torch.inference_mode():
        decoder = Decoder(loaded.module, 8, 512)
        rows = []
        for number, length in enumerate((5, 70, 33, 200)):
            sequence = Sequence(request(), TokenStream("r"), number)
            sequence.slot = (5, 0, 2, 7)[number]
            sequence.tokens = torch.randint(0, 400, (length,)).tolist()
            rows.append(sequence)
        starts = (0, 40, 10, 150)
        before = StepPlan([Chunk(r, 0, s) for r, s in zip(rows, starts, strict=True) if s], [])
        decoder.forward(lay_out(before, torch.float32, CPU, 8))
        after = StepPlan(
            [Chunk(r, s, len(r.tokens)) for r, s in zip(rows, starts, strict=True)], []
        )
        check_logits(decoder, loaded.module, after)
        for _ in range(3):
            for row in rows:
                row.tokens.append(int(torch.randint(0, 400, (1,))))
            check_logits(decoder, loaded.module, StepPlan([], rows))


def check_logits(decoder: Decoder, model: Any, plan: StepPlan) -> None:
    layout = lay_out(plan, torch.float32, CPU, 8)
    got = decoder.forward(layout)
    for logits, row in zip(got, layout.rows, strict=True):
        wanted = model(input_ids=torch.tensor([row.tokens])).logits[0, -1]
        scale = wanted.abs().max().clamp(min=1.0)
        assert (logits - wanted).abs().max() / scale < 1e-5


def test_rows_of_very_different_length_attend_in_groups() -> None:
    rows = []
    for number, length in enumerate((10, 20, 500, 15, 480)):
        sequence = Sequence(request(), TokenStream("r"), number)
        sequence.slot, sequence.tokens = number, [1] * length
        rows.append(sequence)
    layout = lay_out(StepPlan([], rows), torch.float32, CPU, 8)
    assert [group.width for group in layout.decode] == [64, 512]
    assert [row.slot for row in layout.rows] == [0, 1, 3, 2, 4]
    assert all(group.index is not None for group in layout.decode)


def test_rows_are_laid_out_in_the_order_of_their_slots() -> None:
    """Slots side by side are read as one view, which is right for sorted rows only."""
    rows = []
    for number, slot in enumerate((0, 2, 1, 3)):
        sequence = Sequence(request(), TokenStream("r"), number)
        sequence.slot, sequence.tokens = slot, [number] * 5
        rows.append(sequence)
    layout = lay_out(StepPlan([], rows), torch.float32, CPU, 8)
    assert [row.slot for row in layout.rows] == [0, 1, 2, 3]
    assert layout.slots.tolist() == [0, 1, 2, 3]
    assert layout.decode[0].index is None


def test_every_end_of_turn_token_ends_a_reply(
    start_engine: StartEngine, tiny_qwen: Path, tmp_path: Path, reference: Reference
) -> None:
    asked = request("hello there", **GREEDY)
    ids = PromptBuilder(reference.codec, 512).build(asked)
    output = reference.model.generate(torch.tensor([ids]), max_new_tokens=6, do_sample=False)
    end = int(output[0, -1])
    for number, ends in enumerate(([400 - 1, end], end)):
        folder = save_model(tmp_path / str(number), tiny_config("qwen2"), eos_token_id=ends)
        assert load_model(folder, "tiny", config_for(folder)).eos >= {end, 2}
        engine, reader = start_engine(local(folder))
        stream = engine.submit(asked)
        reader.read(stream)
        assert reader.end(stream).reason is FinishReason.STOP  # type: ignore[union-attr]
        assert reader.end(stream).usage.completion <= 5
        assert reader.text(stream) == Reference(folder).text(asked)


def test_sliding_windows_are_left_to_transformers(tmp_path: Path) -> None:
    config = tiny_config("mistral", sliding_window=16)
    model = AutoModelForCausalLM.from_config(config)
    assert not supports(model.config, 512)
    assert supports(model.config, 16)


def test_dtypes_and_devices() -> None:
    from echo.generation import ModelLoadError
    from echo.generation.model_loader import choose_device, choose_dtype

    expected = "bfloat16" if cpu_computes_bfloat16() else "float32"
    assert choose_dtype("auto", CPU) == expected
    assert choose_dtype("float16", CPU) == "float16"
    assert choose_device("cpu") == CPU
    if not torch.cuda.is_available():
        with pytest.raises(ModelLoadError, match="cuda"):
            choose_device("cuda")


def test_a_missing_folder_is_not_looked_up_on_the_hub(tmp_path: Path) -> None:
    from echo.generation import ModelLoadError

    (tmp_path / "weights").mkdir()
    for name in (str(tmp_path / "weights/none"), "./none", "a/b/c", "tests/none", "none.gguf"):
        models = LocalModels(EngineConfig())
        with pytest.raises(ModelLoadError, match="does not exist"):
            models.size(ModelSpec("some", name))
        with pytest.raises(ModelLoadError, match="does not exist"):
            models.prepare(ModelSpec("some", name), lambda share, doing: None)


@pytest.mark.skipif(not cpu_computes_bfloat16(), reason="this processor emulates bfloat16")
def test_a_seed_does_not_depend_on_neighbours_in_bfloat16(
    start_engine: StartEngine, tmp_path: Path
) -> None:
    """Whole vectors and equal windows: the same bits, not only nearly the same numbers."""
    shape = {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 2}
    folder = save_model(tmp_path, tiny_config("qwen2", **shape))
    engine, reader = start_engine(
        local(folder, dtype="bfloat16", slots=16, prefill_tokens_per_step=64)
    )
    alone, beside = texts_alone_and_in_a_crowd(engine, reader, QUESTIONS, 10)
    assert alone == beside


def test_half_precision_serves_too(start_engine: StartEngine, tiny_qwen: Path) -> None:
    engine, reader = start_engine(local(tiny_qwen, dtype="bfloat16"))
    streams = [engine.submit(request(question, **GREEDY)) for question in QUESTIONS]
    reader.read(*streams)
    assert all(isinstance(reader.end(stream), Finished) for stream in streams)


def test_the_models_own_recommendations_are_the_defaults(
    start_engine: StartEngine, tmp_path: Path
) -> None:
    folder = save_model(
        tmp_path, tiny_config("qwen2"), do_sample=True, temperature=0.6, top_k=20, top_p=0.8
    )
    engine, reader = start_engine(local(folder, max_cache_mb=1))
    reader.read(engine.submit(request("a", **GREEDY)))
    assert (engine.defaults().temperature, engine.defaults().top_k, engine.defaults().top_p) == (
        0.6, 20, 0.8,
    )  # fmt: skip
    shape = CacheShape(3, 2, 12, "float32", status(engine).slots, 512)
    assert shape.bytes <= 2**20
