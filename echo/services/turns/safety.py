"""Plain statements of self-harm or poisoning get a fixed, kind text before any generation.

A small model cannot be relied on here. The rules match what people say plainly about themselves; they
know no context and no other language than English: docs/decisions/0004-distress-rules.md.
"""

from __future__ import annotations

import re
import time
from typing import Final

from echo import hub
from echo.generation import Finished, FinishReason, StreamEvent, TextPiece, Timing, Usage
from echo.languages import gettext, mark

_I: Final = r"\b(?:i|i'm|im|i am|i've|ive|i have|i'll|i will|i'd)\b"
_MYSELF: Final = r"(?:myself|my ?self)"

SELF_HARM: Final = (
    rf"\b(?:kill|hurt|harm|cut|hang|shoot|drown|starv)(?:e|ing|t?ing)? {_MYSELF}\b",
    r"\b(?:end|ending|take|taking) my (?:own )?life\b",
    r"\bend it all\b",
    rf"{_I}[^.!?]{{0,40}}\b(?:suicidal|suicide)\b",
    r"\b(?:commit|committing|thinking (?:of|about)|considering) suicide\b",
    r"\b(?:do not|don'?t|dont|no longer|can'?t|cannot|never) (?:really )?(?:want|wanna|wish)(?: to)?"
    # not "live in Paris"; all capitals ("LIVE IN PAIN") still count
    r" (?:live(?! (?:in|near|at) (?-i:[A-Z][a-z]))|be alive|exist|wake up)\b",
    # not "want to die on me", which is said of plants and phones
    r"\b(?:want|wanna|wish|going|plan|planning|ready|about)(?: to|na)? (?:die|be dead)\b"
    r"(?! on (?:me|us|you)\b)",
    r"\bwish i (?:was|were) (?:dead|never born|not alive)\b",
    r"\bbetter off (?:dead|without me)\b",
    r"\b(?:no|not any|don'?t have (?:a|any)) reason to (?:live|go on)\b",
)
_MANY: Final = (
    r"(?:too (?:many|much)|a lot of|lots of|a (?:whole )?(?:handful|bunch) of|dozens? of|\d{2,}|ten|eleven"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?|\w+teen|twelve|a hundred)"
)
_PILLS: Final = (
    r"(?:pills?|tablets?|capsules?|medicines?|medication|meds|painkillers?|paracetamols?|aspirins?"
    r"|ibuprofens?)"
)
_POISON: Final = (
    r"(?:bleach|poison|antifreeze|detergent|drain cleaner|pesticide|batter(?:y|ies)|cleaner"
    r"|(?:dishwasher|dishwashing|washing|laundry) (?:tabs?|tablets?|pods?|powder|liquid|capsules?))"
)
_DEPENDANT: Final = (
    r"\b(?:my|our|the|his|her)(?: \w+){0,2} (?:toddler|baby|child|kid|son|daughter|boy|girl|brother|sister"
    r"|husband|wife|mother|mom|mum|father|dad|friend|grand\w+|dog|cat|puppy|kitten)"
)
POISONING: Final = (
    rf"{_I}[^.!?]{{0,20}}\b(?:took|taken|swallowed|ate|eaten)\b[^.!?]{{0,15}}\b{_MANY}\b"
    rf"(?! (?:photo|picture|video))[^.!?]{{0,25}}\b{_PILLS}\b",
    rf"{_DEPENDANT}\b[^.!?]{{0,20}}\b(?:swallowed|ate|eaten|drank|drunk|got into)\b[^.!?]{{0,30}}"
    rf"\b(?:{_PILLS}|{_POISON})\b",
    rf"{_I}[^.!?]{{0,30}}\b(?:overdos(?:e|ed|ing)|poisoned)\b",
    rf"{_I}[^.!?]{{0,30}}\b(?:took|taken|swallowed|ate|drank|drunk|had)\b[^.!?]{{0,30}}"
    r"\b(?:too many|whole (?:bottle|box|packet|pack) of|all (?:of )?(?:my|the|those))\b[^.!?]{0,20}"
    rf"\b{_PILLS}\b",
    r"\b(?:swallowed|drank|drunk|ate|eaten|inhaled)\b[^.!?]{0,30}"
    rf"\b{_POISON}\b",
)
_BORDER: Final = re.compile(r"\W")
STRETCH: Final = 16_000  # characters that are searched at once: all of what people write
OVERLAP: Final = 1_000  # more than any of these statements has
BESIDE: Final = 50  # what follows a statement may turn its meaning
_RULES: Final = {
    "self_harm": re.compile("|".join(SELF_HARM), re.IGNORECASE),
    "poisoning": re.compile("|".join(POISONING), re.IGNORECASE),
}
TEXTS: Final = {
    "self_harm": mark(
        "I am really sorry that you are in so much pain, and I am glad you said it. I am only a small "
        "program and not able to keep you safe, but people can, and they want to.\n\n"
        "**If you might hurt yourself now, please call your local emergency number**, or go to the "
        "nearest emergency room. If you can, tell somebody near you: a friend, a parent, a doctor, a "
        "teacher. You do not have to explain it well; “I need help” is enough.\n\n%(help_lines)s"
    ),
    "poisoning": mark(
        "This may be an emergency, and I am only a small program that cannot judge it.\n\n"
        "**Please call your local emergency number or poison centre right now**, even if all seems well. "
        "Do not wait for signs, do not make yourself vomit, and keep the packet or bottle to show what "
        "it was and how much. If somebody is near you, tell them.\n\n%(help_lines)s"
    ),
}
USUAL_HELP_LINES: Final = mark(
    "Free help lines by country are listed at findahelpline.com; many answer by chat too."
)


def concern(text: str) -> str | None:
    """Return which rule a message meets, if any: "poisoning" before "self_harm"."""
    plain = text.replace("’", "'")
    return next((name for name in ("poisoning", "self_harm") if _is_met(_RULES[name], plain)), None)


def _is_met(rule: re.Pattern[str], text: str) -> bool:
    """Search stretch by stretch: a program's text may be long, and others have their turn meanwhile."""
    start = 0
    while True:
        border = _BORDER.search(text, start + STRETCH)
        end = border.start() if border else len(text)
        found = rule.search(text, start, end)
        if found and (end == len(text) or found.end() <= end - BESIDE):
            return True
        if end == len(text):
            return False
        start = end - OVERLAP
        hub.sleep()


def answer(name: str, help_lines: str) -> str:
    """Return the fixed text, with the configured help lines, in the reader's language."""
    return gettext(TEXTS[name], help_lines=help_lines or gettext(USUAL_HELP_LINES))


class FixedStream:
    """A stream that says one text and ends; to its reader it is a stream of the engine."""

    place = None
    tool_form = None

    def __init__(
        self, request_id: str, text: str, reason: FinishReason = FinishReason.STOP
    ) -> None:
        self.request_id = request_id
        self.accepted_at = time.monotonic()
        self._events: list[StreamEvent] = [
            TextPiece(text, 0),
            Finished(reason, Usage(0, 0, 0), Timing(0.0, 0.0, 0.0)),
        ]

    def take(self) -> list[StreamEvent]:
        events, self._events = self._events, []
        return events

    def cancel(self) -> None:
        """There is nothing to stop: the whole text is there."""
