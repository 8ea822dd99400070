"""Asks the Hub, in a process of its own: `hub_child.py list` and `hub_child.py get`, JSON in and JSON out.

It knows the Hub and nothing of Echo: it is started as a file, with no eventlet in it, and ends when it is
told to. Whatever is fetched goes on where it was cut: by the length of the file that is there already.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

# the plain way, which can go on after a cut; nothing about its use is sent
os.environ.update(
    HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_PROGRESS_BARS="1"
)

from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

ANSWER_SECONDS: Final = 15.0
constants.DOWNLOAD_CHUNK_SIZE = (
    1 << 17
)  # what is not written when it is cut is lost: 10 MB by default


class WrongSize(Exception):
    """A file is not as long as the list of files says."""


def listing(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the files of a model at its newest commit, with their lengths and hashes, and its licence."""
    info = HfApi().model_info(asked["repo"], files_metadata=True, timeout=ANSWER_SECONDS)
    card: Any = info.card_data or {}
    return {
        "commit": info.sha,
        "licence": card.get("license_name") or card.get("license"),
        "weights": info.safetensors.total if info.safetensors else (info.gguf or {}).get("total"),
        "files": [
            {
                "name": file.rfilename,
                "bytes": file.size,
                "sha256": file.lfs.sha256 if file.lfs else None,
                "blob": file.blob_id,
            }
            for file in info.siblings or []
        ],
    }


def get(asked: dict[str, Any]) -> dict[str, Any]:
    """Fetch files into their parts, each from where its part ends."""
    for file in asked["files"]:
        _get(asked["repo"], asked["commit"], file["name"], file["bytes"], Path(file["part"]))
    return {}


def _get(repo: str, commit: str, name: str, size: int, part: Path) -> None:
    url = hf_hub_url(repo, name, revision=commit)
    found = get_hf_file_metadata(url, timeout=ANSWER_SECONDS)
    headers = build_hf_headers()
    if urlsplit(found.location).netloc != urlsplit(url).netloc:
        headers.pop("authorization", None)  # a token is for the Hub, not for where the file lies
    if found.size is not None and found.size != size:
        raise WrongSize(f"{name} has {found.size:,} bytes, and {size:,} were announced")
    have = part.stat().st_size if part.exists() else 0
    if have > size:
        part.unlink()
        have = 0
    with part.open("ab") as file:
        http_get(found.location, file, resume_size=have, headers=headers, expected_size=size)


def _reason(failure: BaseException) -> str:
    """Return in a word what a failure is; `cut` where nobody answered, or not to the end."""
    if isinstance(failure, WrongSize):
        return "wrong"
    if isinstance(failure, OSError) and failure.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "full"
    if isinstance(failure, GatedRepoError):
        return "gated"
    if isinstance(failure, RepositoryNotFoundError):
        return "absent"
    if isinstance(failure, HfHubHTTPError):
        status = failure.response.status_code
        return "absent" if status == 404 else "gated" if status in (401, 403) else "refused"
    if isinstance(failure, OfflineModeIsEnabled | LocalTokenNotFoundError):
        return "refused"
    return "cut"


def main() -> int:
    """Do what the first word asks with what standard input gives; a failure is an answer, too."""
    acts: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"list": listing, "get": get}
    try:
        answer = acts[sys.argv[1]](json.load(sys.stdin))
    except Exception as failure:  # the parent tells whoever asked
        answer = {"failed": _reason(failure), "text": str(failure).strip().split("\n")[0][:500]}
    json.dump(answer, sys.stdout)
    return 1 if "failed" in answer else 0


if __name__ == "__main__":
    sys.exit(main())
