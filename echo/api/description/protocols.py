"""What the routes below `/v1` take and answer, in the words of the protocols that they speak. Knows no calls.

Answers are told as far as clients need: what OpenAI and Anthropic document is not documented once more.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from echo.api.operations import Operation
from echo.api.v1.audio import Transcription
from echo.api.v1.bodies import ChatCompletion
from echo.api.v1.completions import Completion
from echo.api.v1.embeddings import Embeddings
from echo.api.v1.messages import Messages
from echo.api.v1.responses import Responses
from echo.api.v1.speech import FORMATS, Speech
from echo.api.v1.tokenize import Tokenize

STREAM: Final = ("text/event-stream",)
SOUND: Final = tuple(kind.partition(";")[0] for kind in FORMATS.values())


class Model(BaseModel):
    """A model that the person may use."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    title: str
    base: str | None
    parameters: int | None
    state: str
    context: int | None = Field(description="tokens, once it is loaded")
    is_default: bool


class Models(BaseModel):
    """The models that the person may use."""

    object: Literal["list"]
    data: list[Model]


class TokenUsage(BaseModel):
    """What an answer took, in tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: dict[str, int]


class ChatMessage(BaseModel):
    """What the model says."""

    role: Literal["assistant"]
    content: str | None
    refusal: None
    tool_calls: list[dict[str, Any]] = Field(default_factory=list)


class ChatChoice(BaseModel):
    """The one answer."""

    index: int
    message: ChatMessage
    logprobs: dict[str, Any] | None
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]


class ChatCompletionAnswer(BaseModel):
    """OpenAI's `chat.completion`; as a stream `chat.completion.chunk`s, then `[DONE]`."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[ChatChoice]
    usage: TokenUsage


class CompletionChoice(BaseModel):
    """The one continuation."""

    index: int
    text: str
    logprobs: dict[str, Any] | None
    finish_reason: Literal["stop", "length", "content_filter"]


class CompletionAnswer(BaseModel):
    """OpenAI's `text_completion`."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[CompletionChoice]
    usage: TokenUsage


class Answered(BaseModel):
    """OpenAI's `response`; as a stream `response.created` to `response.completed`."""

    id: str
    object: Literal["response"]
    status: str
    model: str
    output: list[dict[str, Any]]


class InputItems(BaseModel):
    """What an answer was asked with."""

    object: Literal["list"]
    data: list[dict[str, Any]]


class Deleted(BaseModel):
    """That an answer is gone."""

    id: str
    object: Literal["response"]
    deleted: bool


class Tokens(BaseModel):
    """The ids of a text's tokens."""

    model: str
    tokens: list[int]
    count: int


class Vector(BaseModel):
    """The vector of one text: numbers, or their bytes in base64."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Vectors(BaseModel):
    """The vectors of the texts, in their order."""

    object: Literal["list"]
    data: list[Vector]
    model: str
    usage: dict[str, int]


class Words(BaseModel):
    """What was said; as `verbose_json` also `language`, `duration` and `segments`, as `text` nothing else."""

    text: str
    usage: dict[str, str | int]


class TextBlock(BaseModel):
    """A part of what the model says."""

    type: Literal["text"]
    text: str


class MessagesAnswer(BaseModel):
    """Anthropic's `message`; as a stream `message_start` to `message_stop`."""

    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    model: str
    content: list[TextBlock]
    stop_reason: Literal["end_turn", "max_tokens", "stop_sequence", "refusal"]
    stop_sequence: str | None
    usage: dict[str, int]


class OpenAIFailure(BaseModel):
    """What went wrong; `param` names the field at fault."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """OpenAI's error object."""

    error: OpenAIFailure


class AnthropicFailure(BaseModel):
    """What went wrong."""

    type: str
    message: str


class AnthropicError(BaseModel):
    """Anthropic's error object."""

    type: Literal["error"]
    error: AnthropicFailure


OPERATIONS: Final = {
    # Flask endpoint: what its route takes and answers
    "v1.models": Operation(Models),
    "v1.model": Operation(Model),
    "v1.chat_completions": Operation(ChatCompletionAnswer, ChatCompletion, media=STREAM),
    "v1.completions": Operation(CompletionAnswer, Completion, media=STREAM),
    "v1.tokenize": Operation(Tokens, Tokenize),
    "v1.embeddings": Operation(Vectors, Embeddings),
    "v1.transcriptions": Operation(Words, form=Transcription, media=("text/plain",)),
    "v1.speech": Operation(None, Speech, media=SOUND),
    "v1_responses.create": Operation(Answered, Responses, media=STREAM),
    "v1_responses.fetch": Operation(Answered),
    "v1_responses.remove": Operation(Deleted),
    "v1_responses.input_items": Operation(InputItems),
    "v1_messages.messages": Operation(MessagesAnswer, Messages, media=STREAM),
}
ERRORS: Final[dict[str, type[BaseModel]]] = {
    "v1": OpenAIError, "v1_responses": OpenAIError, "v1_messages": AnthropicError,
}  # fmt: skip
"""By the blueprint that tells of them."""
NOT_ROUTES: Final = frozenset({"v1.nothing"})
"""What only says that there is nothing."""
