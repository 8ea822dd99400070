"""Questions about Echo with the entry of its help beside them, as the application puts them to a model.

The answers are written by hand in `data/helped.txt`; the entries are the application's own.
"""

import random
import re
from collections.abc import Iterator

from echo.services.help.context import BLOCK
from training.corpus import Message
from training.small.config import DATA_DIR
from training.small.served import entry_lines, filled

HELPED_FILE = DATA_DIR / "helped.txt"
ITEM = re.compile(r"^ID: (?P<id>.+)\nQ: (?P<question>.+)\nA: (?P<answer>.+)$", re.MULTILINE)
OTHERS = (0, 0, 0, 1, 1, 2)  # how many entries that do not fit stand beside the one that does


def helped_chats(rng: random.Random) -> Iterator[list[Message]]:
    """Each written question once, with its entry and perhaps others in any order."""
    lines = entry_lines()
    for item in ITEM.finditer(HELPED_FILE.read_text("utf-8")):
        own = lines[item["id"].strip()]
        told = [
            own,
            *rng.sample([line for line in lines.values() if line != own], rng.choice(OTHERS)),
        ]
        rng.shuffle(told)
        question = BLOCK.format(lines="\n".join(told), question=item["question"].strip())
        yield [
            {"role": "user", "content": question},
            {"role": "assistant", "content": filled(item["answer"].strip())},
        ]
