"""What files are told to be, what is read out of them, and what is refused in words."""

from __future__ import annotations

import csv

import pytest
from pypdf import PdfReader, PdfWriter

from echo.parsing import docx, kinds, pdf
from echo.parsing.pages import Limits, Page, Refused
from tests.parsing import made

LIMITS = Limits(pages=50, chars=100_000)


def read(raw: bytes, name: str = "a.bin", limits: Limits = LIMITS) -> tuple[str, list[Page]]:
    kind, reader = kinds.of(raw, name)
    return kind, list(reader(raw, limits))


def refusal(raw: bytes, name: str = "a.bin", limits: Limits = LIMITS) -> str:
    with pytest.raises(Refused) as refused:
        read(raw, name, limits)
    return str(refused.value)


def test_a_pdf_keeps_its_pages_whatever_it_is_called() -> None:
    kind, pages = read(made.pdf("The first page", "The second page"), "photo.png")
    assert kind == "pdf"
    assert [(page.number, page.text.strip()) for page in pages] == [
        (1, "The first page"),
        (2, "The second page"),
    ]


def test_a_word_file_gives_headings_paragraphs_and_rows() -> None:
    cell = "<w:tc>{}</w:tc>"
    table = f"<w:tbl><w:tr>{''.join(cell.format(made.paragraph(t)) for t in 'ab')}</w:tr></w:tbl>"
    raw = made.word(made.paragraph("Birds", "Heading2"), made.paragraph("They fly."), table)
    kind, (page,) = read(raw, "a.docx")
    assert kind == "docx"
    assert page.text.strip().split("\n") == ["## Birds", "They fly.", "a | b"]


def test_html_gives_what_is_seen() -> None:
    raw = b"<html><style>b{}</style><h1>Birds</h1><p>They&nbsp;<b>fly</b>.<script>alert(1)</script><p>Far"
    assert read(raw)[1][0].text == "# Birds\n\nThey fly.\n\nFar"


def test_a_table_names_its_columns() -> None:
    _, (page,) = read(b"City;People\nOslo;700000\nBergen;\n", "a.csv")
    assert page.text == "City: Oslo; People: 700000\nCity: Bergen"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Größe".encode(), "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        ("Größe".encode("utf-8-sig"), "Größe"),
        ("Größe".encode("cp1252"), "Größe"),
        (b"a\r\nb\rc", "a\nb\nc"),
        ("a\0b".encode("utf-16"), "a\ufffdb"),
        (b"\xff\xfe\x00\xd8ab", "\ufffd扡"),
    ],
)
def test_texts_are_read_however_they_are_encoded(raw: bytes, text: str) -> None:
    assert read(raw, "a.txt")[1][0].text == text


@pytest.mark.parametrize(
    ("raw", "name", "words"),
    [
        (b"", "a.txt", "empty"),
        (b" \n\0", "a.txt", "empty"),
        (b"II*\0\x08\0\0\0", "a.tiff", "another kind"),
        (b"\0\0\0\x18ftypheic", "a.heic", "another kind"),
        (b"Not a picture", "a.png", "not the picture"),
        (b"BM\x36\0\x0c\0\0\0\0\0", "a.bmp", "not a text"),
        (b"ID3\x03\0\0\0\0\x0f\x76", "a.mp3", "not a text"),
        (b"OggS\0\x02", "a.ogg", "sound"),
        (b"Rar!\x1a\x07", "a.rar", "archive"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "a.txt", "not a text"),
        (b"abc\0def", "a.py", "not a text"),
        (b"{\\rtf1", "a.rtf", "RTF"),
        (b"\xd0\xcf\x11\xe0\xa1", "a.doc", "old Office"),
        (made.packed({"xl/workbook.xml": b"x"}), "a.xlsx", "only Word"),
        (b"PK\x03\x04 broken", "a.docx", "damaged"),
        (b"%PDF-1.4 nothing more", "a.pdf", "damaged"),
        (made.packed({docx.BODY: b"<w:document"}), "a.docx", "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(raw: bytes, name: str, words: str) -> None:
    assert words in refusal(raw, name)


@pytest.mark.parametrize("begin", ["BM", "ID3", "Rar!", "OggS", "7z"])
def test_words_that_begin_other_files_begin_texts_too(begin: str) -> None:
    assert read(f"{begin} is a word".encode())[1][0].text == f"{begin} is a word"
    assert (
        read(f"{begin}I;weight\n21;60".encode(), "a.csv")[1][0].text == f"{begin}I: 21; weight: 60"
    )


def test_a_scanned_pdf_says_that_it_has_no_text() -> None:
    for nothing in ("", "   "):
        assert "only pictures of pages" in refusal(made.pdf(nothing, nothing))


def test_a_locked_pdf_says_so() -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    buffer = made.io.BytesIO()
    writer.write(buffer)
    assert "password" in refusal(buffer.getvalue())


def test_more_pages_than_are_read_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PdfReader, "get_page", None)
    assert "51 pages" in refusal(made.pdf(*["x"] * 51))


def test_a_pdf_whose_pages_contain_themselves_ends() -> None:
    raw = made.assembled(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2000000000 >>",
        ]
    )
    assert refusal(raw)


def test_a_page_that_is_damaged_does_not_cost_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pdf.PdfReader

    class Broken(real):
        @property
        def pages(self) -> list[object]:
            first, second = super().pages
            monkeypatch.setattr(first, "extract_text", lambda: [][0])
            return [first, second]

    monkeypatch.setattr(pdf, "PdfReader", Broken)
    assert [page.number for page in read(made.pdf("one", "two"))[1]] == [2]


def test_texts_longer_than_are_read_are_refused() -> None:
    small = Limits(pages=5, chars=100)
    for raw, name in (
        (b"x" * 101, "a.txt"),
        (b"a,b\n" + b"1,2\n" * 40, "a.csv"),
        (b"<p>" + b"x " * 200, "a.html"),
        (made.word(made.paragraph("x" * 101)), "a.docx"),
        (made.pdf("x" * 60, "y" * 60), "a.pdf"),
    ):
        assert "more text than 100 characters" in refusal(raw, name, small)


def test_a_word_file_that_unpacks_to_gigabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx, "XML_BYTES", 10_000)
    assert "unpacks to far more" in refusal(made.word(made.paragraph(" " * 20_000)), "a.docx")


def test_a_word_file_with_entities_of_its_own_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    assert "damaged" in refusal(made.packed({docx.BODY: bomb}), "a.docx")


def test_a_table_with_an_endless_field_is_refused() -> None:
    limits = Limits(5, 10_000_000)
    assert "cannot be read" in refusal(b'a,b\n"' + b"x" * 200_000, "a.csv", limits)
    csv.field_size_limit(131_072)
