"""Lengths, counts and rates in one place, shared by forms, columns, payloads and documents.

It does not enforce anything. docs/configuration.md lists these tables and a test compares the two.
"""

from dataclasses import dataclass
from typing import Final

USERNAME_MIN: Final = 3
USERNAME_MAX: Final = 30
USERNAME_PATTERN: Final = r"[A-Za-z0-9_.\-]+"
EMAIL_MAX: Final = 254
PASSWORD_MIN: Final = 8
PASSWORD_MAX: Final = 128
PASSWORD_MIN_SCORE: Final = 2  # of zxcvbn's 0 to 4: about 10^6 guesses
MESSAGE_CHARS: Final = 16_000
TITLE_CHARS: Final = 120
SYSTEM_PROMPT_CHARS: Final = 2_000
FEEDBACK_MIN: Final = 10
FEEDBACK_MAX: Final = 2_000
RATING_COMMENT_CHARS: Final = 1_000
CLIENT_ID_CHARS: Final = 64
SEARCH_CHARS: Final = 200
FORM_MIN_SECONDS: Final = 3  # a person needs longer than this to fill in a form
FORM_MAX_SECONDS: Final = 24 * 3600
SOCKET_PAYLOAD_BYTES: Final = 1_000_000
REQUEST_BYTES: Final = 2_000_000
MESSAGES_PER_PAGE: Final = 50
CONVERSATIONS_PER_PAGE: Final = 40

FEEDBACK_CATEGORIES: Final = {
    "answers": "Answers",
    "speed": "Speed",
    "design": "Design",
    "bug": "Something is broken",
    "idea": "Idea",
    "other": "Something else",
}
RATING_REASONS: Final = {
    "inaccurate": "Inaccurate",
    "off_topic": "Not what I asked",
    "too_long": "Too long",
    "unsafe": "Unsafe",
    "other": "Other",
}

RATE_LIMITS: Final = {
    # Flask endpoint: limit per address
    "home.index": "5/second",
    "signup.index": "1/second",
    "account.login": "1/second",
    "account.logout": "3/second",
    "chat_forms.feedback": "1/second",
    "profile.index": "5/second",
    "chat_forms.clear_discussion": "1/second",
    "chat_api.chat": "5/second",
}
LOGIN_PER_ACCOUNT: Final = "10/15 minutes"

EVENT_LIMITS: Final = {
    # socket event: limit per user
    "send_message": "60/minute",
    "regenerate_message": "60/minute",
    "edit_message": "60/minute",
    "continue_message": "60/minute",
    "open_conversation": "300/minute",
    "close_conversation": "300/minute",
    "resume": "600/minute",
    "stop_message": "300/minute",
    "select_branch": "300/minute",
    "rate_message": "120/minute",
}


@dataclass(frozen=True)
class Range:
    """The values that a number may take, and the step of its slider."""

    low: float
    high: float
    step: float


GENERATION_RANGES: Final = {
    "temperature": Range(0.0, 2.0, 0.05),
    "top_p": Range(0.05, 1.0, 0.05),
    "top_k": Range(0, 200, 1),
    "repetition_penalty": Range(0.8, 2.0, 0.05),
    "max_new_tokens": Range(1, 4096, 1),
}
