"""Draws the application's icons, static/img/icon-*.png, from the logo. Run it by hand when the logo changes.

The browser of the tests draws. A maskable icon fills its square, and the system cuts its own shape out of it:
the logo stays within the middle four fifths, which every shape leaves.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "static" / "img"
SIZES = (192, 512)


def main() -> None:
    logo = (IMAGES / "favicon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        for size in SIZES:
            draw(page, logo, size, IMAGES / f"icon-{size}.png")
            draw(page, square(logo), size, IMAGES / f"icon-maskable-{size}.png")
        browser.close()


def square(logo: str) -> str:
    """Return the logo without its rounded corners."""
    filled, count = re.subn(r'(<rect [^>]*?) rx="\d+"', r"\1", logo)
    if count != 1:
        raise SystemExit("static/img/favicon.svg has no rounded square any more: see `square`.")
    return filled


def draw(page: Page, svg: str, size: int, file: Path) -> None:
    page.set_viewport_size({"width": size, "height": size})
    page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:{size}px}}</style>{svg}")
    page.screenshot(path=file, omit_background=True)
    Image.open(file).save(file, optimize=True)  # of fewer colours the gradient shows bands
    print(f"{file.name}: {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
