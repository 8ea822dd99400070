"""Compiles the kernels once and loads them. It does not know models.

The result lies in a folder that only its owner can write to, under a name made of everything that it
depends on: the sources, the compiler and the processor.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
import threading
from functools import cached_property
from pathlib import Path

from .shapes import Matrix, Model, RowSampling, Step

HERE = Path(__file__).parent
SOURCES = sorted(HERE.glob("*.c"))
HEADERS = sorted(HERE.glob("*.h"))
FLAGS = (
    "-O3", "-march=native", "-std=c11", "-shared", "-fPIC", "-pthread", "-fno-math-errno",
    "-fno-trapping-math", "-fassociative-math", "-fno-signed-zeros",
)  # fmt: skip
COMPILERS = ("cc", "gcc", "clang")
INSTRUCTIONS = ("plain C", "AVX2", "AVX512-VNNI")  # by the number that the kernels say
PATIENCE = 120  # seconds for the compiler
_lock = threading.Lock()
_loaded: dict[Path, Library] = {}


class NativeUnavailable(Exception):
    """The kernels cannot be had on this machine; the text says why."""


class Library:
    """The compiled kernels. Calls hold no lock of Python's."""

    def __init__(self, path: Path) -> None:
        code = ctypes.CDLL(str(path))
        self.pack = code.echo_pack
        self.pack.argtypes = [
            ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p,
        ]  # fmt: skip
        self.pack.restype = None
        self.unpack_row = code.unpack_row
        self.unpack_row.argtypes = [ctypes.POINTER(Matrix), ctypes.c_int, ctypes.c_void_p]
        self.unpack_row.restype = None
        self.step = code.echo_step
        self.step.argtypes = [ctypes.POINTER(Model), ctypes.POINTER(Step), ctypes.c_void_p]
        self.step.restype = ctypes.c_int
        self.sample = code.echo_sample
        self.sample.argtypes = [
            ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.POINTER(RowSampling),
            ctypes.c_int, ctypes.c_void_p,
        ]  # fmt: skip
        self.sample.restype = None
        self._instructions = code.echo_instructions

    @cached_property
    def instructions(self) -> str:
        """Which vector instructions they use, in words."""
        return INSTRUCTIONS[self._instructions()]


def library(folder: Path | None = None) -> Library:
    """The kernels, compiled into `folder` (the user's cache if None) where they are not there yet.

    Raises:
        NativeUnavailable: there is no compiler, it fails, or the folder cannot be trusted.
    """
    with _lock:
        try:
            path = (folder or user_cache()) / f"kernels-{_fingerprint()}.so"
            if path not in _loaded:
                _refuse_open_folder(path.parent)
                if not path.is_file():
                    _compile(path)
                _loaded[path] = Library(path)
            return _loaded[path]
        except OSError as error:
            raise NativeUnavailable(f"the kernels cannot be kept or loaded: {error}") from error


def user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "echo"


def _compiler() -> str:
    found = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    if found is None:
        raise NativeUnavailable("there is no C compiler (cc, gcc or clang)")
    return found


def _fingerprint() -> str:
    parts = [" ".join(FLAGS), platform.machine(), _processor(), _compiler()]
    digest = hashlib.sha256("\n".join(parts).encode())
    for file in (*SOURCES, *HEADERS):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """What the processor can do: the kernels are made for it alone."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _refuse_open_folder(folder: Path) -> None:
    """Nobody else may put code there that this process would run."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.stat()
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise NativeUnavailable(f"{folder} belongs to somebody else")
    if stat.S_IMODE(found.st_mode) & 0o022:
        raise NativeUnavailable(f"others may write to {folder}")


def _compile(path: Path) -> None:
    """Into a temporary file first: another process may be doing the same."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".so")
    os.close(descriptor)
    command = [_compiler(), *FLAGS, "-o", name, *map(str, SOURCES), "-lm"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if done.returncode:
            raise NativeUnavailable(f"the compiler fails: {done.stderr.strip()[:300]}")
        os.replace(name, path)
    except subprocess.TimeoutExpired as error:
        raise NativeUnavailable("the compiler takes too long") from error
    finally:
        Path(name).unlink(missing_ok=True)
