"""Form bodies of bounded shape: so many fields, and parts whose headers are no longer than browsers send.

werkzeug bounds bytes, not shapes: one part's header of 400 kB kept it busy for two seconds, a million
fields of nothing for one, six hundred thousand bytes that are no UTF-8 for two. Knows no form.
"""

from __future__ import annotations

from typing import IO, Any
from urllib.parse import parse_qsl

from flask import Flask, Request
from werkzeug import formparser
from werkzeug.datastructures import Headers, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.routing import UnicodeConverter
from werkzeug.sansio.multipart import MultipartDecoder
from werkzeug.utils import cached_property

from echo.limits import FORM_ESCAPES, FORM_FIELDS, PART_HEADER_BYTES
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
        if (
            body.count(b"&") >= (self.max_form_parts or FORM_FIELDS)
            or body.count(b"%") > FORM_ESCAPES
        ):
            raise RequestEntityTooLarge
        try:
            items = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
        except UnicodeDecodeError as failure:  # werkzeug would look at each wrong byte by itself
            raise BadRequest from failure
        return stream, self.cls(items), self.cls()


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
