"""The generation engine: token ids and text. It does not know people, pages, sockets or databases."""

from .config import EngineConfig
from .counters import EngineCounters, EngineHealth, ModelStatus
from .engine import Engine
from .errors import (
    EngineUnavailable,
    GenerationError,
    InvalidConfig,
    InvalidRequest,
    MessageTooLong,
    ModelBusy,
    ModelLoadError,
    QueueFull,
)
from .local_models import LocalModels
from .model_spec import ModelSpec
from .request import ChatMessage, FinishReason, GenerationRequest, SamplingParams
from .scripted_runner import Script, ScriptedReply, load_script
from .stream import (
    Failed,
    Finished,
    QueuePlace,
    StreamEvent,
    TextPiece,
    Timing,
    TokenLogprob,
    TokenStream,
    Usage,
)

__all__ = [
    "ChatMessage",
    "Engine",
    "EngineConfig",
    "EngineCounters",
    "EngineHealth",
    "EngineUnavailable",
    "Failed",
    "FinishReason",
    "Finished",
    "GenerationError",
    "GenerationRequest",
    "InvalidConfig",
    "InvalidRequest",
    "LocalModels",
    "MessageTooLong",
    "ModelBusy",
    "ModelLoadError",
    "ModelSpec",
    "ModelStatus",
    "QueueFull",
    "QueuePlace",
    "SamplingParams",
    "Script",
    "ScriptedReply",
    "StreamEvent",
    "TextPiece",
    "Timing",
    "TokenLogprob",
    "TokenStream",
    "Usage",
    "load_script",
]
