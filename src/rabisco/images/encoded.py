"""A picture as base64 text, in whichever of its forms."""

import base64
import binascii

from rabisco.errors import N_, InvalidRequestError, TooLargeError


def decode_base64(text: str, max_bytes: int | None = None) -> bytes:
    """Return the bytes that base64 text stands for; a data URL's prefix, spaces and missing padding are forgiven.

    A form field turns ``+`` into a space where the sender forgot to escape it, so spaces inside count as ``+``.

    Raises:
        InvalidRequestError: The text is not base64.
        TooLargeError: It stands for far more than ``max_bytes``.
    """
    if max_bytes is not None and len(text) > max_bytes * 2:
        raise too_many_bytes(len(text) * 3 // 4, max_bytes)
    body = text.strip()
    if body[:5].lower() == "data:":
        prefix, _, body = body.partition(",")
        if not prefix.lower().endswith(";base64"):
            raise InvalidRequestError(
                N_("expected a data URL in base64 (data:image/png;base64,...), received another one")
            )
    body = body.strip().replace(" ", "+").translate(_FROM_URL_SAFE).rstrip("=")
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError(
            N_(
                "expected a picture as base64 text or data URL, received text that is not base64; "
                "send the file itself or encode all of it"
            )
        ) from error


_FROM_URL_SAFE = str.maketrans("-_", "+/", "\r\n\t")


def too_many_bytes(received: int, limit: int) -> TooLargeError:
    """Return the error for a file with more bytes than are read."""
    return TooLargeError(
        N_(
            "expected a file of at most %(limit)s bytes, received %(received)s; send a smaller or more compressed "
            "picture"
        ),
        limit=limit,
        received=received,
    )
