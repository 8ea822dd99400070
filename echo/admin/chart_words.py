"""What the drawing process says of charts, gathered for translators: pages show it in the reader's language.

`analytics` says it in English and knows no other language; what stands inside of a picture stays so.
"""

from __future__ import annotations

import re
from typing import Final

from echo.languages import gettext, mark

KNOWN: Final = frozenset(
    {
        # groups, titles, questions, and how each is counted
        mark("People"),
        mark("Sign-ups"),
        mark("Who came?"),
        mark(
            "Accounts by the local day of their sign-up, added up per step; accounts deleted since do"
            " not count."
        ),
        mark("Accounts"),
        mark("How many are we?"),
        mark(
            "Accounts from before the range plus all sign-ups from its first day to the end of each "
            "step."
        ),
        mark("Active people"),
        mark("Who is here?"),
        mark(
            "Different people who asked at least once in a UTC day (for weeks and months, the mean of"
            " their days), and in the 7 and 30 UTC days that end with the last day of each step."
        ),
        mark("Coming back"),
        mark("Who stays?"),
        mark(
            "Of the people who signed up in a UTC week (from Monday), how many of a hundred asked in "
            "the week so many weeks later; 0 is the week of the sign-up, weeks still ahead are empty."
        ),
        mark("Who asks most"),
        mark("Who uses it most?"),
        mark(
            "Questions of each person in the range (UTC days), the twenty with the most; the chart "
            "shows the first ten."
        ),
        mark("Use"),
        mark("Hours of the week"),
        mark("When do people ask?"),
        mark("Questions by their local weekday and hour, added up over the range."),
        mark("Questions and replies"),
        mark("How much is talked?"),
        mark(
            "Questions asked and replies given by local day, added up per step; a question asked "
            "again has several replies."
        ),
        mark("Tokens"),
        mark("How much work is it?"),
        mark(
            "Tokens of the prompts that were read (the conversation so far with each question) and of"
            " the replies that were written, by local day, added up per step."
        ),
        mark("Models"),
        mark("Who answers?"),
        mark(
            "Replies by model and local day, added up per step; the six models with the most replies "
            "by name, the rest together."
        ),
        mark("Lengths of conversations"),
        mark("How long do people talk?"),
        mark(
            "Conversations begun in the range by their number of messages so far, questions and "
            "replies both counted."
        ),
        mark("Speed"),
        mark("Time to the whole reply"),
        mark("How long does a reply take?"),
        mark(
            "Percentiles of the time from the question to the end of its reply: the median and the "
            "time that 95 of 100 do not exceed, from a logarithmic histogram over UTC days (steps of "
            "5 %, so within 2.5 %), merged per step."
        ),
        mark("Time to the first word"),
        mark("How long is the silence?"),
        mark(
            "Percentiles of the time from the question to the first piece of its reply: the median "
            "and the time that 95 of 100 do not exceed, from a logarithmic histogram over UTC days "
            "(steps of 5 %, so within 2.5 %), merged per step."
        ),
        mark("Wait in the queue"),
        mark("Do people wait for each other?"),
        mark(
            "Percentiles of the time a question waits before the model begins with it: the median and"
            " the time that 95 of 100 do not exceed, from a logarithmic histogram over UTC days "
            "(steps of 5 %, so within 2.5 %), merged per step."
        ),
        mark("Writing speed"),
        mark("How fast does it write?"),
        mark(
            "The median of the tokens per second of each reply, from a logarithmic histogram over UTC"
            " days (steps of 5 %, so within 2.5 %), merged per step."
        ),
        mark("How replies end"),
        mark("Do replies come to their end?"),
        mark("Replies by how they ended, as parts of all replies of the step, by local day."),
        mark("Errors"),
        mark("What goes wrong?"),
        mark(
            "Failed replies by error code and local day, added up per step; the six most frequent "
            "codes by name, the rest together."
        ),
        mark("Feedback"),
        mark("Satisfaction"),
        mark("Are the replies good?"),
        mark(
            "Thumbs up as a part of all thumbs, by the local day of the rating, added up per step; "
            "steps without ratings are gaps."
        ),
        mark("Satisfaction by model"),
        mark("Which model is liked?"),
        mark(
            "Thumbs up as a part of all thumbs of the range for each model; those rated most come "
            "first, the chart shows ten."
        ),
        mark("What opinions are about"),
        mark("What do people write about?"),
        mark("Opinions of the range by their category, the most frequent first."),
        mark("Stars"),
        mark("How do people like Echo?"),
        mark(
            "The sum of all stars divided by the number of opinions with stars, by local day, per "
            "step; steps without stars are gaps."
        ),
        # headings of tables, and the days in them
        mark("Day"),
        mark("Week from"),
        mark("Month from"),
        mark("Accounts in all"),
        mark("People in one day"),
        mark("People in 7 days"),
        mark("People in 30 days"),
        mark("Signed up in the week from"),
        mark("Name"),
        mark("Questions"),
        mark("Characters asked"),
        mark("Tokens used"),
        mark("Weekday"),
        mark("Replies"),
        mark("Tokens read"),
        mark("Tokens written"),
        mark("Messages"),
        mark("Conversations"),
        mark("Share (%)"),
        mark("Median (ms)"),
        mark("90th percentile (ms)"),
        mark("95th percentile (ms)"),
        mark("Median (tokens/s)"),
        mark("90th percentile (tokens/s)"),
        mark("95th percentile (tokens/s)"),
        mark("Complete"),
        mark("Cut at the limit"),
        mark("Stopped"),
        mark("Interrupted"),
        mark("Failed"),
        mark("Failed replies"),
        mark("Thumbs up (%)"),
        mark("Thumbs up"),
        mark("Thumbs down"),
        mark("Model"),
        mark("Category"),
        mark("Opinions"),
        mark("Mean stars (1 to 5)"),
        mark("Opinions with stars"),
        mark("Monday"),
        mark("Tuesday"),
        mark("Wednesday"),
        mark("Thursday"),
        mark("Friday"),
        mark("Saturday"),
        mark("Sunday"),
    }
)
COUNTED: Final = {
    re.compile(r"(?P<hour>\d\d:00) \(questions\)"): mark("%(hour)s (questions)"),
    re.compile(r"Week (?P<number>\d+) \(%\)"): mark("Week %(number)s (%%)"),
}
"""Headings of which there are many."""


def said(text: str) -> str:
    """Return a text of a chart in the reader's language; names of models and the like stay as they are."""
    for pattern, counted in COUNTED.items():
        if found := pattern.fullmatch(text):
            return gettext(counted, **found.groupdict())
    return gettext(text) if text in KNOWN else text
