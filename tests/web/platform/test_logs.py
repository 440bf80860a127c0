"""Every answer and every log line has the id of its request; the log says what happened and nothing of the content."""

import base64
import io
import json
import logging
import time
from pathlib import Path

import pytest
from PIL import Image
from tests.web.serving import Server, free_port, seven_png, start, wait_until_live

from rabisco.settings import Settings
from rabisco.web import create_app
from rabisco.web.platform import logs

SEVEN = seven_png()


def lines_of(server: Server) -> list[dict[str, object]]:
    """End a server and return the lines of its log."""
    server.process.terminate()
    printed, _ = server.process.communicate(timeout=20)
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("path", ["/", "/health", "/nothing-here", "/static/css/base.css", "/metrics"])
def test_every_answer_has_the_id_that_the_request_gave(server: Server, path: str) -> None:
    assert server.get(path, headers={"X-Request-ID": "order-17.a_B"}).headers["X-Request-ID"] == "order-17.a_B"


@pytest.mark.parametrize("given", [None, "", "two words", "a" * 129, "<script>", "ünï"])
def test_a_request_without_a_well_formed_id_gets_a_new_one(given: str | None) -> None:
    client = create_app().test_client()
    headers = {"X-Request-ID": given} if given is not None else {}
    first, second = (client.get("/health/live", headers=headers).headers["X-Request-ID"] for _ in range(2))
    assert first != second
    assert len(first) == 32


@pytest.mark.slow
def test_json_lines_tell_of_every_request_and_hold_nothing_of_it(tmp_path: Path) -> None:
    port = free_port()
    server = Server(port, start(port, tmp_path, log_format="json"))
    wait_until_live(server)
    text = base64.b64encode(SEVEN).decode()
    server.post("/predict/cnn?lang=k3y", json={"image": text}, headers={"X-Request-ID": "order-17"})
    server.get("/nothing/k3y", headers={"Authorization": "Bearer k3y", "Cookie": "session=k3y"})
    lines = lines_of(server)
    (line,) = [line for line in lines if line["request_id"] == "order-17"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/predict/<model>", 200)
    assert line["level"] == "info"
    assert line["milliseconds"] > 0
    assert (lines[-1]["route"], lines[-1]["status"]) == ("unknown", 404)
    written = json.dumps(lines)
    assert "k3y" not in written
    assert text[:40] not in written
    assert str(tmp_path) not in written


def break_down(part: str) -> str:
    raise ZeroDivisionError


@pytest.fixture
def logger():
    """The logger of the package, as it was before the test afterwards."""
    before = logs.LOGGER.handlers[:], logs.LOGGER.level, logs.LOGGER.propagate
    yield logs.LOGGER
    logs.LOGGER.handlers[:], logs.LOGGER.level, logs.LOGGER.propagate = before


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_fault_is_logged_once_with_its_request_and_its_traceback(
    logger: logging.Logger, log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(Settings(log_format=log_format))
    app = create_app()
    app.add_url_rule("/break/<part>", view_func=break_down)
    app.test_client().get("/break/k3y", headers={"X-Request-ID": "order-18"})
    written = capsys.readouterr().err
    assert written.count("unforeseen error in GET /break/<part>") == 1
    assert "order-18" in written
    assert "ZeroDivisionError" in written
    assert "k3y" not in written


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_what_libraries_write_past_the_log_is_lines_of_it_too(tmp_path: Path, workers: int) -> None:
    port = free_port()
    server = Server(port, start(port, tmp_path, log_format="json", workers=workers))
    wait_until_live(server)
    tiff = io.BytesIO()
    Image.new("L", (40, 40)).save(tiff, "TIFF", compression="tiff_lzw")
    damaged = tiff.getvalue()[:8] + b"\x55" * 20 + tiff.getvalue()[28:]
    server.post("/predict", files={"file": damaged})
    time.sleep(0.3)
    server.process.terminate()
    printed, _ = server.process.communicate(timeout=20)
    told = [line for line in printed.splitlines() if not line.startswith("Rabisco is at")]
    assert any("tempfile.tif" in json.loads(line)["message"] for line in told), printed
