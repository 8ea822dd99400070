"""What happened, announced after the commit; edges subscribe, services send.

Knows nothing of who listens: it lets a service tell the sockets without importing them.
"""

from blinker import Namespace

_signals = Namespace()

turn_started = _signals.signal("turn-started")
"""sender: LiveTurn. A reply has been submitted to the engine and its rows are committed, whoever asked."""

turn_ended = _signals.signal("turn-ended")
"""sender: LiveTurn; row; end. Its last state is committed; `end` is what the engine said of it."""

reply_reaped = _signals.signal("reply-reaped")
"""sender: Message. A reply that no turn was writing any more has got its last state."""

reader_left = _signals.signal("reader-left")
"""sender: LiveTurn. The program that asked for this reply has hung up before it ended."""

message_changed = _signals.signal("message-changed")
"""sender: Message. Its owner has edited its text in its place."""

call_started = _signals.signal("call-started")
"""sender: LiveCall. An answer to a program has been submitted to the engine."""

call_ended = _signals.signal("call-ended")
"""sender: LiveCall. An answer to a program has ended, and what it took is stored."""

conversation_changed = _signals.signal("conversation-changed")
"""sender: Conversation. Title, pin, settings or newest message changed."""

conversation_removed = _signals.signal("conversation-removed")
"""sender: owner's user id; conversation_id; restorable. It was deleted or cleared, or is gone for good."""

access_ended = _signals.signal("access-ended")
"""sender: owner's user id; device_id or None for all devices; reason."""

account_closed = _signals.signal("account-closed")
"""sender: user id. An administrator has switched the account off: nothing may go on in its name.
A deletion ends replies by `conversation_removed`, chat by chat."""

models_changed = _signals.signal("models-changed")
"""sender: whoever changed it. A model was added, removed or settled, or adding one has come further."""

event_began = _signals.signal("event-began")
"""sender: the name of a socket event, as in `event_answered`, which follows in the same green thread."""

event_answered = _signals.signal("event-answered")
"""sender: the name of a socket event, "*" for one that there is not; outcome: "ok" or the error's code;
seconds."""

signed_up = _signals.signal("signed-up")
"""no sender. Somebody has made an account, by whatever way of signing up."""

signed_in = _signals.signal("signed-in")
"""sender: User. A session has begun."""

sign_in_refused = _signals.signal("sign-in-refused")
"""sender: "wrong" where what was shown is not right, "blocked" where it was not even looked at."""
