"""Every route in one table: what the API page and the OpenAPI document say of it. Tests hold the application to it.

Each module has the rows of one topic; ``route`` says what a row is.
"""

from rabisco.web.routes.corrections import CORRECTIONS
from rabisco.web.routes.pages import PAGES
from rabisco.web.routes.reading import READING
from rabisco.web.routes.route import Route
from rabisco.web.routes.training import TRAINING

__all__ = ["ROUTES", "Route"]

ROUTES = READING + CORRECTIONS + PAGES + TRAINING
