"""The questions of the evaluation and the simple rules that judge the answers.

Does not know any model; the generator of dialogues asks it which questions to keep away from.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

QUESTIONS_FILE = Path(__file__).parent / "evaluation_questions.json"


@dataclass(frozen=True)
class Case:
    """What the user says, turn by turn, and patterns for the last answer."""

    behaviour: str
    turns: tuple[str, ...]
    must: str | None
    must_not: str | None

    def passes(self, answer: str) -> bool:
        """Whether the last answer follows the patterns."""
        missed = self.must is not None and not re.search(self.must, answer, re.IGNORECASE)
        wrong = self.must_not is not None and re.search(self.must_not, answer, re.IGNORECASE)
        return bool(answer.strip()) and not missed and not wrong


@cache
def cases() -> tuple[Case, ...]:
    """Every case of echo-mini's evaluation, behaviour by behaviour."""
    return read_cases(QUESTIONS_FILE)


def read_cases(path: Path) -> tuple[Case, ...]:
    """Every case of a file, behaviour by behaviour."""
    groups = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Case(behaviour, tuple(row["turns"]), row.get("pass"), row.get("fail"))
        for behaviour, rows in groups.items()
        for row in rows
    )


def normal(question: str) -> str:
    """Small letters, single spaces, no marks: for comparing questions."""
    return " ".join(re.sub(r"[^a-z0-9+\- ]", "", question.lower()).split())


@cache
def judged_questions() -> frozenset[str]:
    """The last question of every case that has a rule, in normal form."""
    return frozenset(normal(case.turns[-1]) for case in cases() if case.must)


def is_evaluation_question(question: str) -> bool:
    """Whether a question is one of the evaluation's, up to case and marks."""
    return normal(question) in judged_questions()
