"""What cannot be read gets its own status and message over a real connection, and the server goes on serving."""

import socket
import struct
import zlib
from collections.abc import Iterator

import pytest
from tests.web.serving import Server, draw_seven, encoded, noise_png, problem_of, serving, seven_png

SEVEN = seven_png()


@pytest.fixture(autouse=True)
def goes_on_serving(server: Server) -> Iterator[None]:
    yield
    assert server.post("/predict", files={"file": SEVEN}).json()["predictions"][0]["category"] == "7"


def bomb(side: int = 50_000) -> bytes:
    """Return a small PNG that says it has ``side`` × ``side`` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((side // 8 + 1) * 1000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "status", "problem", "words"),
    [
        pytest.param(b"", 400, "invalid-image", "zero bytes", id="zero-byte file"),
        pytest.param(b"this is text\n" * 40, 415, "unsupported-image", "something else", id="text named .png"),
        pytest.param(SEVEN[: len(SEVEN) // 2], 400, "invalid-image", "PNG", id="truncated PNG"),
        pytest.param(encoded(draw_seven(), "JPEG")[:900], 400, "invalid-image", "truncated", id="truncated JPEG"),
        pytest.param(bomb(), 413, "too-large", "50,000 × 50,000", id="bomb of 50,000 × 50,000 pixels"),
    ],
)
def test_a_bad_file_is_refused(server: Server, content: bytes, status: int, problem: str, words: str) -> None:
    response = server.post("/predict", files={"file": ("picture.png", content)})
    body = problem_of(response)
    assert (response.status_code, body["type"]) == (status, f"urn:rabisco:problem:{problem}")
    assert words in body["detail"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({}, "an empty request", id="empty request"),
        pytest.param({"data": b"", "headers": {"Content-Type": "text/plain"}}, "text/plain", id="no body"),
        pytest.param({"data": {"model": "linear"}}, "received model", id="a form without picture"),
        pytest.param({"json": {}}, "application/json", id="empty JSON"),
        pytest.param({"json": [1]}, "a JSON object was expected, received [1]", id="JSON list"),
        pytest.param({"json": {"image": 7}}, "base64 text; received 7", id="a number for an image"),
        pytest.param({"json": {"images": "x"}}, 'list of base64 texts; received "x"', id="a text for images"),
        pytest.param({"json": {"image": "§§§"}}, "not base64", id="broken base64"),
        pytest.param({"data": {"image": "data:image/png,plain"}}, "data URL", id="data URL without base64"),
        pytest.param({"data": b"{", "headers": {"Content-Type": "application/json"}}, "at line 1", id="broken JSON"),
        pytest.param({"headers": {"Content-Type": "application/json"}}, "expected one or more", id="empty JSON"),
    ],
)
def test_a_request_without_readable_picture_is_refused(server: Server, options, words: str) -> None:
    response = server.post("/predict", **options)
    assert response.status_code == 400
    assert words in problem_of(response)["detail"]


@pytest.mark.parametrize("path", ["/predict", "/predict/linear?characters=many", "/explain"])
def test_one_bad_file_among_several_is_named_and_the_others_are_read(server: Server, path: str) -> None:
    files = [("file", ("good.png", SEVEN)), ("file", ("bad.png", b"text")), ("file", ("too.png", SEVEN))]
    answer = server.post(path, files=files)
    assert answer.status_code == 200
    good, bad, too = next(iter(answer.json().values()))
    assert good.get("category", good.get("text")) == too.get("category", too.get("text")) == "7"
    assert bad["name"] == "bad.png"
    assert bad["error"]["status"] == 415
    assert bad["error"]["detail"].startswith("picture 2 (bad.png): ")


def test_where_none_of_several_can_be_read_the_first_is_named(server: Server) -> None:
    files = [("file", ("good.png", b"nothing")), ("file", ("bad.png", b"text"))]
    assert problem_of(server.post("/predict", files=files))["detail"].startswith("picture 1 (good.png): ")


def test_an_unknown_model_is_refused_and_the_known_ones_are_named(server: Server) -> None:
    for path in ("/predict/nobody", "/predict?model=nobody", "/predict/..%2f..%2fetc"):
        response = server.post(path, files={"file": SEVEN})
        assert response.status_code == 404
        problem_of(response)
    assert "mnist-cnn, mnist-linear" in problem_of(server.post("/predict/nobody", files={"file": SEVEN}))["detail"]


def test_200_files_in_one_request_are_too_many(server: Server) -> None:
    response = server.post("/predict", files=[("file", (f"{index}.png", SEVEN)) for index in range(200)])
    assert response.status_code == 413
    assert "at most 64 pictures in one request, received 200" in problem_of(response)["detail"]


def test_2000_fields_in_one_request_are_too_many(server: Server) -> None:
    response = server.post("/predict", files=[("file", (f"{index}.png", b"x")) for index in range(2000)])
    assert response.status_code == 413


def test_20_megabytes_are_too_large(server: Server) -> None:
    response = server.post("/predict", files={"file": ("large.png", noise_png(4600))})
    assert response.status_code == 413
    assert "at most 16.0 MB" in problem_of(response)["detail"]


def test_20_megabytes_of_base64_are_too_large(server: Server) -> None:
    assert server.post("/predict", json={"image": "A" * 20_000_000}).status_code == 413
    assert server.post("/predict", data={"image": "A" * 20_000_000}).status_code == 413


def test_20_megabytes_without_announced_length_are_too_large(server: Server) -> None:
    response = server.post("/predict", data=iter([b"x" * 1_000_000] * 20), headers={"Content-Type": "image/png"})
    assert response.status_code == 413


def test_nonsense_instead_of_http_is_answered_400(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(b"\x00\xff nonsense\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_the_rate_limit_answers_429_and_says_when_to_come_back(tmp_path) -> None:
    with serving(tmp_path, rate_limit="3/minute") as limited:
        statuses = [limited.get("/models").status_code for _ in range(4)]
        refused = limited.get("/models")
        assert statuses == [200, 200, 200, 429]
        assert problem_of(refused)["type"] == "urn:rabisco:problem:too-many-requests"
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert limited.get("/health").status_code == 200
        assert limited.get("/static/css/base.css").status_code == 200
