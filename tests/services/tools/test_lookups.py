"""Which questions look something up in one's documents, and which do not."""

from __future__ import annotations

import pytest

from echo.services.tools import before, looked_up, sought, titled


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("Search my documents for puffins", "puffins"),
        ("search in all my files for “the blue keel”, please", "the blue keel"),
        ("Can you search through my documents for puffins?", "puffins"),
        ("Look for puffins in my documents.", "puffins"),
        ("Find the rent of 2024 in my files", "the rent of 2024"),
        ("Look up notice periods in all of my documents", "notice periods"),
        ("What do my documents say about notice periods?", "notice periods"),
        ("what's in my documents about puffins", "puffins"),
        ("Is there anything about puffins in my own documents?", "puffins"),
        ("Which of my files mention puffins?", "puffins"),
        ("Do any of my documents mention puffins?", "puffins"),
    ],
)
def test_plain_questions_are_recognised(question: str, what: str) -> None:
    assert sought(question) == what


@pytest.mark.parametrize(
    "question",
    [
        "Search my documents",
        "Search my documents for ''",
        "Search the web for puffins",
        "Where do I search my documents for puffins?",
        "What do documents say about puffins?",
        "Write a program that searches my documents for puffins",
        "What do my friends say about puffins?",
        "Search my documents for " + "x" * 200,
        "Search my documents for\npuffins",
        "",
    ],
)
def test_others_are_not(question: str) -> None:
    assert sought(question) is None


def test_the_step_is_said_to_people_and_not_as_computed() -> None:
    step = looked_up("puffins", 2)
    assert titled(step) == "Searched your documents for “puffins”: 2 passages"
    assert titled(looked_up("puffins", 1)).endswith("1 passage")
    assert before([step], 4_096) == ""
