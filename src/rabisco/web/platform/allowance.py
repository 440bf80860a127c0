"""What reading the pictures of one request may cost: pixels, seconds, and a place among those that are large.

Files of a few bytes unfold to millions of pixels, and a request holds many. Nothing is read for a client that has
left.
"""

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rabisco.errors import N_, BusyError, RabiscoError, TooLargeError
from rabisco.images.large import LARGE
from rabisco.settings import Settings
from rabisco.web.platform.environ import GONE, STARTED

if TYPE_CHECKING:
    from flask import Flask

MOST_SECONDS = 30  # from the whole request to the last of its pictures
LARGE_AT_A_TIME = 2  # requests of one process that read more than one large picture's pixels
WAIT_SECONDS = 2  # for such a place

_places = threading.BoundedSemaphore(LARGE_AT_A_TIME)


class Allowance:
    """What is left to one request.

    Args:
        settings: ``max_request_pixels`` is the most that its pictures may have together.
        environ: The request's environment (PEP 3333).
    """

    def __init__(self, settings: Settings, environ: Mapping[str, Any]) -> None:
        self._most = max(settings.max_request_pixels, settings.max_image_pixels)
        self._until = float(environ.get(STARTED) or time.perf_counter()) + MOST_SECONDS
        self._gone = environ.get(GONE)
        self._pixels = 0
        self._has_place = False
        self._refusal: RabiscoError | None = None

    def take(self, pixels: int) -> None:
        """Note that a picture of the given number of pixels is to be decoded.

        Raises:
            TooLargeError: The pictures of the request have too many together.
            BusyError: Others read large pictures; or as in ``go_on``.
        """
        self._pixels += pixels
        if self._pixels > self._most:
            self._refuse(
                TooLargeError(
                    N_("expected at most %(limit)s pixels in all pictures of a request; send fewer, or smaller ones"),
                    limit=self._most,
                )
            )
        if self._pixels >= LARGE and not self._has_place:
            self._has_place = _places.acquire(timeout=WAIT_SECONDS)
            if not self._has_place:
                self._refuse(BusyError(N_("other large pictures are being read; send this again in a few seconds")))
        self.go_on()

    def go_on(self) -> None:
        """Return if the request is still to be worked for; asked between two pictures.

        Raises:
            BusyError: It has taken too long, or nobody waits for it.
        """
        if self._refusal is not None:
            raise self._refusal
        if time.perf_counter() > self._until or (self._gone is not None and self._gone.is_set()):
            self._refuse(
                BusyError(
                    N_("reading this took more than %(seconds)s seconds and was given up; send fewer pictures"),
                    seconds=MOST_SECONDS,
                )
            )

    def end(self) -> None:
        """Give the place back."""
        if self._has_place:
            self._has_place = False
            _places.release()

    def _refuse(self, refusal: RabiscoError) -> None:
        self._refusal = refusal
        raise refusal


def init_app(app: "Flask") -> None:
    """Give places back when a request ends."""
    from flask import g

    app.teardown_request(lambda _: allowance().end() if "allowance" in g else None)


def allowance() -> Allowance:
    """Return what is left to the current request."""
    from flask import current_app, g, request

    if "allowance" not in g:
        g.allowance = Allowance(current_app.config["RABISCO"], request.environ)
    left: Allowance = g.allowance
    return left
