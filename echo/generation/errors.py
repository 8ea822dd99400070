"""The errors of the engine. It does not know pages, sockets or HTTP codes.

GenerationError
├── InvalidRequest      a field of a request has a value that can never work
├── MessageTooLong      one message alone does not fit the model's window
├── QueueFull           the engine, or one owner's share of it, has no room now
├── EngineUnavailable   the engine has failed for good, or was stopped
├── ModelBusy           a model cannot be unloaded while it answers
├── InvalidConfig       a setting has a value that can never work
├── ChatTemplateError   a model's chat template cannot be used, or costs too much
└── ModelLoadError      the model cannot be loaded; trying again would not help
    └── NoRoom          not now: other models hold the memory and are answering
"""

from __future__ import annotations


class GenerationError(Exception):
    """Base of everything that this package raises on purpose."""


class InvalidRequest(GenerationError):
    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field
        self.text = text


class MessageTooLong(GenerationError):
    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(
            f"The message has about {tokens} tokens; at most {limit} fit. Please shorten it."
        )
        self.tokens = tokens
        self.limit = limit


class QueueFull(GenerationError):
    def __init__(self, retry_after: float, scope: str) -> None:
        super().__init__(f"The queue is full ({scope}); try again in about {retry_after:.0f} s.")
        self.retry_after = retry_after
        self.scope = scope


class EngineUnavailable(GenerationError):
    pass


class ModelBusy(GenerationError):
    pass


class InvalidConfig(GenerationError):
    pass


class ChatTemplateError(GenerationError):
    pass


class ModelLoadError(GenerationError):
    pass


class NoRoom(ModelLoadError):
    pass
