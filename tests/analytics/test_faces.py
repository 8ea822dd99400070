"""Charts are written in the pages' face, out of the same files; without them, that is said."""

import io
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from analytics import faces, wire

ROOT = Path(__file__).resolve().parent.parent.parent
FONTS = ROOT / "static" / "vendor" / "fonts"

WRITE = """
import sys
from pathlib import Path
from analytics import faces
from matplotlib import font_manager
families = faces.use(Path(sys.argv[1]))
for text in sys.argv[2:]:
    properties = [font_manager.FontProperties(family=[family]) for family in families]
    used = [font_manager.findfont(each, fallback_to_default=False) for each in properties]
    fonts = [font_manager.get_font(path) for path in used]
    for letter in text:
        name = next((font.family_name for font in fonts if font.get_char_index(ord(letter))), "")
        print(letter, name)
"""


def run(*arguments, code=WRITE):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_each_letter_comes_from_inter(matplotlib_folder, monkeypatch):
    monkeypatch.setenv("MPLCONFIGDIR", str(matplotlib_folder))
    told = run(FONTS, "Aé", "Łő", "Ж", "Ω", "ặ")
    assert told.returncode == 0, told.stderr
    found = dict(line.split(" ", 1) for line in told.stdout.splitlines())
    assert found == {
        "A": "Inter", "é": "Inter", "Ł": "Inter latin-ext", "ő": "Inter latin-ext",
        "Ж": "Inter cyrillic", "Ω": "Inter greek", "ặ": "Inter vietnamese",
    }  # fmt: skip
    assert len(list(matplotlib_folder.glob("inter-*.ttf"))) == len(faces.PARTS)


def test_a_missing_face_is_named_with_what_puts_it_there(tmp_path):
    (tmp_path / "inter-latin-wght-normal.woff2").write_bytes(b"x")
    with pytest.raises(FileNotFoundError, match=r"inter-greek.*make setup"):
        faces.use(tmp_path)


def test_the_worker_says_so_and_ends(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "analytics.worker", str(tmp_path / "nothing")],
        cwd=ROOT, input=b"", capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    header = wire.read(io.BytesIO(ended.stdout)).header
    assert ended.returncode == 1
    assert header["ready"] is False
    assert "make setup" in header["error"]


def face_with(letter, family, file):
    """Write a font of one letter, an empty shape."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "one"])
    builder.setupCharacterMap({ord(letter): "one"})
    builder.setupGlyf(dict.fromkeys((".notdef", "one"), TTGlyphPen(None).glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "one"), (500, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(file)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine whose only faces are those that are put into a folder."""
    monkeypatch.setattr(
        font_manager, "findSystemFonts", lambda: sorted(map(str, tmp_path.iterdir()))
    )
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [*font_manager.fontManager.ttflist])
    monkeypatch.setitem(matplotlib.rcParams, "font.family", matplotlib.rcParams["font.family"])
    yield tmp_path
    faces.can_write.cache_clear()


def test_a_face_of_the_machine_writes_what_inter_cannot(machine):
    faces.use(FONTS)
    assert not faces.can_write("क")
    (machine / "broken.ttf").write_bytes(b"no font")
    face_with("क", "Lohit Devanagari", machine / "a.ttf")
    face_with("न", "Something Else", machine / "b.ttf")
    assert faces.use(FONTS) == [faces._family(part) for part in faces.PARTS]
    assert matplotlib.rcParams["font.family"][-2:] == [faces.LAST_RESORT, "Lohit Devanagari"]
    assert faces.can_write("aक é")
    assert not faces.can_write("न")
