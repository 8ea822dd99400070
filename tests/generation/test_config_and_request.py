"""Settings and requests check themselves."""

from typing import Any

import pytest

from echo.generation import (
    ChatMessage,
    EngineConfig,
    GenerationRequest,
    InvalidConfig,
    InvalidRequest,
    SamplingParams,
)
from echo.generation.config import CacheShape, cache_budget_mb, fit_cache


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_new_tokens", 0), ("max_new_tokens", 1.5), ("max_new_tokens", True),
        ("temperature", -0.1), ("temperature", float("nan")), ("temperature", "hot"),
        ("top_p", 0.0), ("top_p", 1.01), ("top_k", -1), ("min_p", 2.0),
        ("repetition_penalty", 0.0), ("repetition_penalty", float("inf")),
        ("seed", -1), ("seed", 2**64), ("stop", ["a"]), ("stop", ("",)), ("stop", ("x" * 201,)),
        ("stop", ("a",) * 17),
    ],
)  # fmt: skip
def test_absurd_sampling_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        SamplingParams(**{field: value})
    assert caught.value.field == field
    assert caught.value.text


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (ChatMessage("user", "a"), ChatMessage("system", "b")),
        (ChatMessage("wizard", "a"),),
        (ChatMessage("user", "a"), ChatMessage("assistant", "b")),
        (ChatMessage("user", 3),),  # type: ignore[arg-type]
    ],
)
def test_absurd_messages_are_refused(messages: Any) -> None:
    with pytest.raises(InvalidRequest):
        GenerationRequest(messages)


@pytest.mark.parametrize(
    "bad",
    [{"slots": 0}, {"device": "abacus"}, {"dtype": "int3"}, {"context_length": 3}, {"threads": 0}],
)
def test_absurd_settings_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig):
        EngineConfig(**bad)


def test_one_core_is_left_to_the_web_server() -> None:
    assert EngineConfig(threads=3).compute_threads == 3
    assert EngineConfig(threads=3).kernel_threads == 3
    assert EngineConfig().kernel_threads >= EngineConfig().compute_threads >= 1


SHAPE = CacheShape(
    layers=24, kv_heads=2, head_dim=64, dtype="bfloat16", slots=32, context_length=4096
)


def test_cache_memory_is_known_before_start() -> None:
    assert SHAPE.bytes == 2 * 24 * 2 * 64 * 2 * 32 * 4096
    assert fit_cache(SHAPE, 2048, fixed_context=False) == SHAPE


def test_cache_shrinks_its_window_to_a_good_one_then_its_slots_then_its_window_again() -> None:
    smaller = fit_cache(SHAPE, 800, fixed_context=False)
    assert (smaller.slots, smaller.context_length) == (32, 800 * 2**20 // (12288 * 32))
    assert smaller.bytes <= 800 * 2**20
    good = fit_cache(SHAPE, 500, fixed_context=False)
    assert (good.slots, good.context_length) == (500 * 2**20 // (12288 * 2048), 2048)
    fewer = fit_cache(SHAPE, 96, fixed_context=False)
    assert (fewer.slots, fewer.context_length) == (8, 1024)
    fixed = fit_cache(SHAPE, 96, fixed_context=True)
    assert (fixed.slots, fixed.context_length) == (2, 4096)


@pytest.mark.parametrize(
    ("weights", "memory", "expected"),
    [
        (100, None, 768),  # nothing is known of the machine
        (100, 4000, 768),
        (100, 16_000, 2000),  # an eighth
        (2500, 16_000, 2500),  # as much as the weights
        (100, 64_000, 4096),  # `max_cache_mb`
        (100, 600, 499),  # what is left
        (599, 600, 1),
    ],
)  # fmt: skip
def test_how_much_memory_one_cache_may_have(
    weights: int, memory: int | None, expected: int
) -> None:
    assert cache_budget_mb(weights * 2**20, EngineConfig(memory_mb=memory)) == expected


def test_a_cache_without_room_for_one_conversation_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="max_cache_mb"):
        fit_cache(SHAPE, 16, fixed_context=True)
