"""``GET /metrics``: counts and times of this process, in the text format of Prometheus."""

from http import HTTPMethod

from flask import Flask, Response, current_app, request
from flask_babel import lazy_gettext
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client import generate_latest as as_text

from rabisco.web.platform.figures import Metrics
from rabisco.web.platform.logs import elapsed, matched_rule
from rabisco.web.platform.routing import DocumentedBlueprint

blueprint = DocumentedBlueprint("metrics", __name__)


def init_app(app: Flask) -> None:
    """Count every request of the application."""
    app.extensions["rabisco-metrics"] = Metrics()
    app.after_request(_count)


@blueprint.get(
    "/metrics",
    operation="metrics",
    summary=lazy_gettext("Counts of requests and predictions, and times, as Prometheus reads them."),
    plain=True,
)
def index() -> Response:
    """Answer the figures of this process."""
    return Response(as_text(_metrics().registry), content_type=CONTENT_TYPE_LATEST)


def count_predictions(model: str, pictures: int) -> None:
    """Count the pictures that a model has read."""
    _metrics().predictions.labels(model).inc(pictures)


def _metrics() -> Metrics:
    metrics: Metrics = current_app.extensions["rabisco-metrics"]
    return metrics


def _count(response: Response) -> Response:
    method = request.method if request.method in HTTPMethod.__members__ else "other"
    _metrics().count(method, matched_rule(), response.status_code, elapsed())
    return response
