"""What the pages show and the keys that they know, read from templates, scripts and forms. Runs nothing."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.structure.layers import ROOT, python_files

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`")
SAID = re.compile(r"\b(?:t|_)\((\"(?:[^\"\\\n]|\\.)*\")\)")
COMMENT = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
ATTRIBUTE = re.compile(r"(?:aria-label|placeholder|title|data-tip)=\"([^\"{]+)")
SHOWN = {"Escape": "Esc", "Backspace": "⌫", "ArrowUp": "↑", "ArrowDown": "↓"}


@cache
def labels() -> frozenset[str]:
    """Return every stretch of text that a page may show as a label, as it stands there."""
    found: set[str] = set()
    for path in TEMPLATES:
        found |= of_template(path.read_text())
    for path in SCRIPTS:
        found |= literals(COMMENT.sub("", path.read_text()))
    for path in python_files("echo/admin", "echo/forms"):
        found |= strings(path)
    return frozenset(" ".join(text.split()) for text in found if text.strip())


def of_template(source: str) -> set[str]:
    expressions = " ".join(part for part in JINJA.findall(source) if not part.startswith("{#"))
    plain = JINJA.sub("<>", source)
    return {*re.findall(r">([^<>]+)<", plain), *ATTRIBUTE.findall(source), *literals(expressions)}


def read(*parts: str) -> str:
    """Return a source as if its texts were not said in other languages: `t("Rename")` is "Rename"."""
    return SAID.sub(r"\1", ROOT.joinpath(*parts).read_text())


def literals(source: str) -> set[str]:
    """Return every text in quotes; of one with values in it, what stands before the first."""
    found = {text for groups in LITERAL.findall(source) for text in groups}
    return {text.partition("${")[0].partition("{")[0].removesuffix(": ") for text in found}


def strings(path: Path) -> set[str]:
    tree = ast.walk(ast.parse(path.read_text()))
    return {
        node.value
        for node in tree
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@cache
def shortcuts() -> dict[str, str]:
    """Return the keys of the chat page as they are shown, with what they do."""
    source = read("static", "js", "shortcuts.js")
    rows = re.findall(r'keys: "([^"]+)", label: "([^"]+)"', source)
    return {"+".join(SHOWN.get(key, key) for key in keys.split("+")): label for keys, label in rows}


def settings_controls() -> set[str]:
    """Return the name of every control in the settings dialog."""
    dialog = read("templates", "partials", "dialogs.html")
    panel = read("static", "js", "settings_panel.js")
    named = re.findall(r'<span class="name"[^>]*>\{\{ "([^"]+)" \}\}<', dialog)
    numbers = re.findall(r'\["\w+", "([^"]+)", "', panel.split("const NUMBERS")[1].split("];")[0])
    framed = re.findall(r'#frame\(name, "([^"]+)"', panel)
    tabs = re.findall(
        r'\("\w+", "([^"]+)", "\w+"\)', dialog.split('role="tablist"')[1].split("%}")[0]
    )
    return {*named, *numbers, *framed, *tabs}


def site_settings_controls() -> set[str]:
    """Return the label of every field of the administrators' settings."""
    page = read("templates", "admin", "settings.html")
    return set(re.findall(r'(?:select|number|text)\(form\.\w+, "([^"]+)"', page))


def menu_items() -> set[str]:
    """Return what the menus of the chat page offer."""
    found: set[str] = set()
    for name in ("page_controls.js", "sidebar.js"):
        source = read("static", "js", name)
        found |= set(re.findall(r'label: "([^"]+)", icon', source))
        found |= {
            text for pair in re.findall(r'\? "([^"]+)" : "([^"]+)", icon', source) for text in pair
        }
    return found


def message_buttons() -> set[str]:
    """Return the buttons of messages and answers."""
    found: set[str] = set()
    for name in ("message_view.js", "edit_form.js", "code_blocks.js"):
        source = read("static", "js", name)
        found |= set(
            re.findall(r'(?:iconButton|to)\([^,()]+(?:, "[\w-]+")?, "([A-Z][^"]+)"', source)
        )
        found |= set(
            re.findall(r'class: "button small[^}]*\}, (?:icon\([^)]*\), )?"([^"]+)"', source)
        )
        found |= set(re.findall(r'\bbutton\("([A-Z][^"]+)"', source))
        found |= set(re.findall(r'element\("span", \{\}, "([A-Z]\w+(?: \w+)?)"\)\)', source))
    return found
