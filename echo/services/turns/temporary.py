"""Questions of temporary chats: what was said comes along with each, and nothing is stored but what it took.

Answered as in any chat: same prompt, settings, help, rules, sums and allowance. What a person wants in all
chats holds here too; what is remembered of them is not told, their documents are not looked in, and no
functions are offered. Knows no sockets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from echo import request_ids
from echo.generation import ChatMessage, GenerationRequest
from echo.models import Device
from echo.models.types import new_id
from echo.services import tools
from echo.services.chats import chat_settings
from echo.services.turns import guarded
from echo.services.turns.calls import Asker
from echo.services.turns.engine_requests import refusals
from echo.services.turns.giving import Steps
from echo.services.turns.live_call import LiveCall
from echo.services.turns.reading import as_read
from echo.services.turns.turns import Turns

ROUTE: Final = "temporary"


@dataclass(frozen=True)
class TemporaryQuestion:
    """Role and text of all that was said, the question last; settings as those of a conversation."""

    messages: tuple[tuple[str, str], ...]
    settings: Mapping[str, Any]
    zone: str | None = None
    """The name of the zone whose clocks whoever asks sees; UTC where it is not known."""


class TemporaryAnswer(NamedTuple):
    """The answer in the making, and what stands above it."""

    call: LiveCall
    steps: Steps | None


def ask_temporary(turns: Turns, device: Device, asked: TemporaryQuestion) -> TemporaryAnswer:
    """Begin the answer to a question by the person of this device, for as long as it is signed in.

    Raises:
        TooLong, InvalidInput, Forbidden, QuotaExceeded, Busy, EngineFailed.
    """
    user_id, question = device.user_id, asked.messages[-1][1]
    turns.calls.refuse_spent(user_id)
    settings = chat_settings.checked(dict(asked.settings))
    own = settings.get("system_prompt")
    around = turns.requests.around_for(user_id, settings, own, with_memories=False, zone=asked.zone)
    turns.requests.refuse_too_long(question, around)
    said = [ChatMessage(role, text) for role, text in asked.messages]
    history, looked = guarded.temporary(said)
    is_refused = looked.refusal is not None
    steps = None if is_refused else turns.requests.computed(history[-1].content, around)
    before = tools.before(steps, around.window)
    turns.calls.refuse_spent(user_id)  # that may have taken seconds
    with refusals():
        request = GenerationRequest(
            messages=as_read(around.system, history, around.told, before),
            sampling=around.sampling,
            model=around.chosen.name,
            shared_chars=around.shared_chars,
            owner=str(user_id),
            request_id=new_id(),
            trace_id=request_ids.current(),
        )
    asker = Asker(user_id, device.id)
    return TemporaryAnswer(turns.calls.begin(asker, ROUTE, request, question, looked), steps)
