"""A route is declared once, where its view is; the API page, ``docs/routes.md`` and ``/openapi.json`` follow from it.

::

    @blueprint.get("/counts", summary=lazy_gettext("Counts the pictures."), answer=Counts, page=True)
    def count_pictures() -> Counts | str:
        counted = Counts(pictures=7)
        return render_template("counts.html", counted=counted) if wants_page() else counted

A view that returns a Pydantic model, as ``Counts`` is, answers with it as JSON: the fields that were set, with the
status of its route; headers may stand beside it. What a request may hold is a model as well: see ``fields``.
Of several routes of one view the lowest is the one that ``url_for`` gives.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from flask import Blueprint, Flask, Request, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from pydantic import BaseModel
from werkzeug.routing import Rule

from rabisco.settings import Settings
from rabisco.web.platform.origins import apply_proxy_headers
from rabisco.web.platform.refusals import WireAnswer
from rabisco.web.read.direct import VERSIONED_STATIC_RULE, send

if TYPE_CHECKING:
    from rabisco.web.platform.fields import Fields

# What a view may return: what Flask takes, or a model, also with headers.
Answered = ResponseReturnValue | BaseModel | tuple[BaseModel, dict[str, str]]
PARAMETER = re.compile(r"<(\w+)>")
# What examples show for the parts of an address that are different each time.
SHOWN = {
    "run_id": "$RUN",
    "sweep_name": "$SWEEP",
    "upload_id": "$UPLOAD",
    "measuring_id": "$MEASUREMENT",
    "name": "mine",
    "version": "1",
}
STATIC_SECONDS = 365 * 24 * 3600  # that a browser may keep a static file without asking again
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Route:
    """One route as its documentation shows it.

    Attributes:
        method: ``GET``, ``POST`` or ``DELETE``.
        path: The rule, as Flask writes it.
        operation: Its name for programs, unique: ``list_models``.
        summary: What it does, in the reader's language.
        examples: Commands; ``{url}`` stands for the address of this server.
        answer: The model of its JSON; ``None`` if it answers with a page only.
        page: Whether a browser gets a page.
        plain: Whether it answers with plain text.
        file: Media type of the file that it answers with; of several, divided by “, ”.
        receives: The model of its fields, wherever they stand; ``None`` if it has none.
        problems: Statuses that it may answer besides those that every route may.
        guarded: Whether it asks for the access token though it is a ``GET``; others do unless they are ``open``.
        success: Status of the answer when all is well; a browser's form is led on to a page instead (303).
        open: Why anybody may use it though it is no ``GET``.
        same_as: The route whose other name it is; empty for most.
        large: Whether its body may be as large as training data are (``RABISCO_MAX_TRAINING_BYTES``).
    """

    method: str
    path: str
    operation: str
    summary: LazyString
    examples: tuple[str, ...]
    answer: type[BaseModel] | None = None
    page: bool = False
    plain: bool = False
    file: str = ""
    receives: "type[Fields] | None" = None
    problems: tuple[int, ...] = ()
    large: bool = False
    guarded: bool = False
    success: int = 200
    same_as: str = ""
    open: str = ""

    @property
    def needs_access(self) -> bool:
        """Whether it asks for the access token."""
        return self.guarded or (self.method != "GET" and not self.open)


# Every route by its method and its rule; complete once the topics are imported.
ROUTES: dict[tuple[str, str], Route] = {}


def route_of(request: Request) -> Route | None:
    """Return the route of a request as it was declared; ``None`` of a static file, or where there is none."""
    method = "GET" if request.method == "HEAD" else request.method
    return ROUTES.get((method, request.url_rule.rule)) if request.url_rule else None


class DocumentedBlueprint(Blueprint):
    """A blueprint whose routes are declared with what is to be known of them: the attributes of ``Route``."""

    def get(self, rule: str, **described: Any) -> Callable[[View], View]:
        """Return a decorator that lets a view answer ``GET`` at an address."""
        return self._declare("GET", rule, **described)

    def post(self, rule: str, **described: Any) -> Callable[[View], View]:
        """Return a decorator that lets a view answer ``POST`` at an address."""
        return self._declare("POST", rule, **described)

    def delete(self, rule: str, **described: Any) -> Callable[[View], View]:
        """Return a decorator that lets a view answer ``DELETE`` at an address."""
        return self._declare("DELETE", rule, **described)

    def _declare(
        self, method: str, rule: str, *, defaults: dict[str, str] | None = None, **described: Any
    ) -> Callable[[View], View]:
        """Declare a route; ``defaults`` are arguments of the view that its address stands for.

        Its operation is the name of the view and its example the address without anything, where none is given.
        """
        shown = PARAMETER.sub(lambda found: SHOWN.get(found[1], found[0]), rule)
        described.setdefault("examples", (f"curl {'-X POST ' if method == 'POST' else ''}{{url}}{shown}",))

        def declare(view: View) -> View:
            ROUTES[method, rule] = Route(method, rule, **{"operation": view.__name__, **described})
            self.add_url_rule(rule, view_func=view, methods=[method], defaults=defaults or {})
            return view

        return declare


class _Rule(Rule):
    """Compiles what makes addresses of a rule with the first address, and once for all applications.

    Werkzeug does it for every rule of each application: three quarters of the time that making one took.
    """

    _compiled: ClassVar[dict[tuple[object, ...], Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder
        key = self.rule, repr(self.defaults), append_unknown

        def build(rule: Rule, **values: object) -> tuple[str, str]:
            if key not in self._compiled:
                self._compiled[key] = compile_now(append_unknown)
            return self._compiled[key](rule, **values)

        return build


class Application(Flask):
    """A Flask application whose views may return Pydantic models.

    Attributes:
        direct: Answers the requests that are made most without a view, and the others with ``None``.
    """

    url_rule_class = _Rule
    direct: Callable[..., WireAnswer | None] | None = None

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name)
        self.add_url_rule(VERSIONED_STATIC_RULE, "static")
        self.url_defaults(self._add_version)

    def _add_version(self, endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", static_version(self.static_folder or ""))

    def send_static_file(self, filename: str, version: str | None = None) -> Response:
        """Return a static file; under the address of the version that it is, browsers need not ask for it again.

        Scripts and styles name each other by relative addresses, so one version is that of all files. An address of
        another version, as of a page that was open when the server was updated, gives the file of this one.
        """
        response = super().send_static_file(filename)
        if version == static_version(self.static_folder or ""):
            response.cache_control.no_cache = None
            response.cache_control.public = response.cache_control.immutable = True
            response.cache_control.max_age = STATIC_SECONDS
        return response

    def wsgi_app(self, environ: Any, start_response: Any) -> Any:
        """Answer a request: directly, or by a view."""
        apply_proxy_headers(environ, self.config["RABISCO"])
        answer = self.direct(environ) if self.direct else None
        if answer is None:
            return super().wsgi_app(environ, start_response)
        return send(answer, start_response)

    def make_response(self, rv: Any) -> Response:
        """Return what a view returned as a response; a model as JSON, alone or with headers."""
        model, headers = rv if isinstance(rv, tuple) and isinstance(rv[0], BaseModel) else (rv, {})
        if not isinstance(model, BaseModel):
            return super().make_response(rv)
        declared = route_of(request)
        return self.response_class(
            model.model_dump_json(exclude_unset=True),
            declared.success if declared else 200,
            headers,
            mimetype="application/json",
        )


@cache
def static_version(folder: str) -> str:
    """Return a digest of the names and contents of all files in a folder, the same on every server."""
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def app_settings() -> Settings:
    """Return the settings of the application that answers the current request."""
    settings: Settings = current_app.config["RABISCO"]
    return settings
