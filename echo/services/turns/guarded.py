"""Guardrails around the model: questions before they are asked, answers as they come. Knows no sockets.

A question in distress gets its own answer and is judged by no rule (`safety`); what is masked is masked there
too, and what a rule would refuse is not read by the model afterwards. All else is judged whatever it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from echo import hub
from echo.errors import EchoError, InvalidInput
from echo.extensions import db
from echo.generation import (
    ChatMessage,
    Finished,
    FinishReason,
    QueuePlace,
    StreamEvent,
    TextPiece,
    TokenStream,
    ToolForm,
)
from echo.languages import gettext, mark
from echo.models import GuardAct, GuardKind, GuardPlace, Message
from echo.services.guardrails import decisions, rules
from echo.services.guardrails.answer_filter import AnswerFilter
from echo.services.guardrails.judging import Met, Rule, Verdict, judge
from echo.services.guardrails.matching import HIDING
from echo.services.turns import safety
from echo.services.turns.calling import CallingStream
from echo.services.turns.rows import Question

log = structlog.get_logger()

LIKELIHOODS: Final = mark(
    "logprobs are not told here: they would spell out what is masked in answers."
)


@dataclass(frozen=True)
class Looked:
    """A question as rules leave it: `refusal` is why it is not answered, where it is not."""

    text: str
    met: tuple[Met, ...] = ()
    refusal: str | None = None


NOTHING: Final = Looked("")
Unguarded = TokenStream | CallingStream


def looked_at(question: Question) -> Question:
    """Return a new question as rules leave it."""
    looked = look(question.text)
    return replace(question, text=looked.text, met=looked.met, refusal=looked.refusal)


def look(text: str, role: str = "user") -> Looked:
    """Return what the rules that hold now say to a person's words in the place of what this role says."""
    held = rules.active(GuardPlace.QUESTION)
    if not held:
        return Looked(text)
    if _is_distress(role, text) and _is_distress(role, masked := _masked(text, held)):
        return Looked(masked)  # whoever answers it knows no more of it
    _let_connection_go(held)
    verdict = judge(text, held, GuardPlace.QUESTION)
    refusal = verdict.refusal
    return Looked(verdict.text, verdict.met, refusal.rule.reason if refusal else None)


def again(asked: Message) -> Looked:
    """Return what they say to a stored question; it stays as it is, and no rule judges it twice."""
    looked = look(asked.text)
    known = decisions.known(asked.id) if looked.met else set()
    met = tuple(
        each for each in looked.met if each.rule.id not in known and each.rule.act != GuardAct.MASK
    )
    fresh = next((each.rule.reason for each in met if each.rule.act == GuardAct.REFUSE), None)
    return Looked(asked.text, met, standing(asked.id) or fresh)


def standing(question_id: str) -> str | None:
    """Return why a stored question is not answered; None where it is, or where that was lifted."""
    question = db.session.get_one(Message, question_id)
    found = decisions.refusals([question_id]) if question.guarded else {}
    return found.get(question_id)


def call(messages: Sequence[ChatMessage]) -> tuple[tuple[ChatMessage, ...], Looked]:
    """Return what is asked without a turn as rules leave it, and what they say to it.

    All but what the model has said is masked, and refused; the question alone is flagged and warned about,
    for what was said before it was judged when it was asked.
    """
    held = rules.active(GuardPlace.QUESTION)
    if not held:
        return tuple(messages), NOTHING
    _let_connection_go(held)
    messages = readable(messages)
    hiding = [rule for rule in held if rule.act in HIDING]
    verdicts = [*(_judge(one, hiding) for one in messages[:-1]), _judge(messages[-1], held)]
    read = tuple(
        replace(one, content=verdict.text) for one, verdict in zip(messages, verdicts, strict=True)
    )
    met = list(verdicts[-1].met)
    refusal = next((each.refusal for each in verdicts if each.refusal), None)
    if refusal is not None and refusal not in met:
        met.append(refusal)
    return read, Looked("", tuple(met), refusal.rule.reason if refusal else None)


def readable(history: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return what may be read before the last message and with it: without what a rule would have refused if
    it had not been said in distress, and without the answers to that."""
    hiding = [rule for rule in rules.active(GuardPlace.QUESTION) if rule.act in HIDING]

    def is_refused(one: ChatMessage) -> bool:
        hub.sleep()  # a call may hold thousands
        if not _is_distress(one.role, one.content):
            return False
        return judge(one.content, hiding, GuardPlace.QUESTION).refusal is not None

    return [*_without(is_refused, history[:-1]), *history[-1:]] if hiding else list(history)


def _without(
    is_refused: Callable[[ChatMessage], bool], said: Sequence[ChatMessage]
) -> list[ChatMessage]:
    """Leave out what a person said and must not be read, and what was answered to it."""
    read: list[ChatMessage] = []
    is_out = False
    for one in said:
        if one.role == "user":
            is_out = is_refused(one)
        if one.role == "system" or not is_out:
            read.append(one)
    return read


def kept(said: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return roles and texts as they may be stored: masked."""
    read, _looked = call([ChatMessage(role, text) for role, text in said])
    return [(one.role, one.content) for one in read]


def masking() -> Callable[[Any], Any]:
    """Return what masks all words in something that comes along with a question and is stored with it."""
    held = [rule for rule in rules.active(GuardPlace.QUESTION) if rule.act == GuardAct.MASK]

    def masked(said: Any) -> Any:
        if isinstance(said, dict):
            return {masked(name): masked(value) for name, value in said.items()}
        if isinstance(said, list):
            return [masked(one) for one in said]
        hub.sleep()  # there may be thousands
        return _masked(said, held) if isinstance(said, str) else said

    return masked if held else lambda said: said


def temporary(messages: Sequence[ChatMessage]) -> tuple[tuple[ChatMessage, ...], Looked]:
    """Return the same of a temporary chat: what was refused in it is left out, with the reason it got."""
    held = rules.active(GuardPlace.QUESTION)
    if not held:
        return call(messages)
    before = _without(lambda one: _judge(one, held).refusal is not None, messages[:-1])
    return call([*before, messages[-1]])


def _let_connection_go(held: Iterable[Rule]) -> None:
    """Nothing is written yet: others may use the database while a classifier reads, which takes a while."""
    if any(rule.kind == GuardKind.CLASSIFIER for rule in held):
        db.session.commit()


def _judge(message: ChatMessage, held: Sequence[Rule]) -> Verdict:
    """Return what rules say to a message; neither the model nor a question in distress is judged."""
    if not held:
        return Verdict(message.content)
    hub.sleep()  # a call may hold thousands
    if message.role == "assistant":
        return Verdict(message.content)
    if _is_distress(message.role, message.content):
        return Verdict(_masked(message.content, held))
    return judge(message.content, held, GuardPlace.QUESTION)


def _is_distress(role: str, text: str) -> bool:
    """Whether this gets fixed words, and is read by no model where a rule would refuse it: a question."""
    return role == "user" and safety.concern(text) is not None


def _masked(text: str, held: Sequence[Rule]) -> str:
    masking = [rule for rule in held if rule.act == GuardAct.MASK]
    return judge(text, masking, GuardPlace.QUESTION).text


def answers_to(question_id: str | None) -> list[Rule]:
    """Return the rules that look at an answer; one that was lifted for its question is none of them."""
    held = rules.active(GuardPlace.ANSWER)
    if not held or question_id is None:
        return held
    lifted = decisions.lifted(question_id)
    return [rule for rule in held if rule.id not in lifted]


def refuse_likelihoods(held: Sequence[Rule]) -> None:
    """Raise InvalidInput where some of these rules hide words: likelihoods of tokens would spell them out."""
    if any(rule.act in HIDING for rule in held):
        raise InvalidInput(gettext(LIKELIHOODS), field="logprobs")


class GuardedStream:
    """A stream of the engine whose text passes rules; to its reader it is a stream of the engine.

    Where an answer is refused the engine stops, what was not shown is dropped, and it ends as filtered.
    """

    def __init__(self, stream: Unguarded, held: Sequence[Rule], before: str = "") -> None:
        self._stream = stream
        hiding = [rule for rule in held if rule.act in HIDING]
        self._filter = AnswerFilter(hiding, before) if hiding else None
        self._telling = [rule for rule in held if rule.act not in HIDING]
        self._said = [before]
        self._told: tuple[Met, ...] = ()
        self._tokens = 0  # of what waits
        self.request_id = stream.request_id
        self.accepted_at = stream.accepted_at

    @property
    def place(self) -> QueuePlace | None:
        return self._stream.place

    @property
    def tool_form(self) -> ToolForm | None:
        return self._stream.tool_form

    @property
    def met(self) -> tuple[Met, ...]:
        """The rules that the answer has met by now; those that only tell look at all of it, at its end."""
        return (*(self._filter.met if self._filter else ()), *self._told)

    def cancel(self) -> None:
        self._stream.cancel()

    def take(self) -> list[StreamEvent]:
        """Return what may be shown of what has come since the last call, and the end."""
        return [seen for event in self._stream.take() for seen in self._pass(event)]

    def _pass(self, event: StreamEvent) -> list[StreamEvent]:
        if isinstance(event, TextPiece):
            if self._telling and not (self._filter and self._filter.is_closed):
                self._said.append(event.text)
            return self._shown(event)
        self._told = self._tell("".join(self._said))
        rest = self._filter.end() if self._filter else ""
        is_refused = self._filter is not None and self._filter.is_closed
        if is_refused and isinstance(event, Finished):
            event = replace(event, reason=FinishReason.FILTERED, stop="")
        return [*([TextPiece(rest, self._tokens)] if rest else []), event]

    def _tell(self, said: str) -> tuple[Met, ...]:
        """Return what the rules say that only tell; an answer that was shown is not lost to a failure."""
        try:
            return judge(said, self._telling, GuardPlace.ANSWER).met
        except EchoError as failure:
            log.error("an answer was not looked at", error=failure.code)
            return ()

    def _shown(self, piece: TextPiece) -> list[StreamEvent]:
        if self._filter is None:
            return [piece]
        text = self._filter.feed(piece.text)
        if self._filter.is_closed:
            self._stream.cancel()
        self._tokens += piece.tokens
        if not text:
            return []
        tokens, self._tokens = self._tokens, 0
        return [
            TextPiece(text, tokens)
        ]  # how likely its tokens were would spell out what is hidden


def passed(stream: Unguarded, held: Sequence[Rule], before: str) -> Unguarded | GuardedStream:
    """Return a stream whose text passes rules; the engine's own where none is held against it."""
    return GuardedStream(stream, held, before) if held else stream


def met_by(stream: object) -> tuple[Met, ...]:
    """Return the rules that an answer has met by now; one that nobody looks at meets none."""
    return stream.met if isinstance(stream, GuardedStream) else ()
