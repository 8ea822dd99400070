"""A chat is shortened to what a server reads, exchange by exchange, and each message is measured once."""

from __future__ import annotations

import random
from dataclasses import replace

from echo.generation import ChatMessage, GenerationRequest, SamplingParams
from echo.remote import bodies

ROLES = ("user", "assistant")


class Measured(str):
    """A text that counts how often it is measured."""

    times = 0

    def encode(self, *how: str) -> bytes:  # type: ignore[override]
        Measured.times += 1
        return super().encode(*how)


def asked(messages: tuple[ChatMessage, ...], longest: int = 100) -> GenerationRequest:
    return GenerationRequest(messages, SamplingParams(max_new_tokens=longest))


def one_by_one(
    messages: tuple[ChatMessage, ...], longest: int, window: int
) -> tuple[ChatMessage, ...]:
    """The plain way: leave out an exchange, measure all that is left, and so on."""
    room = window - min(longest, window // 2)
    while bodies.estimate(messages) > room:
        shorter = bodies.without_oldest(messages)
        if shorter == messages:
            break
        messages = shorter
    return messages


def test_any_history_is_shortened_as_by_the_plain_way() -> None:
    dice = random.Random(7)
    cut = 0
    for _ in range(500):
        number = dice.randint(1, 14)
        opening = "system" if dice.random() < 0.5 else "user"
        roles = [opening, *dice.choices(ROLES, k=number), "user"]
        texts = [dice.choice("aé日🦜") * dice.randint(0, 60) for _ in roles]
        messages = tuple(ChatMessage(*one) for one in zip(roles, texts, strict=True))
        longest, window = dice.randint(1, 200), dice.randint(10, 500)
        fitting = bodies.fitting(asked(messages, longest), messages, window)
        assert fitting == one_by_one(messages, longest, window)
        cut += fitting != messages
    assert 100 < cut < 450


def test_each_message_is_measured_once() -> None:
    turns = [ChatMessage(("user", "assistant")[n % 2], Measured("x" * 30)) for n in range(400)]
    last = ChatMessage("user", Measured("And now?"))
    messages = (ChatMessage("system", Measured("Be kind.")), *turns, last)
    request, Measured.times = asked(messages), 0
    assert len(bodies.fitting(request, messages, 200)) < 10
    assert Measured.times == 402


def test_a_program_s_call_is_never_shortened() -> None:
    messages = (ChatMessage("user", "x" * 900), ChatMessage("user", "y"))
    whole = replace(asked(messages), whole=True)
    assert bodies.fitting(whole, messages, 100) == messages
