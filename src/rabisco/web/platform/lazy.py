"""The application inside a worker: predictions work immediately; the rest is built on first use.

What a prediction needs is loaded in a third of a second and shared by all workers. The pages and all that stands
behind them take twice that, and memory that a server of predictions alone never needs.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rabisco.settings import Settings, without_collection
from rabisco.web.platform.metrics import Metrics
from rabisco.web.read.direct import Direct, send

if TYPE_CHECKING:
    from rabisco.web.platform.routing import Application

# Held by a thread that imports a part of the application. Two that import at once may each wait for a module that the
# other imports, and Python lets one of them fail.
IMPORTING = threading.RLock()


class LazyApplication:
    """Answers as the application does, and makes it when something is first asked that is no plain prediction.

    Args:
        settings: Settings to obey.
        create: Makes the application.
        then: Called once it has been made.
    """

    def __init__(
        self, settings: Settings, create: Callable[[Settings], "Application"], then: Callable[[], object] = bool
    ) -> None:
        self.direct = Direct(settings, Metrics())
        self._settings, self._create, self._then = settings, create, then
        self._made: Application | None = None

    def make(self) -> "Application":
        """Return the application, the same for every thread."""
        with IMPORTING:
            if self._made is None:
                with without_collection():
                    made = self._create(self._settings)
                made.direct, made.extensions["rabisco-metrics"] = self.direct, self.direct.figures
                self._made = made
                self._then()
            return self._made

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        """Answer a request (PEP 3333)."""
        answer = None if self._made else self.direct(environ)
        return send(answer, start_response) if answer else self.make().wsgi_app(environ, start_response)
