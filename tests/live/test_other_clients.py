"""Clients of others, unchanged, against the real server: LangChain, and the command line `llm`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

from tests.live.programs import key_on
from tests.live.server import PATIENCE, SLOW_TEXT, LiveServer


@pytest.fixture(scope="module")
def key(server: LiveServer) -> str:
    return key_on(server, "langchainer")


@pytest.fixture(scope="module")
def model(server: LiveServer, key: str) -> ChatOpenAI:
    return ChatOpenAI(
        base_url=f"{server.url}/v1", api_key=SecretStr(key), model="scripted", max_retries=0
    )


@tool
def count(of: list[int]) -> int:
    """Count them."""
    return len(of)


def test_langchain_asks_and_streams(model: ChatOpenAI) -> None:
    answer = model.invoke([("system", "Be kind."), ("human", "brief")])
    assert answer.content == "A brief answer."
    assert answer.response_metadata["finish_reason"] == "stop"
    pieces = [chunk.text for chunk in model.stream("slow", max_tokens=20)]
    assert "".join(pieces) == " ".join(SLOW_TEXT.split()[:20])
    assert len(pieces) > 2


def test_langchain_calls_functions_and_answers_them(model: ChatOpenAI) -> None:
    bound = model.bind_tools([count])
    called = bound.invoke("call it")
    assert isinstance(called, AIMessage)
    (call,) = called.tool_calls
    assert (call["name"], call["args"]) == ("count", {"of": [7]})
    gathered = None
    for chunk in bound.stream("call it"):
        gathered = chunk if gathered is None else gathered + chunk
    assert isinstance(gathered, AIMessage)
    assert gathered.tool_calls[0]["args"] == {"of": [7]}
    result = ToolMessage(f"brief: {count.invoke(call['args'])}", tool_call_id=call["id"])
    answer = bound.invoke([HumanMessage("call it"), called, result])
    assert answer.content == "A brief answer."


def test_langchain_goes_on_from_responses(model: ChatOpenAI) -> None:
    responses = model.model_copy(update={"use_responses_api": True})
    first = responses.invoke("brief")
    assert first.text == "A brief answer."
    again = responses.invoke("brief", previous_response_id=first.response_metadata["id"])
    assert again.text == "A brief answer."
    pieces = [chunk.text for chunk in responses.stream("slow", max_output_tokens=20)]
    assert "".join(pieces) == " ".join(SLOW_TEXT.split()[:20])


def test_langchain_is_told_how_to_have_embeddings(server: LiveServer, key: str) -> None:
    """Vectors themselves: tests/api/test_v1_embeddings.py."""
    embeddings = OpenAIEmbeddings(
        base_url=f"{server.url}/v1", api_key=SecretStr(key), model="all-minilm-l6-v2",
        check_embedding_ctx_length=False, max_retries=0,
    )  # fmt: skip
    with pytest.raises(Exception, match="models add all-minilm-l6-v2"):
        embeddings.embed_query("x")


def llm(folder: Path, *words: str) -> str:
    """Run `llm` with settings of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "llm", *words],
        env={**os.environ, "LLM_USER_PATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_llm_asks(server: LiveServer, key: str, tmp_path: Path) -> None:
    known: list[dict[str, Any]] = [
        {"model_id": "echo", "model_name": "scripted", "api_base": f"{server.url}/v1",
         "api_key_name": "echo", "supports_tools": True}
    ]  # fmt: skip
    (tmp_path / "extra-openai-models.yaml").write_text(json.dumps(known))  # YAML, too
    (tmp_path / "keys.json").write_text(json.dumps({"echo": key}))
    assert llm(tmp_path, "-m", "echo", "-s", "Be kind.", "brief").strip() == "A brief answer."
