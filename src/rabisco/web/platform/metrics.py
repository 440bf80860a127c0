"""Counts of requests and predictions, and their times, as ``GET /metrics`` tells them."""

from functools import cache
from http import HTTPMethod
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from rabisco.web.platform.logs import elapsed, matched_rule

if TYPE_CHECKING:
    from flask import Flask, Response

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The metrics of one application; every label has few values, whatever clients send.

    Attributes:
        predictions_of: Returns the counter of a model's predictions.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "rabisco_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "rabisco_request_seconds",
            "Time from the whole request to its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.predictions = Counter("rabisco_predictions", "Pictures read.", ("model",), registry=self.registry)
        ProcessCollector(registry=self.registry)
        # To find the child of some labels takes several times as long as to count.
        self._requests_of, self._seconds_of = cache(self.requests.labels), cache(self.seconds.labels)
        self.predictions_of = cache(self.predictions.labels)

    def count(self, method: str, rule: str, status: int, seconds: float) -> None:
        """Count a request and the seconds from the whole of it to its answer."""
        self._requests_of(method, rule, status).inc()
        self._seconds_of(rule).observe(seconds)


def init_app(app: "Flask") -> None:
    """Count every request of the application."""
    from flask import request

    app.extensions["rabisco-metrics"] = Metrics()

    @app.after_request
    def count(response: "Response") -> "Response":
        method = request.method if request.method in HTTPMethod.__members__ else "other"
        app_metrics().count(method, matched_rule(), response.status_code, elapsed())
        return response


def count_predictions(model: str, pictures: int) -> None:
    """Count the pictures that a model has read."""
    app_metrics().predictions_of(model).inc(pictures)


def app_metrics() -> Metrics:
    """Return the metrics of the application that answers the current request."""
    from flask import current_app

    metrics: Metrics = current_app.extensions["rabisco-metrics"]
    return metrics
