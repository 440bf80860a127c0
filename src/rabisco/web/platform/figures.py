"""Counts of requests and predictions, and their times, as ``GET /metrics`` tells them."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The figures of one application; every label has few values, whatever clients send."""

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

    def count(self, method: str, rule: str, status: int, seconds: float) -> None:
        """Count a request and the seconds from the whole of it to its answer."""
        self.requests.labels(method, rule, status).inc()
        self.seconds.labels(rule).observe(seconds)
