"""Writing what became of a reply: its text so far, its last state, and those a crash left behind.

Knows rows and the turn; not who asked, nor how the end is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Set
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update

from echo import cluster
from echo.clock import utc_now
from echo.extensions import db
from echo.generation import Failed, Finished, FinishReason
from echo.models import Conversation, GuardDecision, Message, MessageStatus
from echo.models.conversation import LIVE_STATUSES
from echo.services.guardrails import decisions
from echo.services.numbers import rollups
from echo.services.storage import transaction
from echo.services.turns.live_turn import LiveTurn, join_lengths, split_pieces


def flush(turns: Iterable[LiveTurn]) -> None:
    """Write the text so far of every reply that has grown since it was last saved.

    Raises:
        StorageUnavailable: nothing was saved; the same texts are written next time.
    """
    grown = [turn for turn in turns if turn.has_grown]
    if not grown:
        return
    written: dict[LiveTurn, int] = {}
    decided: dict[LiveTurn, list[GuardDecision]] = {}

    def work() -> None:
        for turn in grown:
            written[turn] = turn.seq
            decided[turn] = _decide(turn)
            db.session.execute(
                update(Message)
                # a reply that ended while this waited keeps its last state
                .where(_is_own(turn), Message.status.in_(LIVE_STATUSES))
                .values(status=MessageStatus.STREAMING, **_text_of(turn), **_figures_of(turn))
            )

    transaction(work)
    for turn, seq in written.items():
        _announce(turn, decided[turn])
        turn.saved_seq = seq


def finish(turn: LiveTurn, event: Finished | Failed) -> Message:
    """Write the reply's last state, end the turn and return the row.

    A reply that another process has ended, since this one was taken for dead, stays as it is.

    Raises:
        StorageUnavailable: nothing was saved, and the turn has not ended: to be tried again.
    """
    values = _outcome(turn, event) | _text_of(turn) | {"node": None}

    def work() -> tuple[Message, list[GuardDecision]]:
        decided = _decide(turn)
        written = db.session.execute(update(Message).where(_is_own(turn)).values(values))
        turn.lost = not written.rowcount  # type: ignore[attr-defined]
        db.session.execute(
            update(Conversation)
            .where(Conversation.id == turn.conversation_id)
            .values(updated_at=utc_now())
        )
        row = db.session.scalars(
            select(Message)
            .where(Message.id == turn.message_id)
            .execution_options(populate_existing=True)
        ).one()
        rollups.mark_stale(row.created_at)
        return row, decided

    row, decided = transaction(work)
    _announce(turn, decided)
    turn.end(row.status)
    return row


def _decide(turn: LiveTurn) -> list[GuardDecision]:
    """Write what rules have newly decided about an answer, in the caller's transaction; return it."""
    met = [each for each in turn.met if each.rule.id not in turn.decided]
    if not met:
        return []
    mark = update(Message).where(_is_own(turn)).values(guarded=True)
    if not db.session.execute(mark).rowcount:  # type: ignore[attr-defined]
        return []  # it was deleted, or ended by another
    turn.decided |= decisions.known(turn.message_id)
    fresh = [each for each in met if each.rule.id not in turn.decided]
    decided = decisions.about(fresh, turn.user_id, turn.message_id)
    db.session.add_all(decided)
    return decided


def _announce(turn: LiveTurn, decided: Iterable[GuardDecision]) -> None:
    """Tell of decisions that are stored now."""
    turn.decided.update(each.rule_id for each in decided)
    decisions.announce(decided)


def _is_own(turn: LiveTurn) -> ColumnElement[bool]:
    return (Message.id == turn.message_id) & (Message.node == cluster.here().node)


def still_own(ids: Collection[str]) -> set[str]:
    """Return which of these replies are live and this process' to write."""
    mine = Message.id.in_(ids) & (Message.node == cluster.here().node)
    return set(
        db.session.scalars(select(Message.id).where(mine, Message.status.in_(LIVE_STATUSES)))
    )


def interrupt_orphans() -> int:
    """Mark replies that dead processes left unfinished; returns how many. Called before serving."""
    return len(interrupt_all_but(lambda: set()))


def interrupt_all_but(owned: Callable[[], Set[str]]) -> list[Message]:
    """Mark every live reply that nobody writes, and return them; the text that anybody saw is kept.

    Of this process' replies those with an id in `owned` are being written, of another's all while it lives.
    Both are asked after the rows were read: whatever was live then and has a writer is among them.
    """
    ids = {row.id for row in _without_writer(owned)}
    if not ids:
        return []
    found = Message.id.in_(ids) & Message.status.in_(LIVE_STATUSES)

    def work() -> list[Message]:
        rollups.mark_messages(found)
        rows = list(db.session.scalars(select(Message).where(found).with_for_update()))
        for row in rows:
            row.status, row.finished_at, row.node = MessageStatus.INTERRUPTED, utc_now(), None
            _complete(row)
        return rows

    return transaction(work)


def _without_writer(owned: Callable[[], Set[str]]) -> list[Row[str, str | None]]:
    """Return (id, node) of the live replies that nobody writes."""
    columns = select(Message.id, Message.node).where(Message.status.in_(LIVE_STATUSES))
    live = db.session.execute(columns).all()
    db.session.commit()  # nothing was written
    mine, others = owned(), cluster.here().alive() if live else set()

    def is_written(id_: str, node: str | None) -> bool:
        if node == cluster.here().node:
            return id_ in mine
        return node is not None and (others is None or node in others)

    return [row for row in live if not is_written(*row)]


def _complete(row: Message) -> None:
    """Add the pieces that were sent after the row was last written."""
    pieces = split_pieces(row.text, row.piece_lengths)
    if rest := cluster.here().pieces_after(row.id, len(pieces)):
        pieces += rest
        row.text, row.seq, row.piece_lengths = "".join(pieces), len(pieces), join_lengths(pieces)


def catch_up(shown: Iterable[Message], live: Container[str]) -> None:
    """Read anew the replies that have ended since they were read, while their reader waited for more.

    Their end was announced before whoever reads knew of them: nothing else would ever tell it. `live` holds
    the ids of those that are being written now.
    """
    asked: set[str] = set()
    while ended := [
        row
        for row in shown
        if row.status in LIVE_STATUSES and row.id not in live and row.id not in asked
    ]:
        for row in ended:
            db.session.refresh(row)
            asked.add(row.id)  # what lives even then is only being started


def _text_of(turn: LiveTurn) -> dict[str, Any]:
    return {
        "text": turn.text,
        "seq": turn.seq,
        "piece_lengths": join_lengths(turn.pieces),
    }


def _figures_of(turn: LiveTurn) -> dict[str, Any]:
    """Return what its writing has taken until now; how long it waited is told by the engine at the end."""
    figures = asdict(turn.figures)
    del figures["queue_ms"]
    return figures


def _outcome(turn: LiveTurn, event: Finished | Failed) -> dict[str, Any]:
    """Return the columns that tell how the reply ended."""
    values: dict[str, Any] = {
        "prompt_tokens": event.usage.prompt,
        "cached_tokens": event.usage.cached,
        "finished_at": utc_now(),
        **asdict(turn.earlier.plus(event.usage.completion, event.timing)),
    }
    if isinstance(event, Failed):
        failure = {"error_code": event.code, "error_text": event.text[:500]}
        return values | failure | {"status": MessageStatus.FAILED, "finish_reason": "failed"}
    status = MessageStatus.COMPLETE
    if event.reason is FinishReason.CANCELLED:
        status = MessageStatus(turn.stop_status)
    return values | {"status": status, "finish_reason": str(event.reason)}
