"""``/metrics`` counts what was asked and read, in Prometheus's format, under labels that no client can multiply."""

import io

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from tests.web.serving import Server, seven_png

from rabisco.web import create_app

SEVEN = seven_png()


def figures(client: FlaskClient) -> dict[tuple[str, ...], float]:
    """Return each figure by its name and the values of its labels, sorted by label."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return {(one.name, *(one.labels[key] for key in sorted(one.labels))): one.value for one in samples}


def send(client: FlaskClient, path: str, pictures: int) -> None:
    files = [(io.BytesIO(SEVEN), f"{number}.png") for number in range(pictures)]
    assert client.post(path, data={"file": files}).status_code == 200


def test_requests_are_counted_by_route_and_status_and_timed() -> None:
    client = create_app().test_client()
    for path in ("/health/live", "/health/live", "/models/nobody"):
        client.get(path)
    found = figures(client)
    assert found["rabisco_requests_total", "GET", "/health/live", "200"] == 2
    assert found["rabisco_requests_total", "GET", "/models/<name>", "404"] == 1
    assert found["rabisco_request_seconds_count", "/health/live"] == 2
    assert found["rabisco_request_seconds_bucket", "+Inf", "/health/live"] == 2


def test_predictions_are_counted_by_model_whichever_door_they_came_through() -> None:
    client = create_app().test_client()
    send(client, "/predict", 3)
    send(client, "/predict/linear", 1)
    send(client, "/upload", 2)
    found = figures(client)
    assert found["rabisco_predictions_total", "mnist-cnn"] == 5
    assert found["rabisco_predictions_total", "mnist-linear"] == 3


def test_labels_do_not_grow_with_what_clients_invent() -> None:
    client = create_app().test_client()
    for number in range(20):
        client.get(f"/nothing/{number}")
        client.open("/", method=f"INVENTED{number}")
        client.post(f"/predict/nobody{number}", data={"file": (io.BytesIO(SEVEN), "seven.png")})
    labels = {value for key in figures(client) for value in key}
    assert {"other", "unknown"} <= labels
    assert not [label for label in labels if "INVENTED" in label or "nobody" in label or "/nothing/" in label]


def test_a_running_server_tells_its_memory(server: Server) -> None:
    response = server.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert "process_resident_memory_bytes" in response.text
