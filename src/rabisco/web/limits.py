"""How much one client may ask: bytes, form fields and requests per time."""

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from rabisco.settings import Settings

# Parts of one multipart body, files and fields together; beyond it Werkzeug stops reading.
MOST_PARTS = 1000


def init_app(app: Flask) -> None:
    """Bound the body of every request and, where the settings say so, the requests of each address."""
    settings: Settings = app.config["RABISCO"]
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
    return request.endpoint == "static" or (request.blueprint == "health")
