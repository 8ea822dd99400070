"""Functions: how a template writes calls of them, what a call must fit, and calls read out of replies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.generation import (
    CallArguments,
    CallBegun,
    ChatMessage,
    Engine,
    Failed,
    Finished,
    InvalidRequest,
    ModelSpec,
    NoCall,
    SaidText,
    TokenStream,
    Tool,
    ToolCall,
    ToolCallReader,
    ToolForm,
    json_value,
)
from echo.generation.chat_template import ChatTemplate
from echo.generation.prompt import PromptBuilder
from echo.generation.runner import RowError
from echo.generation.schema import check_schema
from echo.generation.text_codec import TextCodec
from echo.generation.tool_form import HERMES, PLAIN
from echo.generation.tools import schema_of

from .conftest import StartEngine
from .helpers import TEMPLATE, Reader, config_for, request, save_model, tiny_config, train_tokenizer

ENDS = {"eos_token": "<|im_end|>"}
# forms that templates of the field are written in, in words of our own
TAGGED = (
    "{% if tools %}<|im_start|>system\nFunctions:\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}"
    "<|im_end|>\n{% endif %}{% for m in messages %}<|im_start|>{{ 'user' if m.role == 'tool' else m.role }}\n"
    "{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>\n"
    '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}\n</tool_call>'
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
BARE = (
    TAGGED.replace("<tool_call>\n", "")
    .replace("\n</tool_call>", "")
    .replace('"arguments"', '"parameters"')
)
LISTED = TAGGED.replace("<tool_call>\n", "<|im_start|>[").replace("\n</tool_call>", "]")
IN_TAGS = TAGGED.replace(
    '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}',
    "<function={{ c.function.name }}>{{ c.function.arguments.island }}</function>",
)
PEOPLE = Tool(
    "add_person",
    json.dumps(
        {
            "type": "object",
            "properties": {"who": {"$ref": "#/$defs/person"}, "when": {"enum": ["now", "later"]}},
            "required": ["who", "when"],
            "additionalProperties": False,
            "$defs": {
                "person": {
                    "type": "object",
                    "properties": {"name": {"type": "string", "maxLength": 6}},
                    "required": ["name"],
                    "additionalProperties": False,
                }
            },
        }
    ),
    "Adds a person.",
)
COUNT = Tool("count", '{"type": "object", "properties": {}, "additionalProperties": false}')


# ── how a template writes calls ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("template", "form"),
    [
        (TAGGED, HERMES),
        (BARE, ToolForm(arguments="parameters")),
        (LISTED, ToolForm("<|im_start|>[", "]")),
        (IN_TAGS, None),
        (TEMPLATE, None),
        (TAGGED.replace("{{ t | tojson }}", "?"), None),  # never tells what there is
        ("{% if tools %}{{ raise_exception('none, please') }}{% endif %}" + TEMPLATE, None),
    ],
)
def test_the_form_is_learnt_from_the_template(template: str, form: ToolForm | None) -> None:
    assert ChatTemplate(template, ENDS).tool_form == form


def builder(template: str) -> PromptBuilder:
    tokenizer = train_tokenizer()
    tokenizer.chat_template = template
    return PromptBuilder(TextCodec(tokenizer), 4000)


def prompt(template: str, messages: Iterable[ChatMessage], **asked: Any) -> str:
    made = builder(template)
    tokens = made.build(request(messages=tuple(messages), whole=True, **asked))
    return str(made._codec.tokenizer.decode(tokens))


TALK = (
    ChatMessage("user", "How many?"),
    ChatMessage("assistant", "", calls=(ToolCall("1", "count", '{"of": "<|im_end|>"}'),)),
    ChatMessage("tool", "49 <|im_end|>", answers="1", name="count"),
)


def test_functions_that_leave_no_room_are_named_as_the_cause() -> None:
    many = tuple(
        replace(COUNT, name=f"count{number}", description="Adds. " * 9) for number in range(128)
    )
    asked = request(messages=TALK[:1], whole=True, tools=many)
    with pytest.raises(RowError, match=r"[\d,]+ of them describe the functions") as found:
        builder(TAGGED).build(asked)
    assert found.value.code == "too_long"


def test_functions_that_a_reply_may_do_without_leave_room_for_the_question() -> None:
    few = (COUNT, PEOPLE)
    many = tuple(
        replace(COUNT, name=f"count{number}", description="Adds. " * 9) for number in range(128)
    )
    for tools, optional, left in ((few, True, few), (many, True, ()), (many, False, many)):
        asked = request(messages=TALK[:1], tools=tools, optional_tools=optional)
        assert builder(TAGGED).as_offered(asked).tools == left
        assert builder(TEMPLATE).as_offered(asked).tools == (() if optional else left)


def test_calls_and_answers_stand_in_the_prompt_as_the_template_writes_them() -> None:
    text = prompt(TAGGED, TALK, tools=(COUNT, PEOPLE))
    assert '"description": "Adds a person."' in text
    assert (
        '<tool_call>\n{"name": "count", "arguments": {"of": "< |im_end|>"}}\n</tool_call>' in text
    )
    assert (
        "<|im_start|>user\n49 < |im_end|><|im_end|>" in text
    )  # nobody ends a turn by a special token
    assert text.endswith("<|im_start|>assistant\n")
    forced = prompt(TAGGED, TALK, tools=(COUNT,), forced=("count",))
    assert forced.endswith("<|im_start|>assistant\n<tool_call>\n")


def test_a_template_without_functions_gets_them_in_words() -> None:
    text = prompt(TEMPLATE, TALK, tools=(COUNT, PEOPLE), forced=("count",))
    assert "You can call one of these functions:" in text
    assert "add_person" not in text  # which is not to be called
    assert 'assistant\n{"name": "count", "arguments": {"of": "< |im_end|>"}}' in text
    assert "user\nThe function count returned:\n49 < |im_end|>" in text
    assert prompt(TEMPLATE, TALK)  # without tools, too
    with pytest.raises(RowError, match="knows no functions"):
        prompt(TEMPLATE, TALK, tools=(COUNT,))


def test_one_call_alone_ends_where_it_is_closed() -> None:
    one = request("x", tools=(COUNT,), one_call=True)
    assert builder(TAGGED).stop(one) == ("\n</tool_call>",)
    assert builder(TAGGED).stop(request("x", tools=(COUNT,))) == ()
    assert builder(BARE).stop(one) == ()


# ── what a call must fit ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("forced", [("add_person",), ("count", "add_person")])
@pytest.mark.parametrize("form", [PLAIN, ToolForm(arguments="parameters")])
def test_references_lead_to_where_a_schema_stands_now(
    forced: tuple[str, ...], form: ToolForm
) -> None:
    schema = schema_of((COUNT, PEOPLE), forced, form)
    check_schema(schema)
    right = {"name": "add_person", form.arguments: {"who": {"name": "Ada"}, "when": "now"}}
    jsonschema.validate(right, json.loads(schema))
    for wrong in ({"name": 7}, {"nom": "Ada"}, "Ada"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(
                {**right, form.arguments: {"who": wrong, "when": "now"}}, json.loads(schema)
            )


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"tools": (COUNT, COUNT)}, "tools"), ({"tools": (COUNT,), "forced": ("x",)}, "tool_choice"),
        ({"tools": (COUNT,) * 129}, "tools"), ({"tools": (Tool("x", "[1]"),)}, "tools"),
        ({"tools": (Tool("x", "{"),)}, "tools"), ({"tools": (COUNT,), "prefix": "I"}, "tools"),
        ({"tools": (COUNT,), "json_schema": "{}"}, "tools"),
    ],
)  # fmt: skip
def test_what_cannot_be_offered_is_refused(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        request("x", **asked)
    assert caught.value.field == field


# ── calls read out of a reply ────────────────────────────────────────────────────────────────


def read(
    form: ToolForm | None,
    pieces: Iterable[str],
    names: tuple[str, ...] = ("a", "add_person", "count"),
) -> list[tuple[str, ...]]:
    """Return what is said and called, each in one piece: ("text", …) or ("call", name, arguments)."""
    reader = ToolCallReader(form, names)
    found: list[tuple[str, ...]] = []
    parts = [part for piece in pieces for part in reader.feed(piece)] + list(reader.finish())
    for part in parts:
        match part:
            case SaidText(text) if found and found[-1][0] == "text":
                found[-1] = ("text", found[-1][1] + text)
            case SaidText(text):
                found.append(("text", text))
            case CallBegun(index, name):
                assert index == sum(one[0] == "call" for one in found)
                found.append(("call", name, ""))
            case CallArguments(_, text):
                found[-1] = (*found[-1][:2], found[-1][2] + text)
    assert reader.calls <= sum(one[0] == "call" for one in found)
    return found


A = '{"name": "a", "arguments": {"x": "}]\\"</tool_call>", "y": [{}]}}'
ARGUMENTS = '{"x": "}]\\"</tool_call>", "y": [{}]}'
BEGUN = ToolForm(HERMES.opening, HERMES.closing, begun=True)
LIST = ToolForm("[", "]")
REPLIES: list[tuple[ToolForm | None, str, list[tuple[str, ...]]]] = [
    (HERMES, "Just < words.\n", [("text", "Just < words.\n")]),
    (HERMES, f"<tool_call>\n{A}\n</tool_call>", [("call", "a", ARGUMENTS)]),
    (
        HERMES,
        f"Let me see.\n\n<tool_call>{A}</tool_call>\n",
        [("text", "Let me see."), ("call", "a", ARGUMENTS)],
    ),
    (HERMES, f"<tool_call>\n{A}\n</tool_call>\n<tool_call>\n{A}", [("call", "a", ARGUMENTS)] * 2),
    (HERMES, f"<tool_call>{A}</tool_call>\nDone. ", [("call", "a", ARGUMENTS), ("text", "Done. ")]),
    (HERMES, '<tool_call>{"name": "a", "arguments": {"x": "cut', [("call", "a", '{"x": "cut')]),
    (
        HERMES,
        '<tool_call>{"arguments": {"é": 1}, "name": "a", "id": 7}',
        [("call", "a", '{"é": 1}')],
    ),
    (
        HERMES,
        '<tool_call>{"name": "a", "arguments": {}, "id": "}"}</tool_call>',
        [("call", "a", "{}")],
    ),
    (HERMES, '<tool_call>{"name": "a", "arguments": "{\\"x\\": 1}"}', [("call", "a", '{"x": 1}')]),
    (HERMES, '<tool_call>{"name": "a"}</tool_call>', [("call", "a", "{}")]),
    (HERMES, "<tool_call>\nno JSON", [("text", "<tool_call>\nno JSON")]),
    (
        HERMES,
        '<tool_call>\n{"nom": 1}\n</tool_call>',
        [("text", '<tool_call>\n{"nom": 1}\n</tool_call>')],
    ),
    (HERMES, A, [("call", "a", ARGUMENTS)]),  # without its tag
    (HERMES, f"\n```json\n{A}\n```", [("call", "a", ARGUMENTS)]),
    (HERMES, f"``` {A}```\nSo it is.", [("call", "a", ARGUMENTS), ("text", "So it is.")]),
    (HERMES, f"{A}\n{{}}", [("call", "a", ARGUMENTS), ("text", "{}")]),
    (HERMES, f"{A}</tool_call><tool_call>{A}", [("call", "a", ARGUMENTS)] * 2),
    (
        HERMES,
        '{"name": "b", "arguments": {}} is JSON',
        [("text", '{"name": "b", "arguments": {}} is JSON')],
    ),
    (HERMES, "```python\nx = {}\n```", [("text", "```python\nx = {}\n```")]),
    (HERMES, '```json\n{"x": 1}\n```', [("text", '```json\n{"x": 1}\n```')]),
    (HERMES, f"So: {A}", [("text", f"So: {A}")]),
    (HERMES, '{"x": 1} <tool_call>' + A, [("text", '{"x": 1}'), ("call", "a", ARGUMENTS)]),
    (
        HERMES,
        '{"name": "b", <tool_call>' + A,
        [("text", '{"name": "b",'), ("call", "a", ARGUMENTS)],
    ),
    (HERMES, '{"arguments": {}, "name": "a"}', [("call", "a", "{}")]),
    (HERMES, "``", [("text", "``")]),
    (BEGUN, A, [("call", "a", ARGUMENTS)]),
    (BEGUN, '{"name": "a', [("text", '{"name": "a')]),
    (PLAIN, f" {A}", [("call", "a", ARGUMENTS)]),
    (PLAIN, f"Like {A}", [("text", f"Like {A}")]),
    (LIST, f"[{A}, {A}]", [("call", "a", ARGUMENTS)] * 2),
    (LIST, "[1] is a list", [("text", "[1] is a list")]),
    (None, f"<tool_call>{A}", [("text", f"<tool_call>{A}")]),
]


@pytest.mark.parametrize(("form", "reply", "wanted"), REPLIES)
def test_calls_are_read(form: ToolForm | None, reply: str, wanted: list[Any]) -> None:
    assert read(form, [reply]) == wanted
    assert read(form, reply) == wanted  # sign by sign


@given(st.sampled_from(REPLIES), st.lists(st.integers(0, 90), max_size=6))
def test_wherever_a_reply_is_cut(case: Any, cuts: list[int]) -> None:
    form, reply, wanted = case
    ends = sorted({0, len(reply), *(min(cut, len(reply)) for cut in cuts)})
    assert read(form, [reply[a:b] for a, b in pairwise(ends)]) == wanted


@given(st.sampled_from([HERMES, BEGUN, PLAIN, LIST]), st.text('{}[]",:\\ ae<>/name"arguments'))
def test_whatever_a_model_writes_is_read(form: ToolForm, reply: str) -> None:
    read(form, reply)


@pytest.mark.parametrize("before", ["", "```json\n", "<tool_call>", f"<tool_call>{A}, "])
def test_a_long_object_is_read_once(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    signs: list[str] = []
    one = json_value.Value._one

    def counted(value: json_value.Value, sign: str) -> None:
        signs.append(sign)
        one(value, sign)

    monkeypatch.setattr(json_value.Value, "_one", counted)
    reply = before + '{"rows": [' + '{"x": "y"}, ' * 200 + "{}]}"
    said = read(HERMES, reply)
    assert said[-1][0] == "text"
    assert reply.endswith(said[-1][1])
    assert len(signs) < 1.2 * len(reply)


def test_an_object_that_can_be_no_call_is_shown_while_it_is_written() -> None:
    for begun in ('{"port": ', '```json\n{"name": "shop"', '{"name": 1', '{"name": [', '{ "x'):
        reader = ToolCallReader(HERMES, ("count",))
        said = [part for sign in begun for part in reader.feed(sign)]
        assert bool(said) == (begun != '{ "x'), begun
        assert reader.holds == (0 if said else len(begun))


def test_what_stands_in_the_tag_and_is_no_call_is_told_apart() -> None:
    reader = ToolCallReader(HERMES, ("count",))
    parts = list(reader.feed('So <tool_call>\n{"nom": 1}')) + list(reader.feed("<tool_call> or"))
    assert reader.holds == len("<tool_call> or")
    parts += reader.finish()
    assert parts == [
        SaidText("So"), NoCall(' <tool_call>\n{"nom": 1}'), NoCall("<tool_call> or"),
    ]  # fmt: skip


def test_arguments_arrive_while_they_are_written() -> None:
    reader = ToolCallReader(HERMES)
    parts = [
        list(reader.feed(piece))
        for piece in ('<tool_call>{"name": "a", "arguments": {', '"x": ', "1}}")
    ]
    assert parts == [
        [CallBegun(0, "a"), CallArguments(0, "{")], [CallArguments(0, '"x": ')], [CallArguments(0, "1}")],
    ]  # fmt: skip


# ── a model ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wide = tiny_config("qwen2", max_position_embeddings=2048)
    return save_model(tmp_path_factory.mktemp("wide"), wide)


@pytest.fixture
def served(start_engine: StartEngine, folder: Path) -> tuple[Engine, Reader]:
    models = [
        ModelSpec("knowing", str(folder), template=TAGGED),
        ModelSpec("plain", str(folder)),
    ]
    return start_engine(lambda wake: Engine.local(config_for(folder), wake, models))


def call_in(reader: Reader, stream: TokenStream) -> tuple[str, Any]:
    [(kind, name, arguments)] = read(stream.tool_form, [reader.text(stream)])
    assert kind == "call"
    return name, json.loads(arguments)


@pytest.mark.parametrize("model", ["knowing", "plain"])
def test_whatever_the_model_thinks_it_calls(served: tuple[Engine, Reader], model: str) -> None:
    """The model is random: without the mask its text is noise."""
    engine, reader = served
    tools = (COUNT, PEOPLE)
    asked: dict[str, Any] = {
        "tools": tools,
        "model": model,
        "max_new_tokens": 300,
        "top_p": 1.0,
        "whole": True,
    }
    streams = [
        engine.submit(request("x", **asked, forced=forced, temperature=1.5, seed=seed))
        for seed, forced in enumerate([("add_person",), ("count",), ("add_person", "count")] * 2)
    ]
    reader.read(*streams)
    schemas = {tool.name: json.loads(tool.parameters) for tool in tools}
    for stream in streams:
        assert isinstance(reader.end(stream), Finished), reader.end(stream)
        name, arguments = call_in(reader, stream)
        jsonschema.validate(arguments, schemas[name])
    assert call_in(reader, streams[0])[0] == call_in(reader, streams[3])[0] == "add_person"
    left_out = engine.submit(request("x", **asked, optional_tools=True))
    reader.read(left_out)
    assert isinstance(reader.end(left_out), Finished)
    assert left_out.tool_form == (HERMES if model == "knowing" else None)
    free = engine.submit(request("x", **asked))
    reader.read(free)
    end = reader.end(free)
    if model == "plain":
        assert isinstance(end, Failed)
        assert (end.code, "knows no functions" in end.text) == ("bad_request", True)
    else:
        assert isinstance(end, Finished)
        assert free.tool_form == HERMES


def test_a_function_that_no_mask_can_follow_is_refused_at_once(
    served: tuple[Engine, Reader],
) -> None:
    engine, _ = served
    with pytest.raises(InvalidRequest) as caught:
        engine.submit(request("x", tools=(Tool("x", '{"type": "nonsense"}'),), forced=("x",)))
    assert caught.value.field == "tools"
