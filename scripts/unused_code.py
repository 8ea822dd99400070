"""Finds what the product defines and never uses: tests and documents do not count as a use.

`make check` runs it. It compares names (vulture does), so it never calls used what nobody names; what
only a library calls stands in the lists below, each with who calls it.
"""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from typing import Final

from vulture import Vulture

ROOT: Final = Path(__file__).resolve().parent.parent
PRODUCT: Final = ("run.py", "echo", "analytics", "demo", "scripts", "migrations/env.py")
REGISTERED: Final = [  # decorators that hand a function to somebody who calls it
    "@*.after_request", "@*.command", "@*.route", "@*.get", "@*.post", "@*.patch",
    "@*.before_request", "@*.delete", "@*.record_once",
    "@*.url_value_preprocessor", "@*.user_loader", "@*.listens_for", "@compiles", "@event", "@expose",
    "@field_validator", "@keys.add", "@model_validator",
]  # fmt: skip
CALLED_BY: Final = {
    "Flask-Admin": (
        "action_view", "can_*", "column_*", "details_template", "get_*_form", "get_filter_arg",
        "inaccessible_callback", "is_accessible", "operation", "_run_view", "_validate_form_class",
    ),
    "Flask and its extensions": (
        "configure_host", "form_data_parser_class", "get_cookie_secure", "is_active", "_login_user",
        "max_content_length", "permanent", "request_class", "session_interface",
    ),
    "eventlet and python-engineio": (
        "_apply_mask", "close_connection", "debug", "_discard_trailers", "iterator",
        "max_decode_packets", "max_frame_length", "support_legacy_versions",
    ),
    "prometheus_client": ("collect",),
    "Babel, by translations/babel.cfg": ("catalogue_texts",),
    "OpenTelemetry": ("on_end",),
    "programs, which send them": (
        "best_of", "functions", "logit_bias", "stream_format", "strict", "thinking",
    ),
    "onnxruntime": ("intra_op_num_threads",),
    "html.parser": ("handle_*",),
    "expat": ("buffer_text", "*Handler"),
    "werkzeug": ("_parse_urlencoded", "to_python"),
    "llguidance": ("bos_token_id", "special_token_ids"),
    "SQLAlchemy": ("cache_ok", "impl", "inherit_cache", "process_*", "size_bytes"),
    "fonttools": ("flavor",),
    "matplotlib": ("get_offset",),
    "re2": ("log_errors", "max_mem"),
    "rich and requests": ("auth", "parsed"),
    "sqlite3": ("isolation_level",),
    "Babel": ("fuzzy", "header_comment", "help_texts"),
    "huggingface_hub": ("DOWNLOAD_CHUNK_SIZE",),
    "WTForms": ("get_translations", "validate_*", "website"),
    "Jinja": ("visit_*", "_body", "intercepted_binops", "tags", "wrap_str_format", "__self"),
    "transformers and tokenizers": (
        "get_seq_length", "normalizer", "pad_token", "post_processor", "pre_tokenizer",
    ),
    "nobody but the engine's tests": (
        "BYTE", "UNUSED", "cache_slots", "cache_slots_used", "licence", "main_type", "remaining",
    ),
}  # fmt: skip
TOLD: Final = ("echo/api/rest/shapes.py", "echo/api/description/protocols.py")
"""Fields of answers, which are read where answers are described."""
IN_TEMPLATES: Final = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)


def template_words() -> str:
    """Return the names that templates use, as a program that uses them."""
    texts = [path.read_text() for path in (ROOT / "templates").rglob("*") if path.is_file()]
    words = {
        word
        for text in texts
        for expression in IN_TEMPLATES.findall(text)
        for word in re.findall(r"[A-Za-z_]\w*", expression)
    }
    return "\n".join(f"_.{word}" for word in sorted(words) if not keyword.iskeyword(word))


def unused() -> list[str]:
    """Return what nobody uses, as `file:line: what`."""
    finder = Vulture(
        ignore_names=[name for names in CALLED_BY.values() for name in names],
        ignore_decorators=REGISTERED,
    )
    finder.scavenge([str(ROOT / part) for part in PRODUCT])
    finder.scan(template_words())
    return [
        f"{Path(item.filename).relative_to(ROOT)}:{item.first_lineno}: unused {item.typ} {item.name}"
        for item in finder.get_unused_code()
        if not (item.typ == "variable" and str(item.filename).endswith(TOLD))
    ]


def main() -> int:
    found = unused()
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
