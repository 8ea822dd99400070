"""Expand `[one|two|]` choices and `{slot}` names in sentences, and vary how people type them.

Does not know what the sentences are about.
"""

import random
import re

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")
OPENERS = (
    "Please, ", "Hey, ", "Hey Echo, ", "Echo, ", "Um, ", "So, ", "Hi, ", "Quick question: ",
    "One question: ", "I wonder: ", "Tell me, ", "Hello, ", "Okay, ", "Well, ",
)  # fmt: skip
QUESTION = re.compile(
    r"(And (you|how)|How (?!nice|lovely|sweet|kind|exciting|annoying)|Which|Would|Could|Shall"
    r"|Should|Does|Do you|Is|Are|Can I|Can you|May I|Did|Was|Why|Where|Who\b|Or shall|Anything"
    r"|What (?!(I|you) (do|write|wrote)\b))"
)
SENTENCE = re.compile(r"[^.!?]+[.!?]+")
CLOSERS = (" please", ", please", ", Echo", " thanks", ", thank you", " :)", " right now")


def expand(template: str, rng: random.Random, slots: dict[str, list[str]] | None = None) -> str:
    """One sentence: a choice is drawn in each bracket, inner ones first, then slots are filled."""
    text = template
    while match := CHOICE.search(text):
        choice = rng.choice(match.group(1).split("|"))
        text = text[: match.start()] + choice + text[match.end() :]
    return SLOT.sub(lambda m: rng.choice((slots or {})[m.group(1)]), text)


def mend_marks(answer: str) -> str:
    """The answer with question marks after its questions and after nothing else."""

    def mended(match: re.Match[str]) -> str:
        sentence = match.group(0)
        if QUESTION.match(sentence.lstrip()) and "," not in sentence[:8]:
            return re.sub(r"[.!]$", "?", sentence)
        if re.match(r" ?(But|Tell|Ask|Let|I |Please|Or |Just|A |The |Keep|Take|Say)", sentence):
            return re.sub(r"\?$", ".", sentence)
        return sentence

    return SENTENCE.sub(mended, answer)


def with_end(question: str, ends: str, rng: random.Random) -> str:
    """The question with a mark at its end, where it has none."""
    return question if question[-1] in ".?!" else question + rng.choice(ends).strip()


def capital(text: str) -> str:
    """The text with a large first letter."""
    return text[:1].upper() + text[1:]


def as_typed(question: str, rng: random.Random, *, chatty: bool = True) -> str:
    """The question as a hurried person types it: small letters, no marks, a slip now and then."""
    text = question
    if chatty and rng.random() < 0.1:
        text = rng.choice(OPENERS) + _small_start(text)
    if chatty and rng.random() < 0.05:
        text = text.rstrip(".?!") + rng.choice(CLOSERS)
    if rng.random() < 0.25:
        text = text.rstrip(".?!") or text  # "???" stays as it is
    if rng.random() < 0.25:
        text = text.lower()
    if rng.random() < 0.08:
        text = text.replace("'", "")
    return _slip(text, rng) if rng.random() < 0.05 else text


def _small_start(text: str) -> str:
    return text if text.split(" ")[0] in ("I", "I'm", "Echo") else text[:1].lower() + text[1:]


def _slip(text: str, rng: random.Random) -> str:
    """Two neighbouring letters change places."""
    if len(text) < 8 or any(c.isdigit() for c in text):
        return text
    place = rng.randrange(1, len(text) - 2)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
