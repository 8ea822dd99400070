"""The door: OpenAI's `/v1` over HTTP; each request goes to a replica that has its model. Computes nothing.

FastAPI reads the types of its routes, and Serve copies the class with all that it finds where that is
defined: so types are no strings here, and `Door` stands last.
"""

import hmac
import json
import os
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from ray import serve
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

KEY = "ECHO_RAY_KEY"
api = FastAPI(title="Echo's engine", docs_url=None, redoc_url=None)


class Message(BaseModel):
    """One message; its text may come in parts."""

    role: str
    content: str | list[dict[str, Any]] | None = ""

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(str(part.get("text", "")) for part in self.content)
        return self.content or ""


class Sampling(BaseModel):
    """What both routes take; what is not given is the engine's usual."""

    model: str = ""
    stream: bool = False
    stream_options: dict[str, Any] = Field(default_factory=dict)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    user: str | None = None

    def sampling(self) -> dict[str, Any]:
        """Return what was given, by the engine's names."""
        same = (
            "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "frequency_penalty",
            "presence_penalty", "seed",
        )  # fmt: skip
        found: dict[str, Any] = {name: getattr(self, name) for name in same}
        found["max_new_tokens"] = self.max_completion_tokens or self.max_tokens
        if self.stop is not None:
            found["stop"] = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)
        return {name: value for name, value in found.items() if value is not None}


class Chat(Sampling):
    """`POST /v1/chat/completions`."""

    messages: list[Message] = Field(min_length=1)
    response_format: dict[str, Any] | None = None

    def asked(self) -> dict[str, Any]:
        said = [{"role": one.role, "content": one.text} for one in self.messages]
        prefix = said.pop()["content"] if len(said) > 1 and said[-1]["role"] == "assistant" else ""
        sampling = self.sampling()
        if schema := _schema(self.response_format or {}):
            sampling["json_schema"] = schema
        return {"messages": said, "prefix": prefix, "sampling": sampling, "owner": self.user or ""}


class Completion(Sampling):
    """`POST /v1/completions`."""

    prompt: str = Field(min_length=1)

    def asked(self) -> dict[str, Any]:
        said = [{"role": "user", "content": self.prompt}]
        return {
            "messages": said,
            "raw": True,
            "sampling": self.sampling(),
            "owner": self.user or "",
        }


def _schema(form: dict[str, Any]) -> str:
    if form.get("type") == "json_object":
        return '{"type": "object"}'
    schema = (form.get("json_schema") or {}).get("schema")
    return json.dumps(schema) if schema else ""


def _error(status: int, text: str) -> dict[str, Any]:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": text, "type": kind, "param": None, "code": None}}


@api.exception_handler(HTTPException)
async def _refused(_: Request, refusal: HTTPException) -> JSONResponse:
    body = _error(refusal.status_code, str(refusal.detail))
    return JSONResponse(body, refusal.status_code, headers=refusal.headers)


@api.exception_handler(RequestValidationError)
async def _invalid(_: Request, problem: RequestValidationError) -> JSONResponse:
    first = problem.errors()[0]
    where = ".".join(map(str, first["loc"][1:]))
    return JSONResponse(_error(400, f"{where}: {first['msg']}"), 400)


class Answer:
    """One answer in OpenAI's form."""

    def __init__(self, model: str, kind: str) -> None:
        self._is_chat = kind == "chat.completion"
        self._head = {
            "id": f"{'chatcmpl' if self._is_chat else 'cmpl'}-{uuid.uuid4().hex}",
            "object": kind,
            "created": int(time.time()),
            "model": model,
        }

    async def streamed(
        self, event: dict[str, Any], events: AsyncIterator[dict[str, Any]], with_usage: bool
    ) -> AsyncIterator[str]:
        head = dict(self._head)
        if self._is_chat:
            head["object"] = "chat.completion.chunk"
        while "text" in event and not event.get("error"):
            yield _event(head | {"choices": [self._choice("delta", event["text"], None)]})
            event = await anext(events)
        if event.get("error"):
            yield _event(_error(event["status"], event["text"]))
            return
        yield _event(head | {"choices": [self._choice("delta", None, event["reason"])]})
        if with_usage:
            yield _event(head | {"choices": [], "usage": _usage(event["usage"])})
        yield "data: [DONE]\n\n"

    async def whole(
        self, event: dict[str, Any], events: AsyncIterator[dict[str, Any]]
    ) -> dict[str, Any]:
        text = ""
        while "text" in event and not event.get("error"):
            text += event["text"]
            event = await anext(events)
        if event.get("error"):
            raise HTTPException(event["status"], event["text"])
        choice = self._choice("message", text, event["reason"])
        return self._head | {"choices": [choice], "usage": _usage(event["usage"])}

    def _choice(self, part: str, text: str | None, reason: str | None) -> dict[str, Any]:
        told = {} if text is None else {"role": "assistant", "content": text}
        content = {part: told} if self._is_chat else {"text": text or ""}
        return {"index": 0, **content, "finish_reason": reason}


def _usage(told: list[int]) -> dict[str, Any]:
    prompt, cached, completion = told
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


@serve.deployment
@serve.ingress(api)
class Door:
    """Knows the models by name; the first is meant where none is named."""

    def __init__(self, replicas: DeploymentHandle, models: list[str]) -> None:
        self._replicas = replicas
        self._models = models
        self._key = os.environ.get(KEY, "")

    @api.get("/v1/models")
    async def models(self, request: Request) -> dict[str, Any]:
        self._let_in(request)
        data = [
            {"id": name, "object": "model", "created": 0, "owned_by": "echo"}
            for name in self._models
        ]
        return {"object": "list", "data": data}

    @api.get("/healthz")
    async def healthz(self) -> dict[str, str]:
        return {"status": "ok"}

    @api.post("/v1/chat/completions")
    async def chat(self, body: Chat, request: Request) -> Any:
        return await self._answer(body, body.asked(), request, "chat.completion")

    @api.post("/v1/completions")
    async def completion(self, body: Completion, request: Request) -> Any:
        return await self._answer(body, body.asked(), request, "text_completion")

    def _let_in(self, request: Request) -> None:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._key and not hmac.compare_digest(shown.encode(), self._key.encode()):
            raise HTTPException(401, "The key is wrong.")

    async def _answer(
        self, body: Sampling, asked: dict[str, Any], request: Request, kind: str
    ) -> Any:
        self._let_in(request)
        name = body.model or self._models[0]
        if name not in self._models:
            raise HTTPException(404, f"There is no model {name[:64]!r} here.")
        handle = self._replicas.options(stream=True, multiplexed_model_id=name)
        events = aiter(handle.answer.remote(asked))
        try:
            first = await anext(events)  # what is refused at once has a status of its own
        except BackPressureError as full:
            raise HTTPException(
                503, "All replicas have too much to do.", {"Retry-After": "1"}
            ) from full
        if first.get("error"):
            wait = first.get("retry_after")
            raise HTTPException(
                first["status"], first["text"], {"Retry-After": f"{wait:.0f}"} if wait else None
            )
        answer = Answer(name, kind)
        if body.stream:
            with_usage = bool(body.stream_options.get("include_usage"))
            told = answer.streamed(first, events, with_usage)
            return StreamingResponse(told, media_type="text/event-stream")
        return await answer.whole(first, events)
