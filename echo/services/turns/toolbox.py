"""The tools that a model is offered for one answer, and what its calls are answered. Knows no stream.

What was computed is stored with the answer before the model reads it, so that nothing is told that its reader
cannot look at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog
from flask import Flask
from sqlalchemy import update

from echo import cluster, signals
from echo.errors import EchoError
from echo.extensions import db
from echo.generation import ChatMessage, GenerationRequest, Tool
from echo.models import Conversation, GuardPlace, Message
from echo.services import tools
from echo.services.documents import in_chats, prompt
from echo.services.documents.prompt import Source
from echo.services.guardrails.judging import Rule, judge
from echo.services.guardrails.matching import HIDING
from echo.services.storage import FAILURES, execute, forget_broken_session
from echo.services.tools import functions
from echo.services.tools.functions import WrongCall
from echo.services.turns import giving
from echo.services.turns.giving import Reader

log = structlog.get_logger()

LEAST_WINDOW: Final = 4_096
"""Tokens that a model reads, for the functions and what they find beside the chat."""
FAILED: Final = "Error: this does not work at the moment. Answer without it."
ERROR: Final = "Error: {}"
TOOLS: Final = tuple(Tool(one.name, one.schema, one.does) for one in functions.FUNCTIONS)
TOLD: Final = "\n".join(f"{one.name} {one.description} {one.parameters}" for one in TOOLS)
"""As long as what a template writes of them."""


@dataclass(frozen=True)
class Writing:
    """The answer that is being written, and who has asked for it."""

    reply_id: str
    conversation_id: str
    asker: int


class Toolbox:
    """The tools of one answer. `ask` returns the conversation with a note before its question."""

    def __init__(
        self,
        app: Flask,
        conversation: Conversation,
        reply: Message,
        reader: Reader,
        now: datetime,
        held: Sequence[Rule],
        ask: Callable[[str], tuple[ChatMessage, ...]],
    ) -> None:
        self._app = app
        self._writing = Writing(reply.id, conversation.id, reply.user_id)
        self._reader = reader
        self._now = now
        self._ask = ask
        self._hiding = [rule for rule in held if rule.act in HIDING]
        self._steps = list(reply.steps or ())
        self._sources = reply.sources
        has_files = reply.sources is None and giving.may_search(conversation, reply.user_id)
        self.tools = tuple(one for one in TOOLS if has_files or one.name != functions.SEARCH)

    def put_into(self, request: GenerationRequest) -> GenerationRequest:
        """Return a request in which the model may call them, one at a time, where its template can."""
        return replace(request, tools=self.tools, optional_tools=True, one_call=True)

    def answer(self, name: str, written: str) -> str:
        """Return what a call is answered; what is wrong with it the model is told."""
        try:
            arguments = functions.read(name, written, [one.name for one in self.tools])
            if name == functions.SEARCH:
                return self._in_app(lambda: self._search(arguments["query"]))
            step = functions.compute(name, arguments, self._now)
            self._refuse_hidden(f"{step['input']} {step['result']}")
        except WrongCall as wrong:
            return ERROR.format(wrong)
        return self._in_app(lambda: tools.said(step) if self._keep(dict(step)) else FAILED)

    def _refuse_hidden(self, text: str) -> None:
        """Raise WrongCall where rules hide what a step would show."""
        if judge(text, self._hiding, GuardPlace.ANSWER).met:
            raise WrongCall("This may not be looked for, nor shown.")

    def as_noted(self) -> tuple[ChatMessage, ...]:
        """Return the question with all that was found as a note, as where a rule has found it."""
        found = self._in_app(
            lambda: self._found(db.session.get(Conversation, self._writing.conversation_id)), ""
        )
        return self._ask(found + tools.before(self._steps, self._reader.window))

    def _found(self, chat: Conversation | None) -> str:
        if chat is None:
            return ""
        sources = in_chats.shown(chat, self._writing.asker, self._sources)
        return prompt.before(sources, chat.user_id)

    def _in_app(self, work: Callable[[], str], otherwise: str = FAILED) -> str:
        """Run what needs the database; an answer is not lost to its failure."""
        with self._app.app_context():
            try:
                return work()
            except (EchoError, *FAILURES) as failure:
                forget_broken_session()
                log.warning(
                    "a tool failed", message_id=self._writing.reply_id, error=type(failure).__name__
                )
                return otherwise

    def _search(self, query: str) -> str:
        self._refuse_hidden(query)
        chat = db.session.get(Conversation, self._writing.conversation_id)
        if chat is None:
            return FAILED
        beside = TOLD + self._found(chat)
        found = giving.look_up(self._reader, chat, self._writing.asker, query, beside)
        told, sources = _numbered(found, self._sources or [])
        if not self._keep(dict(tools.looked_up(query, len(told))), sources):
            return FAILED
        return prompt.before(told, chat.user_id)

    def _keep(self, step: dict[str, Any], sources: list[Source] | None = None) -> bool:
        """Store a step with the answer and tell whoever watches; False where nobody writes that any more."""
        steps = self._steps if step in self._steps else [*self._steps, step]
        if not note_given(self._writing.reply_id, steps, sources):
            return False
        self._steps, self._sources = steps, sources if sources is not None else self._sources
        told = {"steps": steps} | ({"sources": sources} if sources is not None else {})
        signals.reply_given.send(
            self._writing.reply_id, conversation_id=self._writing.conversation_id, given=told
        )
        return True


def _numbered(
    found: Sequence[Source], before: Sequence[Source]
) -> tuple[list[Source], list[Source]]:
    """Return passages with their numbers in an answer that has some already, and all that it has then."""
    known = {(one["document_id"], one["position"]): one for one in before}
    for one in found:
        known.setdefault((one["document_id"], one["position"]), {**one, "number": len(known) + 1})
    return [known[one["document_id"], one["position"]] for one in found], list(known.values())


def note_given(
    reply_id: str, steps: list[dict[str, Any]], sources: list[dict[str, Any]] | None
) -> bool:
    """Store what an answer in the making was given; False where it is not written here any more."""
    mine = (Message.id == reply_id) & (Message.node == cluster.here().node)
    values: dict[str, Any] = {"steps": steps}
    if sources is not None:
        values["sources"] = sources
    return bool(execute(update(Message).where(mine).values(values)))
