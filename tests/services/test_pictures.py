"""Pictures: what is refused and why, and that nothing but pixels survives."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from threading import Barrier, Lock
from types import SimpleNamespace
from typing import Any

import eventlet
import eventlet.event
import pytest
from PIL import Image

from echo import hub, limits
from echo.errors import Busy, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.models import Picture, User
from echo.services.accounts import profile_pictures

HTML = b"<script>alert(document.cookie)</script>"


def made(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, kind, **options)
    return target.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@cache
def bomb(side: int) -> bytes:
    """A PNG of zeros, complete: some kilobytes that decode to gigabytes."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    content = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", content)
        + chunk(b"IEND", b"")
    )


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_each_format_becomes_a_small_square(kind: str) -> None:
    picture = opened(profile_pictures.encode(made(kind, (400, 90))))
    assert (picture.format, picture.size) == ("WEBP", (256, 256))


def test_middle_is_shown() -> None:
    wide = Image.new("RGB", (300, 100), "red")
    wide.paste("blue", (100, 0, 200, 100))
    target = io.BytesIO()
    wide.save(target, "PNG")
    picture = opened(profile_pictures.encode(target.getvalue())).convert("RGB")
    for corner in ((5, 5), (250, 250), (128, 128)):
        red, _green, blue = picture.getpixel(corner)  # type: ignore[misc]
        assert blue > 200
        assert red < 60


def test_transparency_stays() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (50, 50), (10, 20, 30, 0)).save(target, "PNG")
    assert opened(profile_pictures.encode(target.getvalue())).getpixel((100, 100))[3] == 0  # type: ignore[index]


def test_bomb_is_refused_by_its_header_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = bomb(30_000)
    assert len(raw) < limits.PICTURE_BYTES

    def decode(_self: object) -> None:
        raise AssertionError("it was decoded")

    monkeypatch.setattr(Image.Image, "load", decode)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.raises(TooLong, match="40 million pixels") as refused:
        profile_pictures.encode(raw)
    assert refused.value.field == "picture"


def test_most_pixels_are_taken_and_one_row_more_is_not() -> None:
    assert opened(profile_pictures.encode(made("PNG", (8000, 5000)))).size == (256, 256)
    with pytest.raises(TooLong):
        profile_pictures.encode(made("PNG", (8000, 5001)))


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(TooLong, match="5 MB"):
        profile_pictures.prepare(made() + bytes(limits.PICTURE_BYTES))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_truncated_files_are_refused_or_clean(kind: str, part: float) -> None:
    noise = Image.effect_noise((200, 200), 80).convert("RGB")
    target = io.BytesIO()
    noise.save(target, kind)
    raw = target.getvalue()
    with pytest.raises(InvalidInput, match=r"damaged|not a picture"):
        profile_pictures.encode(raw[: int(len(raw) * part)])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"x",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF\x00\x00\x00\x00WEBP",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        b"%PDF-1.4 not a picture",
        b"PK\x03\x04" + bytes(100),
        made("BMP"),
        made("TIFF"),
        made("ICO", (32, 32)),
        made("PPM"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    ],
)
def test_other_files_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        profile_pictures.encode(raw)
    assert refused.value.field == "picture"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_any_bytes_after_a_good_beginning_never_crash(kind: str) -> None:
    raw = bytearray(made(kind, (64, 64)))
    for at in range(8, len(raw), max(len(raw) // 60, 1)):
        broken = bytes(raw[:at]) + bytes([raw[at] ^ 0xFF]) + bytes(raw[at + 1 :])
        try:
            content = profile_pictures.encode(broken)
        except InvalidInput:
            continue
        assert opened(content).size == (256, 256)


def test_polyglots_come_out_clean() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("evil.html", HTML)
    for raw in (
        made("PNG") + HTML,
        made("PNG") + target.getvalue(),
        made("GIF", comment=b"*/=1;alert(1)//" + HTML),
        made("JPEG", comment=HTML),
    ):
        content = profile_pictures.encode(raw)
        assert HTML[:10] not in content
        assert b"evil.html" not in content
        assert b"alert" not in content
        assert content[:4] == b"RIFF"
        assert content[8:12] == b"WEBP"
        assert int.from_bytes(content[4:8], "little") == len(content) - 8


def with_exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)})
    tall = Image.new("RGB", (100, 100), "red")
    tall.paste("blue", (0, 0, 100, 50))  # the sky, before turning
    target = io.BytesIO()
    tall.save(target, "JPEG", exif=exif, quality=95, icc_profile=b"SecretProfile" * 20)
    return target.getvalue()


def test_place_and_camera_are_gone_and_the_picture_stands_upright() -> None:
    raw = with_exif(3)
    assert b"SecretCamera" in raw
    assert opened(raw).getexif().get_ifd(0x8825)
    content = profile_pictures.encode(raw)
    assert b"Secret" not in content
    assert b"EXIF" not in content
    assert b"ICCP" not in content
    picture = opened(content)
    assert not picture.getexif()
    assert "icc_profile" not in picture.info
    top, bottom = picture.getpixel((128, 10)), picture.getpixel((128, 245))
    assert top[0] > 200
    assert bottom[2] > 200


def test_animation_becomes_its_first_frame() -> None:
    frames = [Image.new("RGB", (60, 60), colour) for colour in ("lime", "red", "blue")]
    for kind in ("GIF", "WEBP"):
        target = io.BytesIO()
        frames[0].save(target, kind, save_all=True, append_images=frames[1:], duration=50)
        assert getattr(opened(target.getvalue()), "n_frames", 1) == 3
        picture = opened(profile_pictures.encode(target.getvalue()))
        assert getattr(picture, "n_frames", 1) == 1
        assert picture.convert("RGB").getpixel((128, 128))[1] > 200  # type: ignore[index]


def test_a_new_picture_replaces_the_old_under_a_new_id(make_user: Callable[..., User]) -> None:
    ada = make_user("ada")
    first = profile_pictures.store(ada.id, made())
    assert profile_pictures.id_of(ada.id) == first.id
    second = profile_pictures.store(ada.id, made("GIF"))
    assert second.id != first.id
    assert db.session.query(Picture).count() == 1
    assert profile_pictures.find(second.id).size_bytes == len(
        profile_pictures.find(second.id).content
    )
    with pytest.raises(NotFound):
        profile_pictures.find(first.id)
    profile_pictures.remove(ada.id)
    profile_pictures.remove(ada.id)
    assert profile_pictures.id_of(ada.id) is None


def test_pictures_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may take hundreds of megabytes: twenty at once would end the server."""
    order: list[str] = []

    def run_native(_work: Any, raw: bytes) -> bytes:
        order.append("begin")
        hub.sleep(0.01)
        order.append("end")
        if raw == b"broken":
            raise InvalidInput("broken")
        return raw

    monkeypatch.setattr(profile_pictures, "hub", SimpleNamespace(run_native=run_native))
    waiting = [
        eventlet.spawn(profile_pictures.prepare, raw) for raw in (b"1", b"broken", b"3", b"4")
    ]
    with pytest.raises(InvalidInput):
        waiting.pop(1).wait()
    assert sorted(each.wait() for each in waiting) == [b"1", b"3", b"4"]
    assert order == ["begin", "end"] * 4


def test_nobody_waits_for_ever_behind_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = eventlet.event.Event()
    native = SimpleNamespace(run_native=lambda _work, raw: go_on.wait() or raw)
    monkeypatch.setattr(profile_pictures, "hub", native)
    monkeypatch.setattr(profile_pictures, "PATIENCE_SECONDS", 0.01)
    first = eventlet.spawn(profile_pictures.prepare, b"1")
    hub.sleep()
    with pytest.raises(Busy) as refusal:
        profile_pictures.prepare(b"2")
    assert refusal.value.retry_after
    go_on.send(None)
    assert first.wait() == b"1"
    assert profile_pictures.prepare(b"3") == b"3"


STATUS = Path("/proc/self/status")


def resident_mb() -> float:
    found = re.search(r"VmRSS:\s+(\d+)", STATUS.read_text())
    assert found
    return int(found[1]) / 1000


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="needs Linux's /proc")
def test_threads_give_back_the_memory_of_a_large_picture() -> None:
    """Native threads live as long as the server: what each of them keeps would add up."""
    target = io.BytesIO()
    Image.new("RGBA", (6300, 6300), (1, 2, 3, 4)).save(target, "PNG")
    raw, count = target.getvalue(), 4
    all_here, one = Barrier(count), Lock()

    def work(_number: int) -> None:
        all_here.wait()
        with one:
            profile_pictures.encode(raw)

    profile_pictures.encode(made())  # loads the formats
    before = resident_mb()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, range(count)))
        assert resident_mb() - before < 150


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def shade_of(raw: bytes) -> tuple[int, ...]:
    """The colour in the middle of what is kept."""
    return tuple(opened(profile_pictures.encode(raw)).convert("RGB").getpixel((128, 128)))  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
@pytest.mark.parametrize("value", [0, 1, 255, 256, 0x4000, 0x8000, 0xC000, 0xFFFF])
def test_grey_of_16_bits_keeps_its_shade(mode: str, value: int) -> None:
    shade = shade_of(saved(Image.new(mode, (40, 40), value), "PNG"))
    assert all(abs(part - value // 256) <= 3 for part in shade)


def test_a_scale_of_16_bits_stays_a_scale() -> None:
    row = struct.pack("<256H", *(column * 256 for column in range(256)))
    scale = Image.frombytes("I;16", (256, 256), row * 256)
    kept = opened(profile_pictures.encode(saved(scale, "PNG"))).convert("L")
    for column in (8, 64, 128, 192, 248):
        assert abs(kept.getpixel((column, 128)) - column) <= 6  # type: ignore[operator]


@pytest.mark.parametrize("value", [0, 0x8000, 0xFFFF])
def test_grey_of_16_bits_with_a_transparent_one(value: int) -> None:
    raw = saved(Image.new("I;16", (40, 40), value), "PNG", transparency=value)
    assert abs(shade_of(raw)[0] - value // 256) <= 3


MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "JPEG": ("1", "L", "RGB", "CMYK", "YCbCr"),
    "WEBP": ("L", "RGB", "RGBA"),
    "GIF": ("1", "L", "P", "RGB"),
}


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind in MODES for mode in MODES[kind]])
@pytest.mark.parametrize("colour", ["black", "white", (200, 30, 60)])
def test_every_mode_that_a_file_can_have_keeps_its_colour(
    kind: str, mode: str, colour: str | tuple[int, int, int]
) -> None:
    plain = Image.new("RGB", (40, 40), colour)
    picture = plain.convert(mode, dither=Image.Dither.NONE)
    expected = picture.convert("RGB").getpixel((20, 20))
    shade = shade_of(saved(picture, kind))
    assert all(abs(a - b) <= 12 for a, b in zip(shade, expected, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("kind", [0, 2, 4, 6])
def test_every_depth_of_a_png(kind: int, depth: int) -> None:
    """Files made by hand: half of the greatest value in each channel, opaque."""
    if depth < 8 and kind:
        pytest.skip("only greys have fewer than eight bits")
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    most = 2**depth - 1
    pixel = [most // 2] * (channels - (kind in (4, 6))) + [most] * (kind in (4, 6))
    bits = "".join(f"{value:0{depth}b}" for value in pixel * 40)
    row = b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    raw = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 40, 40, depth, kind, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * 40))
        + chunk(b"IEND", b"")
    )
    assert all(abs(part - 255 * (most // 2) // most) <= 3 for part in shade_of(raw))
