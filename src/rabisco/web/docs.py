"""``GET /docs`` and ``GET /openapi.json``: what each route does, in the reader's language, for people and programs."""

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from rabisco.web.openapi import document
from rabisco.web.routes import ROUTES

blueprint = Blueprint("docs", __name__)


ANSWER = """{"predictions": [
  {"category": "7", "category_index": 7, "probability": 0.9998,
   "top_k": [{"category": "7", "category_index": 7, "probability": 0.9998}, …],
   "model": "mnist-cnn", "version": 0, "latency_ms": 0.9, "blank": false, "refused": null, "doubt": 0.0003}
]}"""

PROBLEM = """{"type": "urn:rabisco:problem:model-not-found", "status": 404,
 "title": "There is no such model",
 "detail": "a model is one of mnist-cnn, mnist-linear. Received: 'nobody'; choose …"}"""


@blueprint.get("/docs")
def index() -> ResponseReturnValue:
    """Show the documentation of the API."""
    url = request.url_root.rstrip("/")
    return render_template("docs.html", routes=ROUTES, url=url, answer=ANSWER, problem=PROBLEM)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Answer the OpenAPI document."""
    return jsonify(document(request.root_path))
