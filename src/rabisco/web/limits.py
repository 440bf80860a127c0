"""How much one client may ask: bytes, form fields and requests per time."""

from typing import IO, cast

from flask import Flask, Request, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from rabisco.settings import Settings

# Parts of one multipart body, files and fields together; beyond it Werkzeug stops reading.
MOST_PARTS = 1000


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
    if settings.rate_limit:
        limiter = Limiter(
            get_remote_address,
            app=app,
            default_limits=[settings.rate_limit],
            headers_enabled=True,
            storage_uri="memory://",
        )
        limiter.request_filter(_is_free)


def _is_free() -> bool:
    return request.endpoint == "static" or request.blueprint in ("health", "metrics")
