"""How much one client may ask: bytes, form fields and requests per time."""

from collections.abc import Mapping, MutableMapping
from typing import Any

from flask import Flask, request
from flask_babel import format_decimal, gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import NotFound

from rabisco.errors import N_, BusyError, StorageError, UnsupportedEncodingError
from rabisco.settings import Settings
from rabisco.web.platform import access
from rabisco.web.platform.bounded import MOST_PARTS, BoundedRequest, check_texts
from rabisco.web.platform.handover import BUSY, REFUSAL, STORAGE
from rabisco.web.platform.routing import ROUTES, app_settings
from rabisco.web.platform.shared_counts import SharedCounts


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
    limit = format_decimal(allowed / 2**20, "#,##0.0")
    if announced is not None and announced <= allowed:
        limit = format_decimal(settings.max_upload_bytes / 2**20, "#,##0.0")
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
