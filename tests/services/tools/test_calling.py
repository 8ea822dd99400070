"""One stream out of several requests: calls never show, are answered, bounded, and their tokens add up."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.generation import (
    ChatMessage,
    EngineUnavailable,
    Failed,
    Finished,
    FinishReason,
    GenerationRequest,
    QueueFull,
    SamplingParams,
    StreamEvent,
    TextPiece,
    Timing,
    TokenStream,
    Tool,
    Usage,
)
from echo.generation.tool_form import HERMES, ToolForm
from echo.services.turns import calling
from echo.services.turns.calling import CALLS_MOST, CallingStream

TOOLS = (Tool("calculator", "{}"), Tool("calendar", "{}"))
CALL = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "23 * 17"}}\n</tool_call>'
NOTED = ChatMessage("user", "It is 391. What is it?")
Pieces = Sequence[str]


class FakeEngine:
    """Says what it is given, one reply for each request, in pieces; a token is a piece."""

    def __init__(self, *replies: Pieces, reason: FinishReason = FinishReason.STOP) -> None:
        self.replies = list(replies)
        self.reason = reason
        self.asked: list[GenerationRequest] = []
        self.streams: list[TokenStream] = []
        self.refusals: list[Exception] = []

    def submit(self, request: GenerationRequest) -> TokenStream:
        if self.asked and self.refusals:
            raise self.refusals.pop(0)
        stream = TokenStream(request.request_id)
        stream.tool_form = HERMES if request.tools else None
        self.asked.append(request)
        self.streams.append(stream)
        return stream

    def speak(self, ends: bool = True) -> None:
        """Say the next reply in its pieces; a stream that is cancelled gets no more of them."""
        stream, pieces = self.streams[-1], self.replies.pop(0)
        said = [piece for piece in pieces if not stream.cancelled and stream.put(piece, 1) is None]
        if ends:
            reason = FinishReason.CANCELLED if stream.cancelled else self.reason
            stream.end(Finished(reason, Usage(100, 10, len(said)), Timing(5.0, 20.0, 50.0)))


class Talk:
    """An answer being read: its words, its calls, its end."""

    def __init__(self, engine: FakeEngine, told: Callable[[], str] = lambda: "391") -> None:
        self.engine = engine
        self.calls: list[tuple[str, str]] = []
        self.told = told
        request = GenerationRequest(
            (ChatMessage("user", "What is it?"),),
            SamplingParams(max_new_tokens=100),
            request_id="r",
            tools=TOOLS,
        )
        self.stream = CallingStream(request, engine.submit, self)
        self.pieces: list[str] = []
        self.tokens = 0
        self.end: Finished | Failed | None = None

    def answer(self, name: str, arguments: str) -> str:
        self.calls.append((name, arguments))
        return self.told()

    def as_noted(self) -> tuple[ChatMessage, ...]:
        return (NOTED,)

    def take(self) -> None:
        for event in self.stream.take():
            self.note(event)

    def note(self, event: StreamEvent) -> None:
        assert self.end is None
        if isinstance(event, TextPiece):
            assert event.text
            self.pieces.append(event.text)
            self.tokens += event.tokens
        else:
            self.end = event

    def read(self) -> Talk:
        while self.end is None:
            self.engine.speak()
            self.take()
        return self

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def cut(text: str, cuts: Sequence[int]) -> list[str]:
    ends = sorted({0, len(text), *(min(each, len(text)) for each in cuts)})
    return [text[a:b] for a, b in pairwise(ends)]


def test_an_answer_without_a_call_is_as_the_engine_tells_it() -> None:
    talk = Talk(FakeEngine(["Just", " < words", "."])).read()
    assert (talk.text, talk.calls) == ("Just < words.", [])
    assert talk.end == Finished(FinishReason.STOP, Usage(100, 10, 3), Timing(5.0, 20.0, 50.0))


@given(st.lists(st.integers(0, 120), max_size=8), st.sampled_from(["", "Let me see.\n\n"]))
def test_a_call_never_shows_wherever_it_is_cut(cuts: list[int], before: str) -> None:
    engine = FakeEngine(cut(before + CALL + "\nIt is 392.", cuts), ["It is", " 391."])
    talk = Talk(engine).read()
    assert talk.text == ("Let me see.\n\nIt is 391." if before else "It is 391.")
    assert talk.calls == [("calculator", '{"expression": "23 * 17"}')]


def test_sign_by_sign_and_without_its_tag() -> None:
    talk = Talk(FakeEngine(list(CALL), ["It is 391."])).read()
    assert (talk.text, len(talk.calls)) == ("It is 391.", 1)
    bare = CALL.removeprefix("<tool_call>\n").removesuffix("\n</tool_call>")
    talk = Talk(FakeEngine(list(f"```json\n{bare}\n```\nThere."), ["It is 391."])).read()
    assert (talk.text, len(talk.calls)) == ("It is 391.", 1)


def test_the_engine_is_asked_again_with_call_and_answer() -> None:
    engine = FakeEngine(["Wait. ", CALL], ["It is 391."])
    Talk(engine).read()
    first, second = engine.asked
    assert second.request_id == first.request_id == "r"
    question, called, told = second.messages
    assert (question, called.role, called.content) == (first.messages[0], "assistant", "Wait.")
    assert called.calls[0].as_object() == {"expression": "23 * 17"}
    assert (told.role, told.content, told.name) == ("tool", "391", "calculator")
    assert told.answers == called.calls[0].id
    assert second.tools == TOOLS
    assert second.sampling.max_new_tokens == 98


def test_what_all_requests_have_taken_is_told_together() -> None:
    talk = Talk(FakeEngine([CALL], ["It ", "is ", "391."])).read()
    assert isinstance(talk.end, Finished)
    assert talk.end.usage == Usage(200, 20, 4)
    assert talk.tokens == 4
    assert talk.end.timing.queue_ms == 10.0
    assert talk.end.timing.first_token_ms is not None
    assert talk.end.timing.total_ms >= talk.end.timing.first_token_ms


def test_endless_calls_end() -> None:
    engine = FakeEngine(*[[CALL.replace("23", str(number))] for number in range(9)])
    talk = Talk(engine).read()
    assert (len(talk.calls), len(engine.asked)) == (CALLS_MOST, CALLS_MOST + 1)
    assert engine.asked[-1].tools == ()  # what it is to do now is answer
    assert engine.asked[-1].messages == (NOTED,)
    assert isinstance(talk.end, Finished)
    assert (talk.text, talk.end.reason) == ("", FinishReason.STOP)


def test_after_a_call_that_was_made_before_words_are_heard_and_calls_are_not() -> None:
    engine = FakeEngine([CALL], [CALL], ["It is 391.", CALL])
    talk = Talk(engine).read()
    assert talk.text == "It is 391."
    assert [request.tools for request in engine.asked] == [TOOLS, TOOLS, ()]
    assert len(talk.calls) == 1  # it is not computed again


def test_who_says_nothing_to_an_answer_is_asked_for_words_once() -> None:
    engine = FakeEngine([CALL], [" "], ["It is 391."])
    assert Talk(engine).read().text.strip() == "It is 391."
    assert engine.asked[-1].messages == (NOTED,)
    assert engine.asked[-1].tools == ()
    silent = Talk(FakeEngine([CALL], [], [])).read()
    assert (silent.text, len(silent.engine.asked)) == ("", 3)
    talk = Talk(FakeEngine(["Hm. ", CALL], []))
    assert (talk.read().text, len(talk.engine.asked)) == ("Hm.", 2)
    assert Talk(FakeEngine([])).read().text == ""


@pytest.mark.parametrize(
    ("said", "called"),
    [
        ("<tool_call>\nno JSON", (calling.NO_CALL, "")),
        ('<tool_call>{"nom": 1}</tool_call>', (calling.NO_CALL, "")),
        ("<tool_call>" + "x" * 5_000, (calling.NO_CALL, "")),
        ('<tool_call>{"name": "rm", "arguments": {}}', ("rm", "{}")),
        ('<tool_call>{"name": "%s", "arguments": {}}' % ("x" * 900), ("x" * 64, "{}")),
        ('<tool_call>{"name": "calendar"}', ("calendar", "{}")),
        ('<tool_call>{"name": "calendar", "arguments": {"date": "cut', ("calendar", '{"date": "cut')),
    ],
)  # fmt: skip
def test_what_is_no_call_is_no_text_either(said: str, called: tuple[str, str]) -> None:
    for pieces in ([said], [said[at : at + 60] for at in range(0, len(said), 60)]):
        engine = FakeEngine(pieces, ["Well."])
        talk = Talk(engine).read()
        assert (talk.text, talk.calls) == ("Well.", [called])
        assert engine.asked[1].messages[1].calls[0].name == called[0]


def test_arguments_without_an_end_are_cut_off_and_the_engine_stops() -> None:
    endless = '<tool_call>{"name": "calculator", "arguments": {"expression": "' + "1+" * 9_000
    engine = FakeEngine([endless], ["Well."])
    talk = Talk(engine)
    engine.speak(ends=False)
    talk.take()
    assert engine.streams[0].cancelled
    engine.streams[0].end(Finished(FinishReason.CANCELLED, Usage(1, 0, 1), Timing()))
    talk.take()
    talk.read()
    assert talk.text == "Well."
    sent = engine.asked[1].messages[1].calls[0].arguments
    assert len(sent) <= calling.HELD_MOST


def test_stop_while_a_call_is_written_in_the_second_round_and_while_it_is_answered() -> None:
    engine = FakeEngine(["Hm. ", CALL], ["It is"])
    talk = Talk(engine)
    engine.speak()
    talk.take()
    engine.speak(ends=False)
    talk.take()
    talk.stream.cancel()
    assert engine.streams[1].cancelled
    engine.streams[1].end(Finished(FinishReason.CANCELLED, Usage(100, 0, 1), Timing()))
    talk.take()
    assert isinstance(talk.end, Finished)
    assert (talk.text, talk.end.reason) == ("Hm.\n\nIt is", FinishReason.CANCELLED)
    assert talk.end.usage.completion == 3
    engine = FakeEngine([CALL], ["never"])
    talk = Talk(engine, told=lambda: talk.stream.cancel() or "391")
    engine.speak()
    talk.take()
    assert isinstance(talk.end, Finished)
    assert talk.end.reason is FinishReason.CANCELLED
    assert len(engine.asked) == 1


def test_a_stop_at_the_first_words_makes_no_call() -> None:
    engine = FakeEngine([CALL])
    talk = Talk(engine)
    talk.stream.cancel()
    engine.streams[0].put(CALL, 1)
    engine.streams[0].end(Finished(FinishReason.CANCELLED, Usage(1, 0, 1), Timing()))
    talk.take()
    assert isinstance(talk.end, Finished)
    assert (talk.calls, talk.text, talk.end.reason) == ([], "", FinishReason.CANCELLED)


def test_the_answers_length_is_that_of_all_requests() -> None:
    engine = FakeEngine([*"x" * 99, CALL])
    talk = Talk(engine).read()
    assert isinstance(talk.end, Finished)
    assert talk.end.reason is FinishReason.LENGTH
    assert (talk.calls, len(engine.asked)) == ([], 1)
    talk = Talk(FakeEngine([CALL[:40]], reason=FinishReason.LENGTH)).read()
    assert isinstance(talk.end, Finished)
    assert (talk.end.reason, talk.calls, talk.text) == (FinishReason.LENGTH, [], "")


def test_a_full_queue_is_waited_for_and_a_dead_engine_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = FakeEngine([CALL], ["It is 391."])
    engine.refusals = [QueueFull(1.0, "engine"), QueueFull(1.0, "owner")]
    talk = Talk(engine)
    engine.speak()
    talk.take()
    assert (talk.end, talk.stream.place) == (None, None)
    for _ in range(2):
        talk.take()
    talk.read()
    assert (talk.text, len(talk.calls)) == ("It is 391.", 1)
    for refusal, patience in ((EngineUnavailable("away"), 60.0), (QueueFull(1.0, "engine"), 0.0)):
        monkeypatch.setattr(calling, "PATIENCE_SECONDS", patience)
        engine = FakeEngine([CALL])
        engine.refusals = [refusal]
        talk = Talk(engine).read()
        assert isinstance(talk.end, Failed)
        assert talk.end.usage == Usage(100, 10, 1)


def test_a_stop_while_the_queue_is_full_ends_it() -> None:
    engine = FakeEngine([CALL])
    engine.refusals = [QueueFull(1.0, "engine")] * 9
    talk = Talk(engine)
    engine.speak()
    talk.take()
    talk.stream.cancel()
    talk.take()
    assert isinstance(talk.end, Finished)
    assert talk.end.reason is FinishReason.CANCELLED


def test_a_failure_of_the_engine_ends_it() -> None:
    engine = FakeEngine([])
    talk = Talk(engine)
    engine.streams[0].put(CALL, 1)
    failed = Failed("engine_failed", "It broke.", Usage(1, 0, 1), Timing())
    engine.streams[0].end(failed)
    talk.take()
    assert (talk.end, talk.calls) == (failed, [])


def test_json_that_a_person_wants_is_shown_while_it_is_written() -> None:
    said = json.dumps({"port": 80, "hosts": ["a", "b"]})
    engine = FakeEngine([said[:12], said[12:]])
    talk = Talk(engine)
    engine.streams[0].put(said[:12], 1)
    talk.take()
    assert talk.text == said[:12]


def test_a_long_object_is_no_call_where_calls_have_no_tag() -> None:
    said = json.dumps({f"port{number}": number for number in range(300)})
    reading = calling.Reading(ToolForm("", "", "name", "parameters"), ["calculator"])
    assert "".join(map(reading.feed, [said[:1500], said[1500:3000], said[3000:]])) == said
    assert reading.end() == ""
    assert reading.name is None


def test_a_stop_as_a_call_ends_is_a_stop() -> None:
    engine = FakeEngine([CALL])
    talk = Talk(engine)
    engine.speak()
    talk.stream.cancel()
    talk.take()
    assert isinstance(talk.end, Finished)
    assert talk.end.reason is FinishReason.CANCELLED
    assert talk.calls == []


def test_what_is_too_long_after_a_call_is_asked_with_a_note() -> None:
    engine = FakeEngine([CALL], ["It is 391."])
    talk = Talk(engine)
    engine.speak()
    talk.take()
    engine.streams[1].end(Failed("too_long", "Too long.", Usage(0, 0, 0), Timing()))
    talk.take()
    assert engine.asked[2].messages == (NOTED,)
    assert engine.asked[2].tools == ()
    engine.speak()
    talk.take()
    assert (talk.text, talk.end and talk.end.usage.completion) == ("It is 391.", 2)
