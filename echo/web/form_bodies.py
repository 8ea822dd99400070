"""Form bodies of bounded shape: so many fields, and parts whose headers are no longer than browsers send.

werkzeug bounds bytes, not shapes: one part's header of 400 kB kept it busy for two seconds, a million
fields of nothing for one. Knows no form.
"""

from __future__ import annotations

import io
from typing import IO, Any

from flask import Flask, Request
from werkzeug import formparser
from werkzeug.datastructures import Headers, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import UnicodeConverter
from werkzeug.sansio.multipart import MultipartDecoder
from werkzeug.utils import cached_property

from echo.limits import FORM_FIELDS, PART_HEADER_BYTES
from echo.text import storable


class PartDecoder(MultipartDecoder):
    """werkzeug's, which refuses a part's header before it is taken apart."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        if len(data) > PART_HEADER_BYTES:
            raise RequestEntityTooLarge
        return super()._parse_headers(data)


class FormParser(formparser.FormDataParser):
    """werkzeug's, which counts fields before they are taken apart."""

    def _parse_urlencoded(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> Any:
        body = stream.read()
        if body.count(b"&") >= (self.max_form_parts or FORM_FIELDS):
            raise RequestEntityTooLarge
        return super()._parse_urlencoded(io.BytesIO(body), mimetype, content_length, options)


class BoundedRequest(Request):
    """A request whose form is read by these parsers."""

    form_data_parser_class = FormParser
    max_form_parts = FORM_FIELDS

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The address's query, as a database can be asked for it."""
        pairs = super().args.items(multi=True)
        return ImmutableMultiDict((name, storable(value)) for name, value in pairs)


class StorableText(UnicodeConverter):
    """A part of an address, as a database can be asked for it: then nothing has it, and it is not found."""

    def to_python(self, value: str) -> str:
        return storable(value)


def init_app(app: Flask) -> None:
    """Read every form of this application so. werkzeug names its decoder by this one name alone."""
    formparser.MultipartDecoder = PartDecoder  # type: ignore[attr-defined]
    app.request_class = BoundedRequest
    app.url_map.converters["default"] = app.url_map.converters["string"] = StorableText
