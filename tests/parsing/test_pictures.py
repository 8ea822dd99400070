"""Pictures that are attached: what is refused and why, and that nothing but pixels comes out."""

from __future__ import annotations

import base64
import io
import time
import zipfile
from typing import Any

import pytest
from PIL import Image

from echo.parsing import pictures
from echo.parsing.pages import Refused
from echo.parsing.pictures import Sizes
from tests.services.test_pictures import HTML, bomb, chunk, opened, saved, with_exif

SIZES = Sizes(pixels=1_000_000, side=200, preview=40, bytes=100_000)
KINDS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "gif": "GIF"}


def plain(kind: str = "PNG", size: tuple[int, int] = (400, 100), **options: Any) -> bytes:
    return saved(Image.new("RGB", size, "teal"), kind, **options)


def told(raw: bytes, sizes: Sizes = SIZES) -> tuple[tuple[int, int], bytes, bytes]:
    """Return the size, the picture and its preview."""
    first, *parts = pictures.told(raw, sizes)
    joined = {
        name: base64.b64decode("".join(one["part"] for one in parts if one["bytes"] == name))
        for name in ("content", "preview")
    }
    size = first["picture"]["width"], first["picture"]["height"]
    return size, joined["content"], joined["preview"]


def refusal(raw: bytes, sizes: Sizes = SIZES) -> str:
    with pytest.raises(Refused) as refused:
        list(pictures.told(raw, sizes))
    return str(refused.value)


@pytest.mark.parametrize("ending", KINDS)
def test_each_kind_is_known_kept_smaller_and_has_a_preview(ending: str) -> None:
    raw = plain(KINDS[ending])
    assert pictures.kind_of(raw, f"a.{ending.upper()}") == pictures.ENDINGS[ending]
    size, content, preview = told(raw)
    assert size == opened(content).size == (200, 50)
    assert opened(preview).size == (40, 10)
    assert opened(content).format == opened(preview).format == "WEBP"


def test_a_small_one_keeps_its_size_and_what_is_transparent() -> None:
    size, content, _ = told(saved(Image.new("RGBA", (30, 20), (9, 9, 9, 0)), "PNG"))
    assert size == (30, 20)
    assert opened(content).getpixel((5, 5))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("name", ["photo", "12.05. at noon", "a.b c", ".png"])
def test_a_name_that_says_nothing_is_no_lie(name: str) -> None:
    assert pictures.kind_of(plain(), name) == "png"


@pytest.mark.parametrize("name", ["a.txt", "a.pdf", "a.jpg", "a.png.html", "a.svg"])
def test_a_picture_whose_name_says_something_else_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="a PNG picture, and its name says something else"):
        pictures.kind_of(plain(), name)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "a.png"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<SVG></SVG>', "a.txt"),
        (b"<!DOCTYPE svg PUBLIC>", "a"),
        (b"whatever", "a.SVG"),
        (b"\x1f\x8b", "a.svgz"),
    ],
)
def test_drawings_are_refused(raw: bytes, name: str) -> None:
    with pytest.raises(Refused, match="SVG is not taken"):
        pictures.kind_of(raw, name)


@pytest.mark.parametrize("raw", [b"", b"GIFT", b"JPEG is a word", b"A text with <svg> in it"])
def test_texts_are_no_pictures(raw: bytes) -> None:
    assert pictures.kind_of(raw, "a.txt") is None


def test_a_bomb_is_refused_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(_self: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    assert refusal(bomb(30_000)) == (
        "This picture has more than 1 million pixels, the most that are read."
    )
    assert "1 million" in refusal(plain("PNG", (1001, 1000)))


def test_a_header_that_promises_more_than_there_is_is_damaged() -> None:
    header = b"\0\0\x03\xe8\0\0\x03\xe8\x08\x02\0\0\0"  # 1,000 by 1,000
    raw = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")
    assert refusal(raw) == pictures.DAMAGED


@pytest.mark.parametrize("kind", KINDS.values())
def test_one_that_is_cut_off_is_damaged(kind: str) -> None:
    raw = saved(Image.effect_noise((300, 300), 80).convert("RGB"), kind)
    assert refusal(raw[: len(raw) // 2]) == pictures.DAMAGED
    assert refusal(raw[:8]) == pictures.DAMAGED


def test_of_many_frames_one_is_decoded() -> None:
    frames = [Image.new("P", (900, 900), colour % 250) for colour in range(400)]
    raw = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert opened(raw).n_frames > 200  # type: ignore[attr-defined]
    begun = time.monotonic()
    _, content, _ = told(raw)
    assert time.monotonic() - begun < 2
    assert getattr(opened(content), "n_frames", 1) == 1


def test_place_camera_and_profile_are_gone_and_it_stands_upright() -> None:
    raw = with_exif(6)
    assert b"SecretCamera" in raw
    _, content, preview = told(raw)
    for made in (content, preview):
        picture = opened(made)
        assert not picture.getexif()
        assert not {"exif", "icc_profile", "xmp"} & set(picture.info)
        assert b"Secret" not in made
        side = picture.width
        left, right = picture.getpixel((2, side // 2)), picture.getpixel((side - 3, side // 2))
        assert left[0] > 200  # type: ignore[index]
        assert right[2] > 200  # type: ignore[index]


def test_a_second_file_behind_or_inside_does_not_come_out() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("evil.html", HTML)
    for raw in (
        plain() + HTML,
        plain() + packed.getvalue(),
        plain("GIF", comment=b"*/=1;alert(1)//" + HTML),
        plain("JPEG", comment=HTML),
    ):
        _, content, preview = told(raw)
        for made in (content, preview):
            assert made[:4] + made[8:12] == b"RIFFWEBP"
            assert int.from_bytes(made[4:8], "little") == len(made) - 8
            assert b"evil" not in made
            assert b"alert" not in made


def test_one_that_takes_too_many_bytes_is_made_smaller() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((200, 200), 200) for _ in range(3)])
    size, content, _ = told(saved(noise, "PNG"), Sizes(1_000_000, 200, 40, bytes=8_000))
    assert len(content) <= 8_000
    assert 40 < size[0] < 200
    assert opened(content).size == size
