"""``GET /docs``: what each route does, in the reader's language, with examples to run."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext

blueprint = Blueprint("docs", __name__)


@dataclass(frozen=True)
class Route:
    """One route of the API as its documentation shows it; ``example`` follows the address of this server."""

    method: str
    path: str
    summary: LazyString
    examples: tuple[str, ...] = ()


ROUTES = (
    Route(
        "POST",
        "/predict",
        lazy_gettext(
            "Reads one or more pictures with the default model and answers in their order. Another model is "
            "chosen with “?model=”; “?steps=1” adds how each picture was prepared."
        ),
        (
            "curl -F file=@seven.png {url}/predict",
            "curl -F file=@seven.png -F file=@three.png '{url}/predict?model=linear'",
            "curl -H 'Content-Type: image/png' --data-binary @seven.png '{url}/predict?steps=1'",
        ),
    ),
    Route(
        "POST",
        "/predict/<model>",
        lazy_gettext(
            "The same with the model named in the address: “cnn”, “linear”, or the name of any model. Pictures may "
            "also be sent as base64 text or data URL, in JSON or in a form field."
        ),
        (
            "curl -F file=@seven.png {url}/predict/cnn",
            """curl --json '{{"image": "'$(base64 -w0 seven.png)'"}}' {url}/predict/linear""",
            "curl --data-urlencode image@seven.b64 {url}/predict/cnn",
        ),
    ),
    Route(
        "GET",
        "/models",
        lazy_gettext("Lists the models: what each learned from and how often it is right."),
        ("curl {url}/models",),
    ),
    Route(
        "GET",
        "/models/<name>",
        lazy_gettext("Answers one model's whole card, with its training curve and the hashes of its files."),
        ("curl {url}/models/mnist-cnn",),
    ),
    Route(
        "GET",
        "/health",
        lazy_gettext("Answers 200 when predictions can be made, and 503 with the reason when they cannot."),
        ("curl {url}/health",),
    ),
    Route("GET", "/health/ready", lazy_gettext("The same, under the name that orchestrators use.")),
    Route("GET", "/health/live", lazy_gettext("Answers 200 as long as the process answers at all.")),
    Route("GET", "/", lazy_gettext("The page to draw on; every model reads after each stroke.")),
    Route("GET", "/upload", lazy_gettext("The page with a form for pictures; it works without JavaScript.")),
    Route("POST", "/upload", lazy_gettext("What the form sends: the page shows each picture and its digit.")),
    Route("GET", "/docs", lazy_gettext("This page.")),
)

ANSWER = """{"predictions": [
  {"category": "7", "category_index": 7, "probability": 0.9998,
   "top_k": [{"category": "7", "category_index": 7, "probability": 0.9998}, …],
   "model": "mnist-cnn", "latency_ms": 0.9, "blank": false}
]}"""

PROBLEM = """{"type": "urn:rabisco:problem:model-not-found", "status": 404,
 "title": "There is no such model",
 "detail": "no model is saved as 'nobody'; there are: mnist-cnn, mnist-linear. …"}"""


@blueprint.get("/docs")
def index() -> ResponseReturnValue:
    """Show the documentation of the API."""
    url = request.url_root.rstrip("/")
    return render_template("docs.html", routes=ROUTES, url=url, answer=ANSWER, problem=PROBLEM)
