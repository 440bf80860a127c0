"""How much one client may ask: bytes, form fields, values and requests per time; and only text that can be kept."""

import json
import re
from collections.abc import Iterator, Mapping, MutableMapping
from functools import partial
from itertools import chain
from typing import IO, Any, cast

from flask import Flask, Request, request
from flask_babel import format_decimal, gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser, MultiPartParser
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from rabisco.errors import N_, BusyError, InvalidRequestError, StorageError, TooLargeError, UnsupportedEncodingError
from rabisco.images import begins_as_picture
from rabisco.settings import Settings
from rabisco.web.platform import access
from rabisco.web.platform.bodies import temporary_file
from rabisco.web.platform.environ import BUSY, REFUSAL, STORAGE
from rabisco.web.platform.routing import ROUTES, app_settings
from rabisco.web.platform.shared_counts import SharedCounts

# Parts of one multipart body, files and fields together; beyond it Werkzeug stops reading.
MOST_PARTS = 1000
# Bytes of the names and headers in a multipart body; to read them takes a hundred times as long as to read a file.
MOST_HEAD_BYTES = 1 << 19
# Values of one JSON body: an object of each would cost fifty times its bytes.
MOST_VALUES = 250_000
# What no database keeps and no answer holds, NUL and halves of pairs of surrogates; and how JSON writes it.
_NOT_TEXT = re.compile(r"[\0\ud800-\udfff]")
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def init_app(app: Flask) -> None:
    """Bound the body of every request and, where the settings say so, the requests of each address."""
    settings: Settings = app.config["RABISCO"]
    app.request_class = BoundedRequest
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_upload_bytes
    app.config["MAX_FORM_PARTS"] = MOST_PARTS
    app.before_request(_refuse)
    limiter = Limiter(
        get_remote_address,
        app=app,
        default_limits=[settings.rate_limit] if settings.rate_limit else [],
        headers_enabled=True,
        storage_uri=f"{SharedCounts.SCHEME}://" if settings.shares_database else "memory://",
    )
    limiter.request_filter(_is_free)


def body_limit(settings: Settings, environ: MutableMapping[str, Any]) -> int:
    """Return the largest body of a request, in bytes; training data come as files and announce their length."""
    announced = "CONTENT_LENGTH" in environ
    as_files = environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data")
    large = announced and as_files and takes_training_data(environ)
    large = large and not settings.read_only and access.admits(settings, environ)  # else a stranger fills the disk
    return settings.max_training_bytes if large else settings.max_upload_bytes


def no_room() -> StorageError:
    """Return the error for a full disk."""
    return StorageError(N_("the server has no room for this upload; ask whoever runs it to make some"))


def too_large() -> str:
    """Return which limit this request is beyond, and what to do, in the reader's language."""
    settings = app_settings()
    allowed, announced = body_limit(settings, request.environ), request.content_length
    is_part = announced is not None and announced <= allowed
    limit = format_decimal((settings.max_upload_bytes if is_part else allowed) / 2**20, "#,##0.0")
    if is_part:
        words = gettext(
            "a form may hold at most %(parts)s parts, and a part that is no file at most %(limit)s MB; send it in "
            "several requests, and what is large as a file",
            parts=format_decimal(MOST_PARTS),
            limit=limit,
        )
    elif not takes_training_data(request.environ):
        words = gettext("a request may hold at most %(limit)s MB; send a smaller picture, or fewer", limit=limit)
    elif announced is None:
        words = gettext(
            "a request that does not say how long it is may hold at most %(limit)s MB; send Content-Length with it",
            limit=limit,
        )
    else:
        words = gettext("training data may have at most %(limit)s MB; send a part of them", limit=limit)
    return str(words)


def takes_training_data(environ: Mapping[str, Any]) -> bool:
    """Return whether a request may bring training data, which are larger than pictures."""
    declared = ROUTES.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
    return declared is not None and declared.large


class BoundedStream(LimitedStream):
    """A body of unknown length that is refused where it passes the limit; Werkzeug's own cuts it off in silence."""

    def readall(self) -> bytes:
        """Return the whole body.

        Raises:
            RequestEntityTooLarge: It goes on behind the limit.
        """
        body = super().readall()
        if self.is_exhausted and self._stream.read(1):
            raise RequestEntityTooLarge
        return body


class BoundedParts(MultiPartParser):
    """A parser of multipart bodies that bounds their names and headers; Werkzeug's own bounds the number of parts."""

    def parse(self, stream: IO[bytes], boundary: bytes, content_length: int | None) -> tuple[Any, Any]:
        """Return the fields and the files of a body.

        Raises:
            RequestEntityTooLarge: It has too many parts, or a field that is too large.
            TooLargeError: Its names and headers are too long.
            ValueError: It breaks off, or is no form.
        """
        fields: list[tuple[str, str]] = []
        files: list[tuple[str, FileStorage]] = []
        part: Field | File
        for event in self._events(stream, boundary):
            if isinstance(event, Field):
                part, content = event, bytearray()
            elif isinstance(event, File):
                part, file = event, self.start_file_streaming(event, content_length)
            elif isinstance(part, File):
                file.write(event.data)
                if not event.more_data:
                    file.seek(0)
                    files.append((part.name, FileStorage(file, part.filename, part.name, headers=part.headers)))
            else:
                content += event.data
                if self.max_form_memory_size is not None and len(content) > self.max_form_memory_size:
                    raise RequestEntityTooLarge
                if not event.more_data:
                    fields.append((part.name, content.decode(self.get_part_charset(part.headers), "replace")))
        return self.cls(fields), self.cls(files)

    def _events(self, stream: IO[bytes], boundary: bytes) -> Iterator[Field | File | Data]:
        """Yield the head and the content of each part."""
        decoder, head_bytes = MultipartDecoder(boundary, max_parts=self.max_form_parts), 0
        for chunk in chain(iter(partial(stream.read, self.buffer_size), b""), [None]):
            decoder.receive_data(chunk)
            while not isinstance(event := decoder.next_event(), (Epilogue, NeedData)):
                if isinstance(event, (Field, File)):
                    head_bytes += sum(len(name) + len(value) for name, value in event.headers)
                if isinstance(event, (Field, File, Data)):
                    yield event
            if head_bytes + len(decoder.buffer) > MOST_HEAD_BYTES:  # what is not yet whole is kept in the buffer
                raise TooLargeError(
                    N_("expected at most %(limit)s bytes of names and headers in a form, received more; shorten them"),
                    limit=MOST_HEAD_BYTES,
                )


class BoundedFormParser(FormDataParser):
    """A parser of forms that says what it cannot read; Werkzeug's own answers an empty form."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], Any, Any]:
        """Return the body, its fields and its files.

        Raises:
            ValueError: It breaks off, or is no form.
        """
        if mimetype != "multipart/form-data":
            self.silent = False
            return super().parse(stream, mimetype, content_length, options)
        boundary = (options or {}).get("boundary", "").encode("ascii")
        if not boundary:
            raise ValueError("a multipart body needs a boundary")
        parts = BoundedParts(
            self.stream_factory, self.max_form_memory_size, self.cls, max_form_parts=self.max_form_parts
        )
        return stream, *parts.parse(stream, boundary, content_length)


class BoundedRequest(Request):
    """A request whose body has a limit, announced in advance or not."""

    form_data_parser_class = BoundedFormParser

    @property
    def max_content_length(self) -> int | None:
        """The largest body of this request, in bytes."""
        return body_limit(app_settings(), self.environ)

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        raise NotImplementedError("the settings say how large a body may be")

    def _get_file_stream(self, *args: Any, **options: Any) -> IO[bytes]:
        """Return where an uploaded file is put; a large one beside the artifacts, where there is room."""
        if takes_training_data(self.environ):
            return temporary_file(app_settings())
        return super()._get_file_stream(*args, **options)

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether there is a form; a picture only says it is one (``curl --data-binary``)."""
        return super().want_form_data_parsed and not (self._says_fields and begins_as_picture(self.get_data()[:16]))

    def _load_form_data(self) -> None:
        """Read a form; its body can be had as it came, too.

        Raises:
            RequestEntityTooLarge: It has too many fields.
            BadRequest: It breaks off, or is no form.
            InvalidRequestError: It holds what is no text.
        """
        if "form" in self.__dict__:
            return
        if self.want_form_data_parsed and self._says_fields and self.get_data().count(b"&") >= MOST_PARTS:
            raise RequestEntityTooLarge
        try:
            super()._load_form_data()
        except ValueError as error:
            raise BadRequest from error
        if None in self.__dict__["form"] or None in self.__dict__["files"]:
            raise BadRequest  # a part without a name
        names = [one.filename or "" for one in self.__dict__["files"].values()]
        check_texts([*self.__dict__["form"].items(multi=True), *names])

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body as JSON.

        Raises:
            BadRequest: It nests deeper than anything that is asked here.
            InvalidRequestError: It is none, or holds what is no text.
            TooLargeError: It holds more values than anything that is asked here.
        """
        if self.is_json and sum(map(self.get_data().count, (b",", b"[", b"{"))) > MOST_VALUES:
            raise TooLargeError(
                N_("expected at most %(limit)s values in a JSON body, received more; send them in several requests"),
                limit=MOST_VALUES,
            )
        try:
            value = super().get_json(force, silent, cache)
        except RecursionError as error:
            raise BadRequest from error
        if cache and _SUSPICIOUS.search(self.get_data()):
            check_texts(value)
        return value

    def on_json_loading_failed(self, e: ValueError | None) -> Any:
        """Say where the body ceases to be JSON.

        Raises:
            InvalidRequestError: The body is not valid JSON.
            BadRequest: It is no text.
            UnsupportedMediaType: It is said to be something else.
        """
        if not isinstance(e, json.JSONDecodeError):
            return super().on_json_loading_failed(e)
        raise InvalidRequestError(
            N_(
                "expected JSON; received a body that stops being JSON at line %(line)s, column %(column)s; "
                "look for a missing quote, comma or bracket there"
            ),
            line=e.lineno,
            column=e.colno,
        )

    @property
    def _says_fields(self) -> bool:
        return bool(self.mimetype == "application/x-www-form-urlencoded")

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body."""
        if self.content_length is not None or not self.max_content_length:
            return super().stream
        bounded = BoundedStream(self.environ["wsgi.input"], self.max_content_length, is_max=True)
        return cast(IO[bytes], bounded)


def check_texts(value: Any) -> None:
    """Reject values that contain NUL or unpaired surrogates, which no database can store.

    Raises:
        InvalidRequestError: A text holds NUL, or half of a pair of surrogates.
    """
    values = [value]
    while values:
        one = values.pop()
        if isinstance(one, str):
            if _NOT_TEXT.search(one):
                raise InvalidRequestError(
                    N_("a text holds a sign that is none (NUL, or half of a pair of surrogates); leave it out")
                )
        elif isinstance(one, dict):
            values += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple)):
            values += one


def _refuse() -> None:
    """Say what the server could not take; health and static files are answered even in a crowd."""
    if "\0" in request.path:
        raise NotFound
    check_texts(list(request.args.items(multi=True)))
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding.lower() != "identity" and request.method not in access.SAFE_METHODS:
        raise UnsupportedEncodingError(
            N_("expected a body as it is. Received: one with Content-Encoding %(encoding)s; send it uncompressed"),
            encoding=encoding[:40],
        )
    refusal = request.environ.get(REFUSAL)
    if refusal == BUSY and not _is_free():
        raise BusyError(N_("more requests came than can be answered now; send this one again in a few seconds"))
    if refusal == STORAGE:
        raise no_room()


def _is_free() -> bool:
    return request.endpoint == "static" or request.blueprint == "monitoring"
