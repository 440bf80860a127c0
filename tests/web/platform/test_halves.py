"""A body of which only a half has come, however it is written, is refused and nothing of it is carried out."""

import base64
import bz2
import gzip
import io
import json
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.web.serving import Server, problem_of, seven_png

from rabisco.errors import RabiscoError
from rabisco.intake import inspect

SEVEN = seven_png()
PICTURE = base64.b64encode(SEVEN).decode()
PIXELS = np.random.default_rng(0).integers(0, 256, (400, 16))
TABLE = "\n".join(
    [",".join(["label", *(f"p{pixel}" for pixel in range(16))])]
    + [",".join([str(row % 2), *map(str, pixels)]) for row, pixels in enumerate(PIXELS)]
).encode()
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=cut"}


def tar_of_pictures(compress: Callable[[bytes], bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(20):
            info = tarfile.TarInfo(f"{number % 2}/{number}.png")
            info.size = len(SEVEN)
            archive.addfile(info, io.BytesIO(SEVEN))
    return compress(buffer.getvalue())


def zip_of_pictures() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number % 2}/{number}.png", SEVEN)
    return buffer.getvalue()


def arrays() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, images=np.zeros((9, 28, 28), np.uint8), labels=np.arange(9))
    return buffer.getvalue()


WHOLE = {
    "t.csv.gz": gzip.compress(TABLE),
    "t.csv.bz2": bz2.compress(TABLE),
    "t.tar.gz": tar_of_pictures(gzip.compress),
    "t.tar": tar_of_pictures(bytes),
    "t.zip": zip_of_pictures(),
    "t.npz": arrays(),
}


def looked_through(server: Server, name: str, data: bytes) -> str:
    """Return what becomes of an upload."""
    upload = server.post("/uploads", files={"train": (name, data)})
    until = time.monotonic() + 60
    while upload.json()["state"] in ("waiting", "queued", "looking") and time.monotonic() < until:
        time.sleep(0.1)
        upload = server.get(f"/uploads/{upload.json()['id']}")
    return str(upload.json()["state"])


def test_an_upload_that_is_cut_short_is_refused_and_a_whole_one_is_not(server: Server) -> None:
    assert looked_through(server, "t.csv.gz", WHOLE["t.csv.gz"]) == "ready"
    cut = {name: WHOLE[name][: len(WHOLE[name]) * 2 // 3] for name in ("t.csv.gz", "t.tar.gz", "t.npz")}
    assert {looked_through(server, name, data) for name, data in cut.items()} == {"refused"}


@pytest.mark.parametrize("name", WHOLE)
def test_wherever_a_compressed_file_is_cut_it_is_refused(tmp_path: Path, name: str) -> None:
    data, file = WHOLE[name].rstrip(b"\0"), tmp_path / name
    for length in range(20, len(data), max(1, len(data) // 25)):
        file.write_bytes(data[:length])
        with pytest.raises(RabiscoError):
            inspect(file)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "GZIP"])
@pytest.mark.parametrize("share", [0.5, 1])
def test_a_compressed_body_whole_or_not_is_refused(server: Server, encoding: str, share: float) -> None:
    said = json.dumps({"image": PICTURE, "true_label": "7", "consent": True}).encode()
    for path, body, kind in (
        ("/predict", SEVEN, "image/png"),
        ("/predict", said, "application/json"),
        ("/corrections", said, "application/json"),
        ("/training", b'{"dataset": "digits"}', "application/json"),
    ):
        packed = gzip.compress(body)
        headers = {"Content-Type": kind, "Content-Encoding": encoding}
        for data in (packed[: int(len(packed) * share)], body):  # also where it says so and is not
            response = server.post(path, data=data, headers=headers)
            assert response.status_code == 415, path
            assert problem_of(response)["type"] == "urn:rabisco:problem:unsupported-encoding"
            assert response.headers["accept-encoding"] == "identity"
    assert server.post("/predict", data=SEVEN, headers={"Content-Encoding": "identity"}).status_code == 200


@pytest.fixture
def run(server: Server) -> str:
    """The address of a run that has ended."""
    page = str(server.post("/training", json={"dataset": "digits", "preset": "seconds"}).json()["page"])
    server.post(f"{page}/cancel")
    return page


@pytest.mark.parametrize("end", [b'}{"no', b"} x", b"", b"}]", b"}\0"])
def test_json_with_a_half_behind_it_is_not_carried_out(server: Server, run: str, end: bytes) -> None:
    response = server.post(f"{run}/notes", data=b'{"notes": "HALF"' + end, headers=JSON)
    assert response.status_code == 400
    problem_of(response)
    assert server.get(run).json()["notes"] == ""


def test_a_form_without_its_end_is_not_carried_out(server: Server, run: str) -> None:
    part = b'--cut\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
    note, table = part % (b"notes", b"", b"HALF"), part % (b"train", b'; filename="t.csv"', TABLE)
    before = len(server.get("/runs").json()["runs"])
    for path, whole in ((f"{run}/notes", note), ("/training", table), ("/uploads", table)):
        for end in (b"", b"--cut", b"--cut\r\n", b"--cut-"):
            response = server.post(path, data=whole + end, headers=FORM)
            assert response.status_code == 400, (path, end)
            assert "malformed" in problem_of(response)["detail"]
    assert server.get(run).json()["notes"] == ""
    assert len(server.get("/runs").json()["runs"]) == before
