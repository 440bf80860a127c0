"""What a worker builds on first use: the application behind its predictions, and the supervisor of trainings.

What a prediction needs is loaded in a third of a second and shared by all workers. The pages and all that stands
behind them take twice that, and memory that a server of predictions alone never needs.
"""

import threading
from typing import TYPE_CHECKING, Any

from rabisco.settings import Settings, without_collection
from rabisco.web import create_app
from rabisco.web.platform.metrics import Metrics
from rabisco.web.read.direct import Direct, send

if TYPE_CHECKING:
    from rabisco.web.platform.routing import Application

# Set once this process has a supervisor.
supervising = threading.Event()
# Held by a thread that imports a part of the application. Two that import at once may each wait for a module that the
# other imports, and Python lets one of them fail.
_importing = threading.RLock()


class LazyApplication:
    """Answers as the application does, and makes it when something is first asked that is no plain prediction."""

    def __init__(self, settings: Settings) -> None:
        self.direct = Direct(settings, Metrics())
        self._settings = settings
        self._made: Application | None = None

    def make(self) -> "Application":
        """Return the application, the same for every thread; there may be work for a supervisor from then on."""
        with _importing:
            if self._made is None:
                with without_collection():
                    made = create_app(self._settings)
                made.direct, made.extensions["rabisco-metrics"] = self.direct, self.direct.figures
                self.direct.has_application = True
                self._made = made
                start_supervisor()
            return self._made

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        """Answer a request (PEP 3333)."""
        answer = None if self._made else self.direct(environ)
        return send(answer, start_response) if answer else self.make().wsgi_app(environ, start_response)


def start_supervisor() -> None:
    """Start the supervisor, once in a process; only now is loaded what trainings need of it."""
    with _importing:
        from rabisco import runs

        if not supervising.is_set():
            supervising.set()
            runs.start_supervisor()
