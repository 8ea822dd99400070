"""Files made to cost their reader hours, and real large ones that are read whole."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from echo.parsing import docx, html, kinds, passages, plain
from echo.parsing.pages import Limits, Refused
from tests.parsing import made

LIMITS = Limits(pages=2_000, chars=2_000_000)
SECONDS = 15.0  # of the processor, and others use it too; each took from forty seconds to hours
MANY = 300_000


def text_of(raw: bytes, name: str = "x") -> str:
    _, read = kinds.of(raw, name)
    return "\n".join(page.text for page in read(raw, LIMITS))


def cost(raw: bytes, name: str) -> float:
    began = time.process_time()
    with suppress(Refused):
        list(passages.cut([*kinds.of(raw, name)[1](raw, LIMITS)]))
    return time.process_time() - began


# made when they are needed: together they have 300 MB
PAGES: dict[str, Callable[[], str]] = {
    "begun tags": lambda: "<a " * MANY,
    "begun comments": lambda: "<!--" * MANY,
    "begun ends": lambda: "</" * MANY,
    "begun instructions": lambda: "<?" * MANY,
    "begun values": lambda: '<a b="' * MANY,
    "foreign tags": lambda: "<svg>" * MANY + "</math>" * MANY,
    "tags in tags": lambda: "<div>" * 990_000,
    "nothing but <": lambda: "<" * 19_000_000,
}
BODIES: dict[str, Callable[[], str]] = {
    "empty paragraphs": lambda: "<w:p/>" * 3_000_000,
    "unknown tags": lambda: "<w:x/>" * 9_000_000,
    "paragraphs in paragraphs": lambda: "<w:p>" * MANY + "</w:p>" * MANY,
    "empty cells": lambda: "<w:tbl><w:tr>" + "<w:tc/>" * 4_900_000 + "</w:tr></w:tbl>",
    "a long name": lambda: "<w:" + "a" * 50_000_000 + "/>",
    "attributes": lambda: "<w:x " + " ".join(f'a{n}=""' for n in range(2_000_000)) + "/>",
}


@pytest.mark.parametrize("kind", PAGES)
def test_no_page_takes_its_reader_long(kind: str) -> None:
    assert cost(f"<html><body>{PAGES[kind]()}".encode(), "a.html") < SECONDS


@pytest.mark.parametrize("kind", BODIES)
def test_no_word_file_takes_its_reader_long(kind: str) -> None:
    assert cost(made.word(BODIES[kind]()), "a.docx") < SECONDS


def test_headings_without_number_cost_no_more_than_their_text() -> None:
    assert cost(b"# a\n" * 490_000, "a.md") < SECONDS


def test_a_word_file_of_very_many_files_is_refused_before_its_list_is_read() -> None:
    with pytest.raises(Refused, match="unpacks to far more"):
        kinds.of(b"PK\x03\x04" + docx.ENTRY * (docx.ENTRIES + 1), "a.docx")


def test_a_word_file_that_is_packed_in_other_ways_is_refused(tmp_path: Path) -> None:
    """One piece of those unpacks to any number of bytes."""
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_BZIP2) as file:
        file.writestr(docx.BODY, made.WORD.format(made.paragraph("hello")))
    with pytest.raises(Refused, match="damaged"):
        text_of((tmp_path / "a.docx").read_bytes())


def test_a_page_of_more_tags_than_a_document_has_is_told_so() -> None:
    with pytest.raises(Refused, match=r"more than 1,000,000 tags, the most that are read\."):
        text_of(b"<html>" + b"<b>" * (html.TAGS + 1))


def test_a_page_shows_what_comes_before_a_tag_that_never_ends() -> None:
    for rest in ("<!-- and", "<a href='", "<script>let a", "</b"):
        assert text_of(f"<html><p>Seen.</p>{rest} {'gone ' * 5_000}".encode()).strip() == "Seen."
    assert text_of(b"<html>" + b"word " * 5_000 + b"of AT&T").endswith("of AT&T")


def test_300_pages_with_tables_are_read_whole() -> None:
    rows = [[f"{row}.{cell}" for cell in range(8)] for row in range(300 * 40)]
    page = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    read = text_of(f"<html><table>{page}</table>".encode())
    assert read.split() == [cell for row in rows for cell in row]

    def cell_of(text: str) -> str:
        return (
            f'<w:tc><w:tcPr><w:tcW w:w="2394" w:type="dxa"/></w:tcPr>{made.paragraph(text)}</w:tc>'
        )

    table = "".join(f"<w:tr>{''.join(map(cell_of, row))}</w:tr>" for row in rows)
    read = text_of(made.word(made.paragraph("One", "Heading1"), f"<w:tbl>{table}</w:tbl>"))
    assert read == "\n# One\n" + "\n".join(" | ".join(row) for row in rows)


def test_a_box_in_a_paragraph_and_a_style_that_was_changed() -> None:
    boxed = "<w:r><w:t>before</w:t></w:r><w:r><w:txbx>{}</w:txbx></w:r><w:r><w:tab/><w:t>after</w:t></w:r>"
    changed = (
        '<w:p><w:pPr><w:pPrChange><w:pPr><w:pStyle w:val="Heading1"/></w:pPr></w:pPrChange></w:pPr>'
        "<w:r><w:t>was a heading</w:t></w:r></w:p>"
    )
    read = text_of(made.word(f"<w:p>{boxed.format(made.paragraph('box'))}</w:p>", changed))
    assert read == "box\nbefore\tafter\nwas a heading"


def test_a_table_of_quotes_is_no_riddle() -> None:
    assert cost(b",'" * 900_000, "a.csv") < SECONDS
    with pytest.raises(Refused):
        list(plain.read_csv(b'"a" ' * 400_000, LIMITS))
