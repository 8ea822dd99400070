"""Processes that share one Echo through Redis: heartbeats, messages to each other, leases, pieces.

While Redis is away each goes on by itself: nobody is taken for dead, and nobody hears of the others. So it
is for `LIFE_SECONDS` after a Redis without memory has come, be it the first one or one that was restarted.
Source of the shape of leases: the Redis documentation, "Distributed locks" (one instance).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog
from flask import Flask
from redis import Redis, RedisError

from echo import hub
from echo.cluster.alone import Act, Alone

log = structlog.get_logger()

BEAT_SECONDS: Final = 2.0
LIFE_SECONDS: Final = 8.0
"""A process that has not beaten for this long is dead; noticed within `LIFE_SECONDS + BEAT_SECONDS`."""
ANSWER_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 600
"""Pieces after the last one: more than a silent model may take, or a dead process' replies wait."""
FAILED: Final = object()
NODES: Final = "echo:nodes"
ACTS: Final = "echo:acts"
REMEMBERS: Final = "echo:remembers"
"""Missing where Redis has begun anew, without its memory of who lives."""
WAKING: Final = "echo:waking"
"""There for `LIFE_SECONDS` after that, until all who live have said so again."""


class Members(Alone):
    """One process among several; its acts run in green threads of their own, within the application."""

    is_shared = True

    def __init__(self, app: Flask, url: str) -> None:
        super().__init__()
        self._app = app
        self._redis: Any = Redis.from_url(  # its own types know no `decode_responses`
            url,
            decode_responses=True,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
        )
        self._acts: dict[str, Act] = {}
        self._lost_acts: list[Act] = []
        self._return_acts: list[Act] = []
        self._hearing_acts: list[Act] = []
        self._to_look: list[Act] = []  # those of them that are still to be done
        self._is_looking = False
        self._known: set[str] = set()
        self._tried_at: float | None = None  # None: not started, or it has left
        self._reachable = True

    # ── who is here ─────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        self._beat(first=True)
        hub.spawn(self._beat_for_ever)
        hub.spawn(self._listen_for_ever)

    def leave(self) -> None:
        self._tried_at = None
        with self._trying("leave"):
            self._redis.delete(_life_of(self.node))
            self.tell("node_left")

    def alive(self) -> set[str] | None:
        try:
            beating = self._beating()
            remembers, waking = self._redis.mget(REMEMBERS, WAKING)
        except RedisError:
            return None
        return {self.node, *beating} if remembers and not waking else None

    def _beating(self) -> list[str]:
        nodes = sorted(self._redis.smembers(NODES))
        lives = self._redis.mget(map(_life_of, nodes)) if nodes else []
        return [node for node, life in zip(nodes, lives, strict=True) if life]

    def has_lapsed(self) -> bool:
        return self._tried_at is not None and time.monotonic() - self._tried_at > LIFE_SECONDS

    def on_lost(self, act: Act) -> None:
        self._lost_acts.append(act)

    def on_return(self, act: Act) -> None:
        self._return_acts.append(act)

    def on_hearing(self, act: Act) -> None:
        self._hearing_acts.append(act)

    def _beat_for_ever(self) -> None:
        while self._tried_at is not None:
            hub.sleep(BEAT_SECONDS)
            if self._tried_at is not None:
                self._beat()

    def _beat(self, *, first: bool = False) -> None:
        """Say that this process lives, and look who does not any more."""
        if not self.has_lapsed():
            self._tried_at = time.monotonic()  # while Redis takes its time, this process goes on
        with self._trying("beat"):
            if not self._redis.exists(REMEMBERS):
                self._redis.set(WAKING, "1", ex=round(LIFE_SECONDS))
                self._redis.set(REMEMBERS, "1")
            if not self._redis.expire(_life_of(self.node), round(LIFE_SECONDS)):
                self._redis.set(_life_of(self.node), "1", ex=round(LIFE_SECONDS))
                self._redis.sadd(NODES, self.node)
                if not first:
                    log.warning("this process was taken for dead", node=self.node)
                    self._do_all(self._return_acts)
            self._look_around()
        self._tried_at = time.monotonic()

    def _look_around(self) -> None:
        now = self.alive()
        if now is None:
            return
        lost, self._known = self._known - now, now
        if lost:
            log.warning("processes have gone", nodes=sorted(lost))
            self._redis.srem(NODES, *lost)
            hub.spawn(self._do_all, self._lost_acts)

    def _do_all(self, acts: list[Act]) -> None:
        for act in acts:
            self._do(act)

    def _look_again(self) -> None:
        """Do what is done after a time unheard, until it is done: the database may be away as well."""
        self._to_look = list(self._hearing_acts)
        if self._is_looking:
            return
        self._is_looking = True
        while self._to_look and self._tried_at is not None:
            act = self._to_look.pop(0)
            if self._do(act) is FAILED:
                self._to_look.append(act)
                hub.sleep(BEAT_SECONDS)
        self._is_looking = False

    def _do(self, act: Act, **values: Any) -> object:
        with self._app.app_context():
            try:
                return act(**values)
            except Exception:
                log.exception(
                    "what another process asked for failed", act=getattr(act, "__name__", "")
                )
                return FAILED

    # ── what one tells the others ───────────────────────────────────────────────────────────

    def on(self, name: str, act: Act) -> None:
        self._acts[name] = act

    def tell(self, name: str, to: str | None = None, **values: Any) -> None:
        with self._trying(name):
            self._publish(name, to, None, values)

    def ask(self, name: str, **values: Any) -> bool:
        return any(self._answers(name, values))

    def gather(self, name: str, **values: Any) -> list[Any]:
        return [answer for answer in self._answers(name, values) if answer is not None]

    def _answers(self, name: str, values: dict[str, Any]) -> Iterator[Any]:
        """Yield what the others answer, as it comes; None for an act that failed."""
        place = f"echo:answers:{self.node}:{time.monotonic_ns()}"
        with self._trying(name):
            waiting = len({*self._beating()} - {self.node})
            if waiting:
                self._publish(name, None, place, values)
            until = time.monotonic() + ANSWER_SECONDS
            while waiting and (left := until - time.monotonic()) > 0:
                answer = self._redis.blpop([place], timeout=max(left, 0.01))
                if answer is None:
                    return
                waiting -= 1
                with suppress(ValueError):  # of a process of another version
                    yield json.loads(answer[1])

    def _publish(self, name: str, to: str | None, place: str | None, values: Any) -> None:
        said = {"from": self.node, "to": to, "act": name, "place": place, "values": values}
        self._redis.publish(ACTS, json.dumps(said))

    def _listen_for_ever(self) -> None:
        while self._tried_at is not None:
            try:
                self._listen()
            except (RedisError, OSError) as failure:
                log.warning("the other processes are not heard", error=type(failure).__name__)
                hub.sleep(BEAT_SECONDS)

    def _listen(self) -> None:
        with self._redis.pubsub(ignore_subscribe_messages=True) as ear:
            ear.subscribe(ACTS)
            self.hearing += 1
            if self.hearing > 1:
                hub.spawn(self._look_again)
                self.tell("look_again")  # what this process told meanwhile, nobody has heard
            while self._tried_at is not None:
                heard = ear.get_message(timeout=PATIENCE_SECONDS / 2)
                if heard is not None:
                    self._hear(json.loads(heard["data"]))

    def _hear(self, said: dict[str, Any]) -> None:
        if said["from"] == self.node or said["to"] not in (None, self.node):
            return
        if said["act"] == "node_left":
            hub.spawn(self._look_around_safely)
        elif said["act"] == "look_again":
            hub.spawn(self._look_again)
        elif act := self._acts.get(said["act"]):
            hub.spawn(self._answer, act, said)

    def _look_around_safely(self) -> None:
        with self._trying("look around"):
            self._look_around()

    def _answer(self, act: Act, said: dict[str, Any]) -> None:
        done = self._do(act, **said["values"])
        answer = None if done is FAILED else done
        if said["place"]:
            with self._trying("answer"):
                self._redis.rpush(said["place"], json.dumps(answer))
                self._redis.expire(said["place"], 10)

    def leads(self, job: str, seconds: float) -> bool:
        key, milliseconds, leads = f"echo:lease:{job}", round(1000 * seconds), False
        with self._trying("lease"):
            leads = bool(self._redis.set(key, self.node, nx=True, px=milliseconds))
            if not leads and self._redis.get(key) == self.node:
                leads = bool(self._redis.pexpire(key, milliseconds))
        return leads

    # ── the pieces of live replies ──────────────────────────────────────────────────────────

    def keep_piece(self, message_id: str, seq: int, text: str) -> None:
        key = _pieces_of(message_id)
        with self._trying("keep a piece"), self._redis.pipeline(transaction=False) as both:
            both.xadd(key, {"text": text}, id=f"{seq}-0").expire(key, KEPT_SECONDS).execute()

    def pieces_after(self, message_id: str, seq: int) -> list[str]:
        pieces: list[str] = []
        with self._trying("read pieces"):
            for id_, values in self._redis.xrange(_pieces_of(message_id), min=f"{seq + 1}-0"):
                if int(id_.partition("-")[0]) != seq + len(pieces) + 1:
                    break  # one was lost while Redis was away; the row will have it
                pieces.append(values["text"])
        return pieces

    def forget_pieces(self, message_id: str) -> None:
        with self._trying("forget pieces"):
            self._redis.delete(_pieces_of(message_id))

    @contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        """Go on without Redis: a failure ends the block; its beginning and its end are logged."""
        try:
            yield
        except RedisError as failure:
            if self._reachable:
                log.warning("Redis does not answer", what=what, error=type(failure).__name__)
            self._reachable = False
        else:
            if not self._reachable:
                log.info("Redis answers again")
            self._reachable = True


def _life_of(node: str) -> str:
    return f"echo:node:{node}"


def _pieces_of(message_id: str) -> str:
    return f"echo:pieces:{message_id}"
