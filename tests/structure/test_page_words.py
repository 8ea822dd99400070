"""Every text that a module says is found by what gathers texts for translators."""

from __future__ import annotations

import json
import re

from scripts.translations import texts
from tests.structure.layers import ROOT

SAID = re.compile(r"""(?<![\w.#])(?:t|mark)\(("(?:[^"\\]|\\.)*")""")
COUNTED = re.compile(r"""(?<![\w.#])n\([^"\n]*?, ("(?:[^"\\]|\\.)*"), ("(?:[^"\\]|\\.)*")""")


def test_what_modules_say_is_gathered() -> None:
    gathered = {text for message in texts("page") for text in _forms(message.id)}
    said: set[str] = set()
    scripts = ROOT / "static"
    for module in (*scripts.glob("js/*.js"), scripts / "service_worker.js"):
        source = re.sub(r"/\*\*.*?\*/", "", module.read_text(), flags=re.DOTALL)
        for found in (*SAID.finditer(source), *COUNTED.finditer(source)):
            said |= {json.loads(text) for text in found.groups()}
    assert len(said) > 400
    assert said - gathered == set()


def _forms(name: str | tuple[str, ...]) -> tuple[str, ...]:
    return (name,) if isinstance(name, str) else name
