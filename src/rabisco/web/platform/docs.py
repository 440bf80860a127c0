"""``GET /docs`` and ``GET /openapi.json``: what each route does, in the reader's language, for people and programs."""

from dataclasses import dataclass
from functools import lru_cache

from flask import Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, get_locale, lazy_gettext

from rabisco.web.platform.field_descriptions import descriptions_of
from rabisco.web.platform.openapi import document, openapi_path
from rabisco.web.platform.routing import ROUTES, DocumentedBlueprint, Route

blueprint = DocumentedBlueprint("docs", __name__)

ANSWER = """{"predictions": [
  {"category": "7", "category_index": 7, "probability": 0.9998,
   "top_k": [{"category": "7", "category_index": 7, "probability": 0.9998}, …], "alike": [], "among": "any",
   "model": "mnist-cnn", "version": 0, "latency_ms": 0.9, "blank": false, "refused": null, "doubt": 0.0003,
   "remembered": false}
]}"""

PROBLEM = """{"type": "urn:rabisco:problem:model-not-found", "status": 404,
 "title": "There is no such model",
 "detail": "a model is one of mnist-cnn, mnist-linear. Received: 'nobody'; choose …"}"""


@dataclass(frozen=True)
class RouteGroup:
    """Routes that belong together.

    Attributes:
        name: Where a link to them leads.
        title: What they are about, in the reader's language.
        first: What their paths begin with, in the order in which they are shown.
    """

    name: str
    title: LazyString
    first: tuple[str, ...]

    @property
    def routes(self) -> list[Route]:
        """The routes."""
        own = [declared for declared in ROUTES.values() if _group_of(declared) == self]
        return sorted(own, key=lambda declared: (self.first.index(_first(declared)), declared.path.count("/")))


GROUPS = (
    RouteGroup("reading", lazy_gettext("Reading pictures"), ("predict", "explain")),
    RouteGroup("models", lazy_gettext("Models"), ("models", "compare")),
    RouteGroup(
        "training", lazy_gettext("Training"), ("training", "datasets", "label-errors", "uploads", "runs", "sweeps")
    ),
    RouteGroup("corrections", lazy_gettext("Corrections"), ("corrections",)),
    RouteGroup(
        "server", lazy_gettext("The server itself"), ("health", "metrics", "sign-in", "sign-out", "openapi.json")
    ),
    RouteGroup(
        "pages",
        lazy_gettext("Pages"),
        (
            "",
            "upload",
            "projector",
            "train",
            "entrainer-le-modele",
            "assistant",
            "assistance",
            "model",
            "about",
            "docs",
        ),
    ),
)


@blueprint.get("/docs", operation="api_page", summary=lazy_gettext("This page."), page=True)
def index() -> ResponseReturnValue:
    """Show the documentation of the API."""
    url = request.url_root.rstrip("/")
    return render_template(
        "platform/docs.html",
        groups=GROUPS,
        url=url,
        answer=ANSWER,
        problem=PROBLEM,
        openapi_path=openapi_path,
        descriptions_of=descriptions_of,
    )


@blueprint.get(
    "/openapi.json",
    summary=lazy_gettext("These routes as an OpenAPI 3.1 document, from which programs make their own clients."),
    file="application/json",
)
def openapi() -> Response:
    """Answer the OpenAPI document."""
    return Response(_document(request.root_path, str(get_locale())), mimetype="application/json")


@lru_cache(maxsize=8)
def _document(root: str, language: str) -> bytes:  # noqa: ARG001 - part of the cache's key
    return jsonify(document(root)).get_data()


def _group_of(declared: Route) -> RouteGroup:
    return next(group for group in GROUPS if _first(declared) in group.first)


def _first(declared: Route) -> str:
    return declared.path.split("/")[1]
