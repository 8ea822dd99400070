"""Makes sure that the tests' servers and browser are here: by Debian package, or says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# program: (Debian package, places to look besides PATH)
WANTED = {
    "chromium-headless-shell": ("chromium-headless-shell", ()),
    "nginx": ("nginx", (Path("/usr/sbin"),)),
    "redis-server": ("redis-server", ()),
    "prometheus": ("prometheus", ()),  # with promtool
    "postgres": ("postgresql", tuple(Path("/usr/lib/postgresql").glob("*/bin"))),
}


def missing() -> list[str]:
    """Return the Debian packages whose program is not here."""
    return [
        package
        for program, (package, places) in WANTED.items()
        if not shutil.which(program) and not any((place / program).exists() for place in places)
    ]


def main() -> int:
    packages = missing()
    if not packages:
        return 0
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        print(f"The tests need these Debian packages or their like: {' '.join(packages)}")
        return 1
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    subprocess.run(["apt-get", "install", "-y", "-qq", *packages], check=True, env=environment)
    return 0


if __name__ == "__main__":
    sys.exit(main())
