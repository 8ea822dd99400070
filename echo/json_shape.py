"""How many values JSON from outside may hold, whatever its bytes: a reader makes an object of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from echo.errors import InvalidInput
from echo.languages import gettext
from echo.limits import NAMES_IN_OBJECT, VALUES_IN_BODY


def refuse_unreadable(
    raw: bytes, pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None
) -> None:
    """Raise InvalidInput for a body that is no JSON, or holds too many values; the hook may refuse names."""
    try:
        read = json.loads(raw, object_pairs_hook=pairs_hook)
    except (ValueError, RecursionError) as failure:  # no JSON, nested too deeply, endless numbers
        raise InvalidInput(gettext("Send a JSON object.")) from failure
    refuse_many_values(read)


def refuse_many_values(read: Any) -> None:
    """Raise InvalidInput where there are more than any request needs: two megabytes are 600,000 numbers.

    Each of a wrong kind becomes an error with its place and its words, which takes as long as fifty that fit.
    """
    left, waiting = VALUES_IN_BODY, [read] if isinstance(read, dict | list) else []
    while waiting:
        one = waiting.pop()
        inner = one.values() if isinstance(one, dict) else one
        left -= len(inner)
        if left < 0 or (isinstance(one, dict) and len(inner) > NAMES_IN_OBJECT):
            raise InvalidInput(gettext("This request holds too many values."))
        waiting += [each for each in inner if isinstance(each, dict | list)]
