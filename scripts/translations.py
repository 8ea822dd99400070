"""Gathers the texts of code and pages into translations/*/LC_MESSAGES/*.po, and makes of them what is served.

    python -m scripts.translations update     texts that came and went, into every language's files
    python -m scripts.translations compile    .mo for the server, static/words/*.js for the pages
    python -m scripts.translations missing    how many texts of each language have no translation

Two domains: `messages` (Python and templates) and `page` (JavaScript: `t`, `n`, `p`, `mark` of words.js).
It translates nothing.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from echo.languages import LANGUAGES as SPOKEN
from echo.languages import USUAL

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "translations"
WORDS = ROOT / "static" / "words"
LANGUAGES = tuple(code for code in SPOKEN if code != USUAL)
DOMAINS = ("messages", "page")
SCRIPTS = ("static/js/**.js", "static/service_worker.js")
PYTHON_WORDS: dict[str, Any] = {
    "gettext": None,
    "lazy_gettext": None,
    "mark": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "_": None,
}
PAGE_WORDS: dict[str, Any] = {"t": None, "mark": None, "n": (2, 3), "p": ((1, "c"), 2)}


def texts(domain: str) -> Catalog:
    """Return every text that the sources hold, with the places where it stands."""
    if domain == "page":
        methods, words = [(scripts, "javascript") for scripts in SCRIPTS], PAGE_WORDS
        options = {scripts: {"parse_template_string": True} for scripts in SCRIPTS}
    else:
        with (FOLDER / "babel.cfg").open() as mapping:
            methods, options = parse_mapping_cfg(mapping)
        words = PYTHON_WORDS
    catalog = Catalog(charset="utf-8")
    found = extract_from_dir(ROOT, methods, options, words, comment_tags=("Translators:",))
    for file, _line, message, comments, context in sorted(found, key=lambda row: (row[0], row[1])):
        catalog.add(message, locations=[(file, None)], auto_comments=comments, context=context)
    return catalog


def help_texts(
    file: Any, *_words: Any, **_options: Any
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield what the help's table says, as Babel wants it: line, function, text, comments."""
    for row in tomllib.load(file)["entry"]:
        said = [row["group"], row["title"], row["text"], *row.get("when", {}).values()]
        for text in (*said, *filter(None, [row.get("place")])):
            yield 1, "", text, []


def catalogue_texts(
    file: Any, *_words: Any, **_options: Any
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield what the catalogue says of its models, and of the machines that they were measured on."""
    for row in json.load(file)["models"]:
        for text in filter(None, (row["note"], (row["measured"] or {}).get("machine"))):
            yield 1, "", text, []


def file_of(language: str, domain: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"{domain}.po"


def read(language: str, domain: str) -> Catalog:
    """Return a language's translations; empty where there is no file yet."""
    file = file_of(language, domain)
    if not file.exists():
        return Catalog(locale=language, domain=domain, charset="utf-8")
    with file.open("rb") as stream:
        return read_po(stream, locale=language, domain=domain)


def update() -> None:
    """Bring every language's files up to the sources: new texts empty, what has gone dropped."""
    for domain in DOMAINS:
        template = texts(domain)
        for language in LANGUAGES:
            catalog = read(language, domain)
            catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
            catalog.obsolete.clear()
            write(catalog, file_of(language, domain))


def write(catalog: Catalog, file: Path) -> None:
    """Write a file that is the same whenever its texts are: no dates, no line numbers."""
    catalog.header_comment = f"# Echo's words: {catalog.locale.english_name}."
    catalog.fuzzy = False
    out = BytesIO()
    write_po(out, catalog, width=100, omit_header=False, include_lineno=False, sort_output=False)
    dated = (
        "Project-Id",
        "Report-",
        "POT-",
        "PO-Revision",
        "Generated-By",
        "Last-Tr",
        "Language-Team",
    )
    lines = out.getvalue().decode().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(tuple(f'"{name}' for name in dated))]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(kept))


def compile_all() -> None:
    """Make the binary files that gettext reads, and one script for each language."""
    WORDS.mkdir(exist_ok=True)
    for language in LANGUAGES:
        with file_of(language, "messages").with_suffix(".mo").open("wb") as out:
            write_mo(out, read(language, "messages"))
        words = json.dumps(page_words(language), ensure_ascii=False, separators=(",", ":"))
        (WORDS / f"{language}.js").write_text(f"globalThis.echoWords={words};\n")


def page_words(language: str) -> dict[str, Any]:
    """Return the texts of pages: a string each, or the plural forms in gettext's order."""
    return {
        _key(message): message.string
        for message in read(language, "page")
        if message.id and is_translated(message)
    }


def _key(message: Any) -> str:
    """Return what gettext's own files have: the context, where there is one, before the text."""
    text: str = message.id if isinstance(message.id, str) else message.id[0]
    return f"{message.context}\x04{text}" if message.context else text


def is_translated(message: Any) -> bool:
    forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return bool(forms) and all(forms)


def missing() -> None:
    for language in LANGUAGES:
        for domain in DOMAINS:
            rows = [message for message in read(language, domain) if message.id]
            left = sum(not is_translated(message) for message in rows)
            print(f"{language} {domain}: {left} of {len(rows)} missing")


if __name__ == "__main__":
    {"update": update, "compile": compile_all, "missing": missing}[sys.argv[1]]()
