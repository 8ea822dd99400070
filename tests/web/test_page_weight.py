"""What the chat page loads at once: the weight that ui and pages promise to stay below."""

from __future__ import annotations

import gzip
import re

from tests.structure.layers import ROOT

MOST_BYTES = 160_000
MODULES = (ROOT / "templates" / "partials" / "modules.html").read_text()


def names(of: str) -> set[str]:
    """Return the names in one of the lists of the partial."""
    found = re.search(rf"set {of} = \[(.*?)\]", MODULES, re.DOTALL)
    assert found, of
    return set(re.findall(r'"([^"]+)"', found[1]))


def test_scripts_of_the_chat_page_stay_light() -> None:
    """As they travel: compressed. Formulas, highlighting and dialogs come when they are needed."""
    files = [f"js/{name}.js" for name in names("modules") - names("lazy")]
    files += [f"vendor/{name}.js" for name in names("vendor") - names("lazy")]
    sizes = {file: len(gzip.compress((ROOT / "static" / file).read_bytes())) for file in files}
    assert len(files) > 40
    assert sum(sizes.values()) <= MOST_BYTES, sizes
