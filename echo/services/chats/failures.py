"""What is said of an answer that failed, as it stands in its row: in English, whoever asked for it.

`wire` says these texts to whoever asks for a chat in their language; the page itself (`static/js`) says those
that it is told of while an answer ends, for a chat may have several readers. The engine and the servers
elsewhere speak English alone: their texts stand here too, so that they can be translated.
"""

from __future__ import annotations

from typing import Final

from echo import languages
from echo.languages import mark

LOST: Final = mark("The answer was lost. Please retry.")
UNSAVED: Final = mark("The answer could not be saved.")
ENDED: Final = mark("The key or token with which this was asked has ended.")
BUSY: Final = mark("Many people are asking at this moment. Please try again shortly.")
WAITING: Final = mark("You have several answers waiting already. Please let one of them finish.")

TEXTS: Final = (
    LOST,
    UNSAVED,
    ENDED,
    BUSY,
    WAITING,
    # ── the engine ──
    mark("The engine failed and is being restarted. Please try again."),
    mark("The engine was stopped."),
    mark("This reply could not be computed. Please try again."),
    mark(
        "The messages have about %(tokens)s tokens; the model reads %(most)s, its answer among them."
    ),
    mark("The message has %(tokens)s tokens with its instructions; %(most)s fit."),
    mark("The message has %(tokens)s tokens; at most %(most)s fit."),
    # ── servers elsewhere ──
    mark("The model's server cannot be reached. Please try again shortly."),
    mark("The model's server did not begin to answer in time. Please try again."),
    mark("The model's server fell silent in the middle of the answer."),
    mark("The connection to the model's server broke before the answer was complete."),
    mark("The model's server sent something without an end."),
    mark("What the model's server sent is not an answer. An administrator has to look at it."),
    mark("The model's server does not let Echo in. An administrator has to look at its key."),
    mark("The model's server does not know this model. Please choose another one."),
    mark("The model's server failed. Please try again."),
    mark("The model's server refused the request."),
    mark("The conversation is longer than the model reads. Please shorten it, or begin a new one."),
    mark("The model's server has too much to do just now. Please try again in a moment."),
)


def said(text: str) -> str:
    """Return what failed in the reader's language; what an engine says of its own stays as it is."""
    return languages.said(text, TEXTS)
