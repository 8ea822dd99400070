"""What happened, announced after the commit; edges subscribe, services send.

Knows nothing of who listens: it lets a service tell the sockets without importing them. What a listener fails
at is its own: neither the act that was announced nor the other listeners fail with it.
"""

from __future__ import annotations

from typing import Any

import structlog
from blinker import NamedSignal
from flask import has_app_context

from echo.extensions import db

log = structlog.get_logger()


class Announcement(NamedSignal):
    """A signal that reaches every listener."""

    def send(self, sender: Any = None, /, **told: Any) -> list[tuple[Any, Any]]:
        """Call every listener; one that raises is logged, and its session is made usable again."""
        answers = []
        for listener in self.receivers_for(sender):
            try:
                answers.append((listener, listener(sender, **told)))
            except Exception:
                log.exception("a listener failed", signal=self.name)
                if has_app_context():
                    db.session.rollback()  # what was announced is committed
        return answers


turn_started = Announcement("turn-started")
"""sender: LiveTurn. A reply has been submitted to the engine and its rows are committed, whoever asked."""

reply_given = Announcement("reply-given")
"""sender: the message's id; conversation_id; given. What its model has called for is stored with an answer in
the making: `steps`, and `sources` where passages are among it."""

turn_ended = Announcement("turn-ended")
"""sender: LiveTurn; row; end. Its last state is committed; `end` is what the engine said of it."""

reply_reaped = Announcement("reply-reaped")
"""sender: Message. A reply that no turn was writing any more has got its last state."""

reader_left = Announcement("reader-left")
"""sender: LiveTurn. The program that asked for this reply has hung up before it ended."""

message_changed = Announcement("message-changed")
"""sender: Message. Somebody has edited its text in its place."""

guard_decided = Announcement("guard-decided")
"""sender: GuardDecision. A rule has decided something about a question or an answer."""

call_started = Announcement("call-started")
"""sender: LiveCall. An answer to a program has been submitted to the engine."""

call_ended = Announcement("call-ended")
"""sender: LiveCall. An answer to a program has ended, and what it took is stored."""

conversation_changed = Announcement("conversation-changed")
"""sender: Conversation. Title, pin, settings or newest message changed."""

conversation_removed = Announcement("conversation-removed")
"""sender: owner's user id; conversation_id; restorable; members: the numbers of those who were invited into
it. It was deleted or cleared, or is gone for good."""

member_came = Announcement("member-came")
"""sender: user id; conversation. Somebody was invited into a conversation of another's."""

member_left = Announcement("member-left")
"""sender: user id; conversation_id. Somebody who was invited has left, or was taken out by its owner."""

folders_changed = Announcement("folders-changed")
"""sender: owner's user id; moved: conversations stand elsewhere. A folder was made, changed or deleted."""

access_ended = Announcement("access-ended")
"""sender: owner's user id; device_id or None for all devices; reason."""

account_closed = Announcement("account-closed")
"""sender: user id. The account is switched off or being deleted: nothing may go on in its name."""

models_changed = Announcement("models-changed")
"""sender: whoever changed it. A model was added, removed or settled, or adding one has come further."""

banner_changed = Announcement("banner-changed")
"""sender: Banner. Administrators have written another notice for everybody, or taken it away."""

event_began = Announcement("event-began")
"""sender: the name of a socket event, as in `event_answered`, which follows in the same green thread."""

event_answered = Announcement("event-answered")
"""sender: the name of a socket event, "*" for one that there is not; outcome: "ok" or the error's code;
seconds."""

signed_up = Announcement("signed-up")
"""no sender. Somebody has made an account, by whatever way of signing up."""

signed_in = Announcement("signed-in")
"""sender: User. A session has begun."""

sign_in_refused = Announcement("sign-in-refused")
"""sender: "wrong" where what was shown is not right, "blocked" where it was not even looked at."""
