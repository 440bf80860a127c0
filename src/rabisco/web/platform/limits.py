"""How much one client may ask: bytes, form fields and requests per time."""

from collections.abc import Mapping
from typing import IO, Any, cast

from flask import Flask, Request, current_app, request
from flask_babel import format_decimal, gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from rabisco.errors import N_, BusyError, StorageError
from rabisco.images import begins_as_picture
from rabisco.settings import Settings
from rabisco.web.platform import access
from rabisco.web.platform.bodies import temporary_file
from rabisco.web.platform.handover import BUSY, REFUSAL, STORAGE
from rabisco.web.platform.routing import ROUTES

# Parts of one multipart body, files and fields together; beyond it Werkzeug stops reading.
MOST_PARTS = 1000
# Guesses at the access token that one address may make.
SIGN_INS = "10/minute"


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


class BoundedRequest(Request):
    """A request whose body has a limit, announced in advance or not."""

    @property
    def max_content_length(self) -> int | None:
        """The largest body of this request, in bytes."""
        return body_limit(current_app.config["RABISCO"], self.environ)

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        raise NotImplementedError("the settings say how large a body may be")

    def _get_file_stream(self, *args: Any, **options: Any) -> IO[bytes]:
        """Return where an uploaded file is put; a large one beside the artifacts, where there is room."""
        if _takes_training_data(self.environ):
            return temporary_file(current_app.config["RABISCO"])
        return super()._get_file_stream(*args, **options)

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether there is a form; a picture only says it is one (``curl --data-binary``)."""
        return super().want_form_data_parsed and not (self._says_fields and begins_as_picture(self.get_data()[:16]))

    def make_form_data_parser(self) -> FormDataParser:
        """Return a parser that tells what it cannot read; Werkzeug's own answers an empty form."""
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser

    def _load_form_data(self) -> None:
        """Read a form; its body can be had as it came, too.

        Raises:
            RequestEntityTooLarge: It has too many fields.
            BadRequest: It breaks off, or is no form.
        """
        if "form" in self.__dict__:
            return
        if self.want_form_data_parsed and self._says_fields and self.get_data().count(b"&") >= MOST_PARTS:
            raise RequestEntityTooLarge
        try:
            super()._load_form_data()
        except ValueError as error:
            raise BadRequest from error

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


def init_app(app: Flask) -> None:
    """Bound the body of every request and, where the settings say so, the requests of each address."""
    settings: Settings = app.config["RABISCO"]
    app.request_class = BoundedRequest
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_upload_bytes
    app.config["MAX_FORM_PARTS"] = MOST_PARTS
    app.before_request(_refuse)
    limiter = Limiter(
        get_remote_address,
        app=app,
        default_limits=[settings.rate_limit] if settings.rate_limit else [],
        headers_enabled=True,
        storage_uri="memory://",
    )
    limiter.request_filter(_is_free)
    limiter.limit(SIGN_INS, methods=["POST"])(access.blueprint)


def body_limit(settings: Settings, environ: Mapping[str, Any]) -> int:
    """Return the largest body of a request, in bytes; training data must announce their length."""
    announced = "CONTENT_LENGTH" in environ
    large = announced and _takes_training_data(environ)
    large = large and not settings.read_only and access.admits(settings, environ)  # else a stranger fills the disk
    return settings.max_training_bytes if large else settings.max_upload_bytes


def too_large() -> str:
    """Return which limit this request is beyond, and what to do, in the reader's language."""
    settings: Settings = current_app.config["RABISCO"]
    allowed, announced = body_limit(settings, request.environ), request.content_length
    limit = format_decimal(allowed / 2**20, "#,##0.0")
    if announced is not None and announced <= allowed:
        limit = format_decimal(settings.max_upload_bytes / 2**20, "#,##0.0")
        words = gettext(
            "a form may hold at most %(parts)s parts, and a part that is no file at most %(limit)s MB; send it in "
            "several requests, and what is large as a file",
            parts=format_decimal(MOST_PARTS),
            limit=limit,
        )
    elif not _takes_training_data(request.environ):
        words = gettext("a request may hold at most %(limit)s MB; send a smaller picture, or fewer", limit=limit)
    elif announced is None:
        words = gettext(
            "a request that does not say how long it is may hold at most %(limit)s MB; send Content-Length with it",
            limit=limit,
        )
    else:
        words = gettext("training data may have at most %(limit)s MB; send a part of them", limit=limit)
    return str(words)


def _takes_training_data(environ: Mapping[str, Any]) -> bool:
    declared = ROUTES.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
    return declared is not None and declared.large


def _refuse() -> None:
    """Say what the RSGI application could not take; health and static files are answered even in a crowd."""
    refusal = request.environ.get(REFUSAL)
    if refusal == BUSY and not _is_free():
        raise BusyError(N_("more requests came than can be answered now; send this one again in a few seconds"))
    if refusal == STORAGE:
        raise StorageError(N_("the server has no room for this upload; ask whoever runs it to make some"))


def _is_free() -> bool:
    return request.endpoint == "static" or request.blueprint in ("health", "metrics")
