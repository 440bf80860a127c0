"""The Flask application: pages and API over the one predictor, one blueprint per topic.

``create_app`` assembles it, ``platform.server.serve`` runs it. A view reads the request, calls the library and
answers; what goes wrong is raised as a ``RabiscoError`` and becomes an answer in ``platform.problems``, the only place
that knows statuses. Importing this package loads nothing of it: a server answers its first prediction before the pages
are there.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rabisco.settings import Settings
    from rabisco.web.platform.routing import Application


def create_app(settings: "Settings | None" = None) -> "Application":
    """Return the application, ready for a WSGI server.

    Args:
        settings: Settings to obey; those of the environment if not given.
    """
    from rabisco.web.platform import application

    return application.create_app(settings)
