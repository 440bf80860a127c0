"""Too much at once, or too large: the status, when to come again, and which limit it was."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from tests.web.serving import Server, encoded, problem_of, serving, seven_png
from tests.web.serving import draw_seven as seven

from rabisco.settings import Settings
from rabisco.web import create_app

SEVEN = seven_png()
MEGABYTE = 2**20
MULTIPART = {"Content-Type": "multipart/form-data; boundary=cut"}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that answers one request at a time and lets one more wait."""
    limits = {"max_upload_bytes": 2 * MEGABYTE, "max_training_bytes": 3 * MEGABYTE}
    with serving(tmp_path_factory.mktemp("narrow"), threads=1, max_waiting=1, **limits) as running:
        yield running


def test_a_crowd_is_asked_to_come_again_and_health_answers_all_the_while(narrow: Server) -> None:
    large = encoded(seven(2000))
    pictures = [("file", ("seven.png", large))] * 12

    def ask(_: int) -> requests.Response:
        return narrow.post("/predict", files=pictures)

    with ThreadPoolExecutor(16) as crowd:
        answers = [crowd.submit(ask, number) for number in range(16)]
        assert narrow.get("/health/live").status_code == 200
        responses = [answer.result() for answer in answers]
    assert {response.status_code for response in responses} == {200, 503}
    for response in responses:
        if response.status_code == 503:
            assert problem_of(response)["type"] == "urn:rabisco:problem:busy"
            assert int(response.headers["retry-after"]) > 0
    again = narrow.post("/predict", files={"file": SEVEN})
    assert again.json()["predictions"][0]["category"] == "7"


def test_a_browser_in_a_crowd_gets_a_page(tmp_path: Path) -> None:
    with serving(tmp_path, threads=1, max_waiting=0) as server, ThreadPoolExecutor(12) as crowd:
        asked = [crowd.submit(server.get, "/compare", headers={"Accept": "text/html"}) for _ in range(24)]
        refused = [answer.result() for answer in asked if answer.result().status_code == 503]
    assert refused
    assert all("<h1>The server is busy</h1>" in page.text and page.headers["retry-after"] for page in refused)


@pytest.mark.parametrize(
    ("path", "megabytes", "words"),
    [
        ("/predict", 2.5, "a request may hold at most 2.0 MB; send a smaller picture"),
        ("/uploads", 3.5, "training data may have at most 3.0 MB"),
        ("/training", 3.5, "training data may have at most 3.0 MB"),
    ],
)
def test_what_is_too_large_is_told_its_own_limit(narrow: Server, path: str, megabytes: float, words: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{narrow.port}\r\nContent-Length: {int(megabytes * MEGABYTE)}\r\n"
        f"Content-Type: {MULTIPART['Content-Type']}\r\n\r\n"
    )
    connection = narrow.connect()
    connection.connect()
    connection.sock.sendall(head.encode())  # the answer comes before the body is sent
    answer = ""
    while words not in answer and (part := connection.sock.recv(65536)):
        answer += part.decode()
    connection.close()
    assert answer.startswith("HTTP/1.1 413")
    assert words in answer


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "image/png"])
@pytest.mark.parametrize("path", ["/uploads", "/training"])
def test_training_data_alone_may_be_larger_than_other_bodies(narrow: Server, path: str, kind: str) -> None:
    response = narrow.post(path, data=b"a" * int(2.5 * MEGABYTE), headers={"Content-Type": kind})
    assert response.status_code == 413
    assert "at most 2.0 MB" in problem_of(response)["detail"]


def test_a_body_of_unknown_length_is_told_to_say_it(narrow: Server) -> None:
    def body() -> Iterator[bytes]:
        yield b'--cut\r\nContent-Disposition: form-data; name="train"; filename="a.csv"\r\n\r\n'
        for _ in range(5):
            yield b"7" * (MEGABYTE // 2)

    response = narrow.post("/uploads", data=body(), headers=MULTIPART)
    assert response.status_code == 413
    assert "at most 2.0 MB; send Content-Length with it" in problem_of(response)["detail"]


def test_a_form_of_too_many_parts_is_told_how_many(narrow: Server) -> None:
    response = narrow.post("/predict", files=[("file", ("a.png", b""))] * 1001)
    assert response.status_code == 413
    assert "at most 1,000 parts" in problem_of(response)["detail"]


def test_the_limits_on_the_pages_are_those_in_force() -> None:
    settings = Settings(
        max_files=3, max_upload_bytes=5_000_000, max_image_pixels=7_000_000, max_training_bytes=9_000_000
    )
    client = create_app(settings).test_client()
    said = " ".join(client.get("/upload", headers={"Accept": "text/html"}).text.split())
    assert "At most 3 pictures, 4.8 MB together, 7 megapixels each." in said
    assert "At most 8.6 MB." in " ".join(client.get("/train", headers={"Accept": "text/html"}).text.split())
