"""What one request may cost: pixels, fields, seconds; and nothing for a client that has left."""

import base64
import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from PIL import Image
from tests.web.serving import Server, problem_of, serving, seven_png

SEVEN = seven_png()
FIELDS = {"Content-Type": "application/x-www-form-urlencoded"}


def blank(side: int, kind: str = "WEBP") -> bytes:
    """Return a white picture of a few bytes."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), "white").save(buffer, kind, lossless=True, method=0)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def frugal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that reads at most a hundred megapixels for one request."""
    with serving(tmp_path_factory.mktemp("frugal"), max_request_pixels=100_000_000) as running:
        yield running


def test_a_request_of_many_large_pictures_is_refused_and_delays_nobody(frugal: Server) -> None:
    large = blank(7000)
    assert len(large) < 200

    def ask(_: int) -> int:
        response = frugal.post("/predict", files=[("file", ("a.webp", large))] * 64)
        return response.status_code

    with ThreadPoolExecutor(4) as crowd:
        asked = [crowd.submit(ask, number) for number in range(4)]
        time.sleep(0.1)
        started = time.perf_counter()
        assert frugal.post("/predict", files={"file": SEVEN}).status_code == 200
        assert time.perf_counter() - started < 5
        assert {each.result() for each in asked} <= {413, 503}
    page = frugal.post("/upload", files=[("file", ("a.webp", large))] * 64)
    assert "100,000,000" in page.text


def test_drawings_and_corrections_are_counted_too(frugal: Server) -> None:
    text = base64.b64encode(blank(7000)).decode()
    body = {"drawings": [{"label": str(number % 2), "image": text} for number in range(64)]}
    response = frugal.post("/uploads/drawn", json=body)
    assert response.status_code == 413
    assert "all pictures of a request" in problem_of(response)["detail"]


def test_nothing_more_is_read_once_the_client_has_left(server: Server) -> None:
    worker = psutil.Process(server.worker)
    files = [("file", ("a.png", blank(1999, "PNG")))] * 64

    def spent(seconds: float | None) -> float:
        """Return the processor time of a request whose client waits so long."""
        before = sum(worker.cpu_times()[:2])
        try:
            assert requests.post(f"{server.url}/predict", files=files, timeout=seconds).status_code == 200
        except requests.Timeout:
            time.sleep(2.5)
        return sum(worker.cpu_times()[:2]) - before

    assert spent(0.1) < 0.7 * spent(None)


@pytest.mark.parametrize("path", ["/predict", "/sign-in", "/upload"])
def test_a_form_of_a_million_fields_is_refused_in_a_moment(server: Server, path: str) -> None:
    started = time.perf_counter()
    response = server.post(path, data=b"a&" * 5_000_000, headers=FIELDS)
    assert response.status_code == 413
    assert "at most 1,000 parts" in problem_of(response)["detail"]
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize("path", ["/predict", "/training", "/sign-in"])
def test_json_of_very_many_values_is_refused_before_it_is_read(server: Server, path: str) -> None:
    for body in (b'{"images": [' + b'"",' * 300_000 + b'""]}', b'{"a": [' + b"[]," * 150_000 + b"[]]}"):
        response = server.post(path, data=body, headers={"Content-Type": "application/json"})
        assert response.status_code == 413
        assert "at most 250,000 values" in problem_of(response)["detail"]


LONG = b"a" * 8_000_000
HEADS = {
    "name": b'"' + LONG + b'"',
    "file name": b'"file"; filename="' + LONG + b'"',
    "parameters": b'"file"' + b"; a=b" * 2_000_000,
    "headers": b'"file"' + b"\r\na: b" * 1_500_000,
    "header without an end": b'"file"\r\na: ' + LONG,
}


@pytest.mark.parametrize("name", HEADS)
def test_a_form_that_says_very_much_of_its_parts_is_refused_in_a_moment(server: Server, name: str) -> None:
    worker = psutil.Process(server.worker)
    before = sum(worker.cpu_times()[:2])
    body = b"--cut\r\nContent-Disposition: form-data; name=" + HEADS[name] + b"\r\n\r\nx\r\n--cut--\r\n"
    response = server.post("/predict", data=body, headers={"Content-Type": "multipart/form-data; boundary=cut"})
    assert response.status_code == 413
    assert "bytes of names and headers" in problem_of(response)["detail"]
    assert sum(worker.cpu_times()[:2]) - before < 1.5


def test_a_multipart_body_without_its_end_is_refused(server: Server) -> None:
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}
    assert server.post("/predict", data=head + SEVEN + b"\r\n--cut--\r\n", headers=headers).status_code == 200
    for cut in (b"", b"\r\n", b"\r\n--cu", b"\r\n--cut\r\n"):
        response = server.post("/predict", data=head + SEVEN + cut, headers=headers)
        assert response.status_code == 400, cut
        assert "malformed" in problem_of(response)["detail"]


def test_a_picture_sent_as_if_it_were_a_form_is_read_however_many_ampersands_it_has(server: Server) -> None:
    noise = Image.effect_noise((600, 600), 100)
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    assert buffer.getvalue().count(b"&") > 1000
    assert server.post("/predict", data=buffer.getvalue(), headers=FIELDS).status_code == 200


def test_memory_of_a_request_does_not_grow_with_its_pictures(tmp_path: Path) -> None:
    files = [("file", ("a.png", blank(1999, "PNG")))] * 60
    with serving(tmp_path) as server:
        assert server.post("/predict", files=files[:2]).status_code == 200
        worker = psutil.Process(server.worker)
        with ThreadPoolExecutor(1) as other:
            asked = other.submit(server.post, "/predict", files=files)
            most = 0
            while not asked.done():
                most = max(most, worker.memory_info().rss)
                time.sleep(0.01)
        assert asked.result().status_code == 200
    assert most < 400 * 2**20
