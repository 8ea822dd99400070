"""The generation engine: token ids and text. It does not know people, pages, sockets or databases."""

from .config import DEFAULT_CONTEXT_CAP, EngineConfig
from .counters import (
    EngineCounters,
    EngineHealth,
    EngineState,
    ModelState,
    ModelStatus,
    ServerStatus,
    Tally,
)
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
from .schema import check_schema, check_schemas
from .scripted_runner import Script, ScriptedReply, load_script
from .serving_engine import ServingEngine
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
from .tool_calls import CallArguments, CallBegun, NoCall, ReplyPart, SaidText, ToolCallReader
from .tool_form import ToolForm
from .tools import Tool, ToolCall
from .waiting_line import WaitingLine

__all__ = [
    "DEFAULT_CONTEXT_CAP",
    "CallArguments",
    "CallBegun",
    "ChatMessage",
    "Engine",
    "EngineConfig",
    "EngineCounters",
    "EngineHealth",
    "EngineState",
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
    "ModelState",
    "ModelStatus",
    "NoCall",
    "QueueFull",
    "QueuePlace",
    "ReplyPart",
    "SaidText",
    "SamplingParams",
    "Script",
    "ScriptedReply",
    "ServerStatus",
    "ServingEngine",
    "StreamEvent",
    "Tally",
    "TextPiece",
    "Timing",
    "TokenLogprob",
    "TokenStream",
    "Tool",
    "ToolCall",
    "ToolCallReader",
    "ToolForm",
    "Usage",
    "WaitingLine",
    "check_schema",
    "check_schemas",
    "load_script",
]
